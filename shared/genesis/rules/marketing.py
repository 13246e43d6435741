"""
The reference agent of digital marketing, as far as it goes without a model and without an effect.

The same brief gives the same bytes. What it writes is a draft: each post still needs its own approval of the
kind ``communication`` before anything leaves the platform.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from shared.detectors import findings
from shared.entity import Name, Value
from shared.genesis.models.parts import Line, Lines

Platform = Literal["youtube", "instagram", "facebook", "linkedin", "whatsapp"]
Artifact = Literal["table", "image", "audio", "video", "video_audio"]
Short = Annotated[Name, Field(max_length=100)]

PLATFORMS: tuple[Platform, ...] = ("youtube", "instagram", "facebook", "linkedin", "whatsapp")
ANGLES = (
    "social proof",
    "education",
    "inspiration",
    "product demo",
    "customer story",
    "behind the scenes",
    "questions",
    "trend comment",
    "comparison",
    "how-to",
    "quick tip",
    "milestone",
)
_TITLE, _HEADLINE = 100, 240


class Adapter(Value):
    """What a platform takes."""

    chars: int
    hashtags: int
    bullets: bool
    artifacts: frozenset[str]


ADAPTERS: dict[Platform, Adapter] = {
    "linkedin": Adapter(
        chars=3_000, hashtags=15, bullets=True, artifacts=frozenset({"table", "image", "video"})
    ),
    "instagram": Adapter(
        chars=2_200, hashtags=25, bullets=False, artifacts=frozenset({"image", "video"})
    ),
    "youtube": Adapter(
        chars=5_000,
        hashtags=15,
        bullets=False,
        artifacts=frozenset({"table", "image", "video", "video_audio"}),
    ),
    "facebook": Adapter(
        chars=63_206, hashtags=20, bullets=True, artifacts=frozenset({"table", "image", "video"})
    ),
    "whatsapp": Adapter(
        chars=1_024,
        hashtags=5,
        bullets=False,
        artifacts=frozenset({"table", "image", "audio", "video", "video_audio"}),
    ),
}


class MarketingBrief(Value):
    """What a post is about, and for whom."""

    kind: Literal["marketing"]
    """Which reference agent it is for."""
    brand_name: Short
    """Whose post it is."""
    theme: Line
    """What it is about."""
    industry: Short
    """In which industry."""
    offer: Line | None = None
    """What is offered; null where nothing is."""
    location: Short | None = None
    """Where; null where it does not matter."""
    target_audience: Line | None = None
    """For whom; null where for everybody."""
    tone: Short | None = None
    """How it is to sound; null where it does not matter."""
    primary_language: Literal["en", "hi"] = "en"
    """In which language."""
    call_to_action: Line = "Get in touch with us"
    """What the reader is asked to do."""
    hashtags: Annotated[tuple[Short, ...], Field(max_length=30)] = ()
    """Words to be found by, with or without `#`."""
    platforms: Annotated[tuple[Platform, ...], Field(max_length=10)] = PLATFORMS
    """Where it is to appear; without any, on all."""
    artifacts: Annotated[tuple[Artifact, ...], Field(max_length=5)] = ()
    """What goes with the text."""
    duration_days: int = Field(7, ge=1, le=365)
    """How many days the campaign runs."""


class Day(Value):
    """What one day of a campaign is about."""

    day: int
    """Which day, from 1."""
    angle: str
    """From which side the theme is shown."""
    theme: str
    """What it is about."""


class Message(Value):
    """The canonical message, from which every platform's variant is made."""

    theme: str
    """What it is about."""
    core_message: str
    """The one sentence."""
    call_to_action: str
    """What the reader is asked to do."""
    key_points: tuple[str, ...]
    """What supports it."""
    hashtags: tuple[str, ...]
    """Words to be found by, each with `#`, sorted."""
    artifacts: tuple[Artifact, ...]
    """What goes with the text."""


class Dropped(Value):
    """An artifact that a platform does not take."""

    artifact: Artifact
    """What is left out."""
    reason: str
    """Why the platform does not take it."""


class Variant(Value):
    """The message as one platform takes it."""

    platform: Platform
    """Where it appears."""
    title: str | None
    """Its title; null where the platform has none."""
    text: str
    """Its text, no longer than the platform takes."""
    hashtags: tuple[str, ...]
    """As many as the platform takes."""
    artifacts: tuple[Artifact, ...]
    """What of the artifacts the platform takes."""
    dropped: tuple[Dropped, ...]
    """What of them it does not, and why."""


