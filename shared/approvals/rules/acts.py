"""
What is done on yes, in the form that every spelling of the same act has in common.

A no is said to an act and not to its letters (rulings 54, 76 and 82): another case, script, width or separator,
another name for the same member, another order of the recipients, another run, another class and another label
beside it make no other act. The form is for comparing a question with a no, where taking two acts for one costs
a person a look. It is none to admit by: what a precedent answers is compared to the letter.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from typing import Any
from urllib.parse import unquote

from shared.approvals.models.questions import Question
from shared.canonical import digest
from shared.queries import OneOf, Test
from shared.records import dataclass
from shared.texts import bare, spelled, worded

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

_ALSO_TARGETS = frozenset(
    {
        *(
            "addressee",
            "beneficiary",
            "bucket",
            "chat",
            "client",
            "contact",
            "customer",
            "database",
        ),
        *("email", "endpoint", "group", "host", "iban", "list", "mailbox", "mailto", "member"),
        *("mobile", "patient", "person", "phone", "receiver", "repository", "room", "sendto"),
        *("site", "subscriber", "table", "topic", "uri", "user", "webhook", "whom"),
    }
)
"""Other names that such members go by; what is learned from decisions is told by `TARGETS` alone."""

_ENDINGS = (
    *("addresses", "address", "emails", "email", "number", "names", "name"),
    *("uris", "uri", "urls", "url", "ids", "id", "s"),
)
"""What a name may end with and mean the same member: `recipient_email` is the recipient."""

TOOL = frozenset({"connector", "tool", "toolid", "toolname"})
"""The members that say with which tool it is done."""

OCCASION = frozenset({"chainversion", "iteration", "policyversion", "runid", "stepid", "typ"})
"""The members that say which time it is done, and under which rules."""

BY_WHOM = frozenset({"agentid", "manifesthash"})
"""The members that say who does it, where a subject is what an agent does; elsewhere they are what it is about."""

DEEDS: Mapping[str, frozenset[str]] = {
    "tell": frozenset(
        {
            *("announce", "broadcast", "comment", "email", "invite", "mail", "message", "notify"),
            *("post", "publish", "reply", "send", "share", "sms", "tell", "tweet"),
        }
    ),
    "pay": frozenset(
        {
            *("buy", "charge", "close_position", "order", "pay", "payout", "place_order", "refund"),
            *("sell", "trade", "transfer"),
        }
    ),
    "remove": frozenset(
        {"delete", "destroy", "drop", "erase", "purge", "remove", "unpublish", "wipe"}
    ),
}
"""Which verbs say the same of an act, as far as a no goes; any other says what it says."""

_DONE_BY_AGENTS = frozenset({"action", "input", "plan"})
_LISTED = re.compile(r"[,;|]+")
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;|:/?=&]+@[^\s<>()\[\]\"',;|:/?=&]+")
_SCHEME = re.compile(r"^(mailto|tel|sms|https?):(//)?(www\.)?", re.IGNORECASE)
_DIALLED = re.compile(r"(tel:|sms:)?\s*(\+|00)[0-9][0-9 ()./-]+")
_INFLECTED = ("", "s", "es", "d", "ed", "ing")
_TAG = re.compile(r"\+[^@]*")
_NAMED = 3
"""Of how many words an address is with the name of whose it is."""

_AT_ONCE = 3
"""For how many targets a no is looked for by one query, which asks for no more than thirty things: six states of each."""


@dataclass(frozen=True)
class Act:
    """An act in its normal form."""

    subject: str = field(compare=False)
    """The digest of what is done, to the letter."""

    kind: tuple[str, ...] = field(compare=False)
    """Its class: what is done, in which industry, to what. Whoever asks chooses it."""

    deed: str
    """What is done: the family of its verb."""

    tool: str
    """With which tool; empty where none is named."""

    targets: frozenset[str]
    """To whom or to what; empty where that is not said."""

    copied: frozenset[str]
    """Who of them has it for information alone: a no is not about them."""

    arguments: frozenset[tuple[str, str]]
    """All else that is said of it."""

    done: bool = field(compare=False)
    """Whether it is something that an agent does; else a thing is put to somebody as it is, which a no is about."""

    @property
    def family(self) -> str:
        """The digest of its class, which questions of the same kind of act share."""
        return digest({"typ": "act-family/v1", "kind": list(self.kind)})

    @property
    def place(self) -> str:
        """Where a no to it is found: by its one target, as one of those with several, by its tool, or by all of it."""
        if self.about:
            return _place("target", *self.about) if len(self.about) == 1 else _SEVERAL
        return self.by_tool or _place(
            "all", *(part for one in sorted(self.arguments) for part in one)
        )

    @property
    def about(self) -> frozenset[str]:
        """To whom or to what a no to it is said; empty where that is not said, and a tool is."""
        return self.targets - self.copied or (frozenset() if self.tool else self.targets)

    @property
    def by_tool(self) -> str | None:
        """Where a no to what is done with its tool is found; none where it names none."""
        return _place("tool", self.tool) if self.tool else None

    @property
    def found_by(self) -> dict[str, Any]:
        """The members of a question by which its act is found."""
        return {"act_family": self.family, "act_place": self.place, "act_tool": self.by_tool}

    def near(self) -> Iterator[Mapping[str, Test]]:
        """Yield what to ask for, so that every act is found that a no could reach from, or to."""
        if not self.about:
            yield {"act_tool": self.by_tool} if self.tool else {"act_place": self.place}
            return
        besides = (_SEVERAL, *([self.by_tool] if self.by_tool else []))
        targets = [_place("target", one) for one in sorted(self.targets)]
        for first in range(0, len(targets), _AT_ONCE):
            yield {"act_place": OneOf((*targets[first : first + _AT_ONCE], *besides))}

    def covers(self, other: "Act") -> bool:
        """
        Say whether a no to this act is one to another: of its deed, with its tool, to one of its targets.

        What one of them does not say does not tell them apart, and neither does what is said beside these. Where
        they have neither a tool nor a target in common, all that is said must be the same.
        """
        if self.subject == other.subject:
            return True
        if self.deed != other.deed and not (self.tool and other.tool and self._unknown(other)):
            return False
        if self.tool and other.tool and self.tool != other.tool:
            return False
        if self.about and other.about:
            return not self.about.isdisjoint(other.targets)
        if self.tool and other.tool:
            return True
        bare = not self.tool + other.tool and not self.targets | other.targets
        return bare and self.arguments == other.arguments

    def refuses(self, other: "Act") -> bool:
        """
        Say whether a no to this act is one to asking for another: to a thing under review, to that version of it.

        What an agent does is refused whatever else is said of it: another text to the same is no other act.
        """
        return self.covers(other) if self.done else self.same(other)

    def same(self, other: "Act") -> bool:
        """
        Say whether another is this very act, however it is spelled: no member that both have says otherwise.

        A post and the next one on the same channel are two, though a no to one reaches the other when it is asked
        for afterwards. What is asked or answered already is told apart by what it says.
        """
        if self.subject == other.subject:
            return True
        if not self.covers(other):
            return False
        theirs = dict(other.arguments)
        apart = any(theirs.get(member, said) != said for member, said in self.arguments)
        unsaid = not self.about or not other.about
        return not apart and (unsaid or self.about & other.about in (self.about, other.about))

    def _unknown(self, other: "Act") -> bool:
        """Whether a verb of the two is one that nobody judged: then the tool says what is done."""
        return not {self.deed, other.deed} <= DEEDS.keys()


def act(question: Question) -> Act:
    """Return what a question is about."""
    done = question.subject_kind in _DONE_BY_AGENTS
    left_out = OCCASION | (BY_WHOM if done else set())
    said = [
        (bare(member), str(value))
        for member, value in question.subject.items()
        if value is not None and bare(member) not in left_out
    ]
    about = {member for member, _ in said if says_whom(member) or member in BY_WHOM}
    whom = [(member, part) for member, text in said for part in _each(text, whole=member in about)]
    arguments = ((member, worded(text)) for member, text in said if member not in about | TOOL)
    return Act(
        subject=digest(dict(question.subject)),
        kind=_kind(question),
        deed=deed(question.approval_class),
        tool=next((bare(text) for member, text in said if member in TOOL), ""),
        targets=frozenset(part for _, part in whom),
        copied=frozenset(part for member, part in whom if member in {"cc", "bcc"}),
        arguments=frozenset((member, text) for member, text in arguments if text),
        done=done,
    )


def deed(approval_class: str) -> str:
    """Return the family of the verb of a class; the verb itself where it is in none."""
    verb = spelled(approval_class.partition(":")[0])
    parts = [verb, *re.split(r"[._]", verb)]
    forms = {part.removesuffix(end) for part in (*parts, bare(verb)) for end in _INFLECTED}
    return next((family for family, verbs in DEEDS.items() if forms & verbs), bare(verb))


def kindred(one: Question, other: Question) -> bool:
    """Say whether two questions are about the same class of act, however it is spelled."""
    return _kind(one) == _kind(other)


def says_whom(member: str, names: Collection[str] = TARGETS | _ALSO_TARGETS) -> bool:
    """Say whether a member says to whom or to what something is done: by one of the names, or what means the same."""
    plain = bare(member)
    forms = {plain} | {plain.removesuffix(end) for end in _ENDINGS}
    return any(form in names for form in forms)


def _kind(question: Question) -> tuple[str, ...]:
    return tuple(map(bare, question.approval_class.split(":")))


def _each(text: str, *, whole: bool) -> Iterator[str]:
    """
    Yield whom a text names, in normal form: by address, else all that it lists where it is about that.

    Elsewhere an address counts where it stands with a name at most, and not in a sentence.
    """
    for listed in _LISTED.split(unquote(unquote(spelled(text)))):
        addresses = _ADDRESS.findall(listed)
        if addresses and (whole or len(listed.split()) <= _NAMED):
            yield from (worded(_TAG.sub("", one)) for one in addresses)
        elif whole and _DIALLED.fullmatch(listed.strip()):
            yield "".join(filter(str.isdigit, listed)).lstrip("0")
        elif whole:
            yield from filter(None, (worded(_SCHEME.sub("", part)) for part in listed.split()))


def _place(*parts: str) -> str:
    return digest({"typ": "act-place/v1", "of": list(parts)})


_SEVERAL = _place("targets")
