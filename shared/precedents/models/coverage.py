"""
Which acts a rule admits: it reads the act itself, as it is digested, and what it does not name is not admitted.

Facts are what whoever asks says of an act. Tool, targets and arguments are the act.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StrictBool, StrictInt, model_validator

from shared.actors import TENANT
from shared.approvals.models.questions import Gate, Question, SubjectKind
from shared.approvals.rules.acts import OCCASION, TARGETS, says_whom
from shared.entity import Code, Shown, ShownLine, Value
from shared.errors import Unfit
from shared.judged import Pattern
from shared.precedents.models.reasons import Reason, reason
from shared.texts import bare

Said = StrictBool | StrictInt | Annotated[Shown, Field(max_length=2000)] | None
"""A value in a subject."""

Form = Literal["digest", "id", "count", "code"]
"""What may vary freely: a digest, the id of a thing, a number that only counts, a name that programs give."""

_FORMS: Mapping[Form, str] = {
    "digest": "a digest of 64 hex digits",
    "id": "an id",
    "count": "a number that is not negative",
    "code": "a code",
}
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "digest": re.compile(r"[0-9a-f]{64}"),
    "id": re.compile(rf"({TENANT}\.)?[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"),
    "code": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/#+-]{0,99}"),
}
MAX_COVERED = 20

RANGING = frozenset(
    {
        *("amount", "amountminor", "bytes", "characters", "cost", "days", "hours", "itemcount"),
        *("items", "minor", "minutes", "pagecount", "pages", "percent", "price", "quantity"),
        *("recipientcount", "recordcount", "records", "rowcount", "rows", "seconds", "sizebytes"),
        *("total", "wordcount", "words"),
    }
)
"""The numbers that say how much or how many; any other may be the name of something, and none lies between two names."""


_SAID = {"description": "It is said."}
_LEFT_OUT = {"type": "null", "description": "It is left out."}
_WAYS = ({"one_of": "array"}, {"least": "integer", "most": "integer"}, {"any": "string"})
ONE_WAY: list[Any] = [
    {
        "required": list(way),
        "properties": {
            name: _SAID | {"type": way[name]} if name in way else _LEFT_OUT
            for name in ("one_of", "least", "most", "any")
        },
    }
    for way in _WAYS
]
"""How a schema says that an argument is bound in one way."""


class Argument(Value):
    """One member of the act, and what it may be: one of some values, a number in a range, or of a form."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": ONE_WAY, "examples": [{"name": "gate", "one_of": ["stage-6"]}]}
    )

    name: Annotated[
        Code, Pattern(r"^(?!typ$)[A-Za-z0-9_][A-Za-z0-9_.:/#+-]*$"), Field(max_length=100)
    ]
    """What it is called in the subject, to the letter; `typ` is said by the kind."""
    one_of: Annotated[tuple[Said, ...], Field(min_length=1, max_length=50)] | None = None
    """The values that it may be, each to the letter and of its type."""
    least: StrictInt | None = None
    """The least number that it may be."""
    most: StrictInt | None = None
    """The greatest number that it may be."""
    any: Form | None = None
    """The form of which it may be anything."""
    optional: StrictBool = False
    """Whether an act may leave it out."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        ranged = self.least is not None and self.most is not None
        half = (self.least is None) != (self.most is None)
        if half or (self.one_of is not None) + ranged + (self.any is not None) != 1:
            raise ValueError("say one_of, or least and most, or any, and one of these only")
        return self

    def admits(self, said: Said) -> bool:
        """Say whether it may be this, to the letter and of this type."""
        if self.one_of is not None:
            return any(type(one) is type(said) and one == said for one in self.one_of)
        if self.least is not None and self.most is not None:
            return type(said) is int and self.least <= said <= self.most
        return self.any is not None and fits(self.any, said)

    @property
    def free(self) -> bool:
        """Whether it may be anything of a form."""
        return self.any is not None


class CoveredAct(Value):
    """One kind of act, with every argument that it has."""

    approval_class: Annotated[ShownLine, Field(max_length=255)] | None = None
    """The one class it is of; without it all that the rule is about."""

    gate: Gate
    """At which gate it is asked for."""
    subject_kind: SubjectKind
    """Of which kind its subject is."""
    arguments: Annotated[tuple[Argument, ...], Field(min_length=1, max_length=32)]
    """Every member of the subject but `typ`, which the kind says."""

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        names = [argument.name for argument in self.arguments]
        if len(set(names)) < len(names):
            raise Unfit("name every argument once", rule="named_twice")
        return self


class Coverage(Value):
    """The acts that a rule admits."""

    acts: Annotated[tuple[CoveredAct, ...], Field(min_length=1, max_length=MAX_COVERED)]
    """Each of them; what is asked for must be one of them whole."""


def fits(form: Form, said: Said) -> bool:
    """Say whether a value is of a form."""
    if form == "count":
        return type(said) is int and said >= 0
    return isinstance(said, str) and _PATTERNS[form].fullmatch(said) is not None


def covered(coverage: Coverage | None, question: Question, *, tenant: str) -> tuple[Reason, ...]:
    """Say of the act in a question whether a rule covers it: by the covered act that comes nearest."""
    if coverage is None:
        return (reason("coverage", None, "the rule names no acts that it admits"),)
    tried = [_as(one, question) for one in coverage.acts]
    nearest = min(tried, key=lambda reasons: sum(not one.passed for one in reasons))
    return (*nearest, *_own(question, tenant))


def boundless(coverage: Coverage) -> tuple[str, ...]:
    """Return what a rule would leave open that must be named: to whom or to what, and numbers that may be names."""
    arguments = {one for act in coverage.acts for one in act.arguments}
    return tuple(sorted(one.name for one in arguments if _leaves_open(one)))


def _as(act: CoveredAct, question: Question) -> list[Reason]:
    """Compare the act in a question with one that is covered."""
    said = {member: one for member, one in question.subject.items() if member != "typ"}
    named = {argument.name: argument for argument in act.arguments}
    more = ", ".join(sorted(set(said) - set(named)))
    kind = (question.gate, question.subject_kind)
    whole = act.approval_class in {None, question.approval_class}
    return [
        reason("act", whole, f"the class is {question.approval_class}"),
        reason(
            "act_kind", kind == (act.gate, act.subject_kind), f"{kind[1]} at the gate {kind[0]}"
        ),
        reason(
            "arguments",
            None if more else True,
            f"the act says more than the rule knows of: {more}" if more else "all are known",
        ),
        *(_argument(argument, said) for argument in act.arguments),
    ]


def _argument(argument: Argument, said: Mapping[str, Said]) -> Reason:
    rule = f"argument {argument.name}"
    if argument.name not in said:
        left_out = f"the act does not say its {argument.name}"
        return reason(rule, True if argument.optional else None, left_out)
    value = said[argument.name]
    holds = argument.admits(value) and not _leaves_open(argument)
    shown = f"“{value}”" if isinstance(value, str) else str(value).lower()
    return reason(rule, holds, f"{argument.name} is {shown[:200]}; {_asked(argument)}")


def _asked(argument: Argument) -> str:
    if _leaves_open(argument):
        return "the rule leaves open what must be named, and answers none"
    if argument.any is not None:
        return f"it may be {_FORMS[argument.any]}"
    if argument.one_of is None:
        return f"it may be from {argument.least} to {argument.most}"
    return f"it may be one of {len(argument.one_of)} that the rule names"


def _own(question: Question, tenant: str) -> tuple[Reason, ...]:
    """Say whether the act is of the tenant and of the agent that it is asked for."""
    asked: dict[str, Said] = {"tenant_id": tenant, "agent_id": question.agent_id}
    return tuple(
        reason(
            f"own {member}",
            question.subject[member] == expected,
            f"the act says {question.subject[member]}, and it is asked for {expected}",
        )
        for member, expected in asked.items()
        if member in question.subject
    )


def _leaves_open(argument: Argument) -> bool:
    if argument.one_of is not None:
        return False
    member = bare(argument.name)
    if member == "tool" or says_whom(member, TARGETS):
        return True
    ranges = argument.least is not None or argument.any == "count"
    return ranges and member not in RANGING | OCCASION
