"""
What is done on yes, in the form that every spelling of the same act has in common.

A no is said to an act and not to its letters (ruling 82): another case, script, width or separator, another
order of the recipients, another run of the same is no other act. The form is for comparing a question with
a no, where taking two acts for one costs a person a look. It is none to admit by: what a precedent answers is
compared to the letter.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from shared.approvals.models import Question
from shared.canonical import digest
from shared.texts import spelled

TARGETS = frozenset(
    {
        *("account", "address", "audience", "bcc", "capsuleid", "cc", "channel", "customerid"),
        *(
            "decisionsetid",
            "destination",
            "entity",
            "payee",
            "projectid",
            "recipient",
            "recipients",
        ),
        *("ref", "resource", "seedid", "target", "targets", "to", "url"),
    }
)
"""The members of a subject that say to whom or to what something is done."""

OCCASION = frozenset({"chainversion", "iteration", "policyversion", "runid", "stepid", "typ"})
"""The members that say which time it is done, and under which rules."""

BY_WHOM = frozenset({"agentid", "manifesthash"})
"""The members that say who does it, where a subject is what an agent does; elsewhere they are what it is about."""

_DONE_BY_AGENTS = frozenset({"action", "input", "plan"})
_APART = re.compile(r"[,;|\s]+")


@dataclass(frozen=True)
class Act:
    """An act in its normal form."""

    kind: tuple[str, ...]
    """Its class: what is done, in which industry, to what."""

    tool: str
    """With which tool; empty where none is named."""

    targets: frozenset[str]
    """To whom or to what; empty where that is not said."""

    arguments: frozenset[tuple[str, str]]
    """All else that is said of it."""

    @property
    def family(self) -> str:
        """The digest of its class, which questions of the same kind of act share."""
        return digest({"typ": "act-family/v1", "kind": list(self.kind)})

    @property
    def digest(self) -> str:
        """The digest of all of it, which every spelling of the same act shares."""
        return digest(
            {
                "typ": "act/v1",
                "kind": list(self.kind),
                "tool": self.tool,
                "targets": sorted(self.targets),
                "arguments": [list(one) for one in sorted(self.arguments)],
            }
        )

    def covers(self, other: "Act") -> bool:
        """
        Say whether a no to this act is one to another: of its class, with its tool, to one of its targets.

        What one of them does not say does not tell them apart, and a target counts by whichever name it goes.
        """
        if self.kind != other.kind or (self.tool and other.tool and self.tool != other.tool):
            return False
        return not (self.targets and other.targets) or any(map(other.mentions, self.targets))

    def mentions(self, target: str) -> bool:
        """Say whether a target stands anywhere in it."""
        words = f" {target} "
        return target in self.targets or any(words in f" {text} " for _, text in self.arguments)


def act(question: Question) -> Act:
    """Return what a question is about."""
    left_out = OCCASION | (BY_WHOM if question.subject_kind in _DONE_BY_AGENTS else set())
    said = [
        (name(member), _written(value))
        for member, value in question.subject.items()
        if value is not None and name(member) not in left_out
    ]
    about = TARGETS if question.subject_kind in _DONE_BY_AGENTS else TARGETS | BY_WHOM
    targets = (part for member, text in said if member in about for part in _each(text))
    return Act(
        kind=_kind(question),
        tool=next((name(text) for member, text in said if member == "tool"), ""),
        targets=frozenset(targets),
        arguments=frozenset(
            (member, value(text)) for member, text in said if member not in {*about, "tool"}
        ),
    )


def kindred(one: Question, other: Question) -> bool:
    """Say whether two questions are about the same class of act, however it is spelled."""
    return _kind(one) == _kind(other)


def name(text: str) -> str:
    """Return the normal form of a name that programs give: its letters and digits."""
    return "".join(char for char in spelled(text) if _kept(char, "LNM"))


def value(text: str) -> str:
    """Return the normal form of a value: whatever separates its words is one space."""
    parts = "".join(char if _kept(char, "LNMS") else " " for char in spelled(text))
    return " ".join(parts.split())


def _kind(question: Question) -> tuple[str, ...]:
    return tuple(map(name, question.approval_class.split(":")))


def _each(text: str) -> Iterator[str]:
    """Yield what a text lists, in normal form."""
    yield from filter(None, map(value, _APART.split(text)))


def _written(value: bool | int | str) -> str:
    return str(value)


def _kept(char: str, kinds: str) -> bool:
    return unicodedata.category(char)[0] in kinds