class MarketingDraft(Value):
    """A plan, a message, its variants, and what stands in the way of publishing them."""

    kind: Literal["marketing"] = "marketing"
    """Which reference agent made it."""
    theme_plan: tuple[Day, ...]
    """What each day is about."""
    message: Message
    """The message that every variant is made from."""
    variants: tuple[Variant, ...]
    """The message as each platform takes it."""
    hints: Lines
    """What should be looked at before it is published."""
    next_approval: Literal["communication"] = "communication"
    """What kind of approval it waits for."""


def draft(brief: MarketingBrief) -> MarketingDraft:
    """Write the drafts for a brief."""
    message = Message(
        theme=brief.theme,
        core_message=_core(brief),
        call_to_action=brief.call_to_action,
        key_points=_points(brief),
        hashtags=normalised(
            [brief.brand_name.replace(" ", ""), brief.industry.replace(" ", ""), *brief.hashtags]
        ),
        artifacts=tuple(dict.fromkeys(brief.artifacts)),
    )
    platforms = dict.fromkeys(brief.platforms or PLATFORMS)
    return MarketingDraft(
        theme_plan=tuple(
            Day(day=n + 1, angle=ANGLES[n % len(ANGLES)], theme=brief.theme)
            for n in range(brief.duration_days)
        ),
        message=message,
        variants=tuple(_adapted(message, platform) for platform in platforms),
        hints=tuple(_hints(message)),
    )


def normalised(hashtags: Iterable[str]) -> tuple[str, ...]:
    """Return hashtags with their sign, without blanks and duplicates, sorted."""
    bare = ("".join(tag.split()).lstrip("#") for tag in hashtags)
    by_key: dict[str, str] = {}
    for tag in bare:
        if tag:
            by_key.setdefault(tag.casefold(), f"#{tag}")
    return tuple(by_key[key] for key in sorted(by_key))


def cut(text: str, limit: int) -> str:
    """Return *text* in at most *limit* characters, cut at a word's end and marked where it was."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 3]
    if not text[limit - 3].isspace() and (words := kept.rpartition(" ")[0]):
        kept = words
    return f"{kept.rstrip()}..."


def _core(brief: MarketingBrief) -> str:
    parts = [f"{brief.brand_name}: {brief.theme}"]
    parts += [brief.offer] if brief.offer else []
    parts += [brief.location] if brief.location else []
    return ". ".join(part.rstrip(". ") for part in parts) + "."


def _points(brief: MarketingBrief) -> tuple[str, ...]:
    named = {
        "For": brief.target_audience,
        "Tone": brief.tone,
        "Language": brief.primary_language,
    }
    return tuple(f"{name}: {value}" for name, value in named.items() if value)


def _adapted(message: Message, platform: Platform) -> Variant:
    adapter = ADAPTERS[platform]
    hashtags = message.hashtags[: adapter.hashtags]
    taken = tuple(a for a in message.artifacts if a in adapter.artifacts)
    core = cut(message.core_message, _HEADLINE) if platform == "whatsapp" else message.core_message
    points = [f"• {point}" for point in message.key_points] if adapter.bullets else []
    lines = [core, *points, message.call_to_action, " ".join(hashtags)]
    return Variant(
        platform=platform,
        title=cut(message.theme, _TITLE) if platform == "youtube" else None,
        text=cut("\n".join(lines), adapter.chars),
        hashtags=hashtags,
        artifacts=taken,
        dropped=tuple(
            Dropped(artifact=a, reason=f"{platform} takes no {a}")
            for a in message.artifacts
            if a not in taken
        ),
    )


_CLAIMS = re.compile(
    r"\b(?:guarantee[ds]?|cures?|cured|risk[- ]free|100 ?%|best in the world)", re.IGNORECASE
)


def _hints(message: Message) -> Iterable[str]:
    text = f"{message.core_message}\n{message.call_to_action}"
    if claim := _CLAIMS.search(text):
        yield f"“{claim[0]}” is a claim that needs evidence, or has to go"
    for kind in findings(text):
        yield f"it contains what looks like {kind}"
