"""How a rebuild goes on, from phase to phase."""

from datetime import datetime, timedelta

from shared.errors import NotFound
from shared.platform.models.rebuilds import Refolded

LAST = 1000
"""A round that read more entries than these is followed by another one of the same kind, which has less to read."""

_CLEARED = "the side that nobody sees is empty"
_FOLLOWS = "events are folded into both sides as they are delivered"
SHOWN = "the new side is shown"
"""What a rebuild says from then on, however it ends."""


def known(name: str, names: tuple[str, ...]) -> str:
    """
    Return the name of a projection.

    Raises:
        NotFound: It is none; the others are named.
    """
    if name not in names:
        raise NotFound(f"there is no projection {name}; there are {', '.join(names)}")
    return name


def clearing(so_far: Refolded, *, rests_until: datetime | None) -> Refolded:
    """Return how far it is when nobody is told to fold into the other side any more."""
    return so_far.model_copy(update={"phase": "clears", "rests_until": rests_until})


def feeding(so_far: Refolded, *, until: datetime) -> Refolded:
    """Return how far it is when the other side is empty, and what happened until a time is there to be read."""
    return _round(so_far, "feeds", until, says=_CLEARED)


def fed(
    so_far: Refolded, tenant: str, cursor: str | None, *, entries: int, passed: int
) -> Refolded:
    """Return how far it is after some entries of a tenant."""
    done = so_far.done + entries
    update = {
        "tenant": tenant,
        "cursor": cursor,
        "done": done,
        "read": so_far.read + entries,
        "passed": so_far.passed + passed,
        "says": f"{done} entries read",
        "rests_until": None,
    }
    return so_far.model_copy(update=update)


def behind(so_far: Refolded) -> bool:
    """Say whether much has happened since this round began; else those who deliver take over."""
    return so_far.read > LAST


def again(so_far: Refolded, *, until: datetime) -> Refolded:
    """Return how far it is at the beginning of another such round."""
    return _round(so_far, "feeds", until)


def following(so_far: Refolded, *, since: datetime, patience: timedelta) -> Refolded:
    """Return how far it is when what happens since a time is delivered to both sides; what was before is the last round."""
    rests = {"rests_until": since + patience, "says": _FOLLOWS}
    return _round(so_far, "follows", since, **rests)


def fading(so_far: Refolded, *, rests_until: datetime) -> Refolded:
    """Return how far it is when the new side is shown, and some may still look at the old one."""
    return so_far.model_copy(update={"phase": "fades", "rests_until": rests_until, "says": SHOWN})


def tidying(so_far: Refolded, *, rests_until: datetime) -> Refolded:
    """Return how far it is when nobody looks at the old side, and some may still fold into it."""
    return so_far.model_copy(update={"phase": "tidies", "rests_until": rests_until})


def _round(so_far: Refolded, phase: str, until: datetime, **changes: object) -> Refolded:
    fresh = {"tenant": "", "cursor": None, "read": 0, "rests_until": None, "since": so_far.until}
    return so_far.model_copy(update={**fresh, "phase": phase, "until": until, **changes})
