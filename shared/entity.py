"""
Documents and the facts announced about them.

A *record* is a document that is no evidence: a lease, a counter, a queue row. An *entity* is evidence:
each change of it yields one signed event, and its `audit` member holds the length and the head of that
chain. An *event* is a fact, named in the past tense.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self, TypedDict, Unpack

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

from shared import texts
from shared.actors import TENANT
from shared.documents import MAX_ASKED_BYTES
from shared.errors import Violation
from shared.handling import Handling, PersonalData
from shared.instants import Timestamp as Timestamp  # noqa: PLC0414 - known from here
from shared.instants import written as written  # noqa: PLC0414 - known from here
from shared.judged import STORED, Judged, Masked, Pattern
from shared.principles import breach
from shared.records import dataclass

ZERO_HASH = "0" * 64

Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["0a" * 32])]
Id = Annotated[
    str,
    Field(
        pattern=rf"^({TENANT}\.)?[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$",
        examples=["6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607"],
    ),
]
"""``<tenant>.<uuid4>``; a bare uuid4 belongs to the tenant ``platform``."""

Asked = Annotated[str, Field(max_length=MAX_ASKED_BYTES // 4)]
"""A text that queries ask for: whole in an index, whatever its characters (UTF-8 takes four bytes at most)."""


_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
BudgetScope = Annotated[
    str,
    Field(
        max_length=100,
        pattern=rf"^(platform|cloud|customer:{TENANT}|(agent|trial|project):({TENANT}\.)?{_UUID})$",
        examples=["agent:44444444-4444-4444-8444-444444444444"],
    ),
]
"""Whose budget: `agent:{id}`, `trial:{id}`, `project:{id}`, `customer:{tenant}`, `platform` or `cloud`."""

DecisionId = Annotated[
    str,
    Pattern(rf"^({TENANT}\.)?{_UUID}$"),
    Field(max_length=80, examples=["14141414-1414-4414-8414-141414141414"]),
]
"""A decision: the id alone is one of whoever asks; with a tenant before it, as `acme.{id}`, one of that tenant."""


def _something(text: str) -> str:
    if not texts.says_something(text):
        raise ValueError("this text is empty: nobody sees anything of it")
    return text


ShownLine = Annotated[str, Judged(texts.of_one_line, never=texts.UNSEEN_IN_A_LINE), Masked()]
"""One line of shown text, which may be empty."""


Shown = Annotated[str, Judged(texts.of_lines, never=texts.UNSEEN_IN_LINES), Masked()]
"""Shown text, which may be empty."""

Printed = Annotated[str, Judged(texts.printed), Masked()]
"""What a program said: taken whatever it holds, and made to be shown."""

Said = Annotated[str, Masked()]
"""What an event says in words, its own or people's."""

SaidLine = Annotated[ShownLine, Judged(_something, never=r"^\s*$"), Field(min_length=1)]
"""One line that says something, of a length that is for whoever uses it to bound."""

Name = Annotated[SaidLine, Field(max_length=255)]
Text = Annotated[Shown, Judged(_something, never=r"^\s*$"), Field(min_length=1, max_length=4000)]

Code = Annotated[str, Pattern(r"^[A-Za-z0-9_][A-Za-z0-9_.:/#+-]*$"), Field(max_length=255)]
"""A name that programs give and compare: of a thing, an act, a place, a version, a class."""

ActorId = Annotated[str, Pattern(r"^[A-Za-z0-9_.@:-]{1,128}$")]
"""Who acts, as the sign-in names them: a person, a service, or a role."""


Opaque = Annotated[str, Masked(), Pattern(r"^[!-~]*$"), Field(max_length=4096)]
"""What machines alone read, such as an address or a key: printable ASCII without spaces."""

Coded = Annotated[
    str, Masked(), Pattern(r"^[A-Za-z0-9_-]+={0,2}$"), Field(min_length=1, max_length=4096)
]
"""What a program of ours encoded, such as a cursor: base64 for addresses."""


class Value(BaseModel):
    """
    A part of a document: immutable, and it keeps the members that only another release knows.

    What is stored outlives the release that wrote it. Nothing else may bring an unknown member: the edge
    refuses one in a request, mypy one in a constructor, and `model_copy` one in a change.

    What was read has the members that it was stored with, and is stored again with these and with those
    that were changed. So no hash of it changes because a release declares one more.
    """

    # No namespace is held against each member of each kind: one that hides what a model has is told in any case.
    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True, protected_namespaces=())

    personal: ClassVar = PersonalData()
    """Which of its own members are about people; those of what it derives from are said there."""

    def __init__(self, /, **members: Any) -> None:
        """Make a new one, which has all its members: those not given have their defaults."""
        super().__init__(**members)
        self.model_fields_set.update(type(self).__pydantic_fields__)

    # What is read is not made by calling it: this is how pydantic's own constructor says so.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def to_stored(self, *, exclude: AbstractSet[str] = frozenset()) -> dict[str, Any]:
        """Return what is stored, signed, hashed and shown of it."""
        return self.model_dump(
            mode="json", by_alias=True, exclude_unset=True, exclude=set(exclude) or None
        )

    def to_json(self) -> bytes:
        """Return the JSON of what is stored of it."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_unset=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some declared members changed."""
        known(type(self), update or {})
        copy = super().model_copy(update=update, deep=deep)
        for name in vars(copy).keys() - type(self).model_fields.keys():
            # What was reckoned of the one is not of the other.
            del vars(copy)[name]
        return copy


def known(kind: type[Value], changes: Mapping[str, Any]) -> None:
    """Hold changes to the members that a kind declares: a mistyped one would be stored and never read."""
    unknown = changes.keys() - kind.model_fields.keys()
    if unknown:
        raise TypeError(f"{kind.__name__} declares no {', '.join(sorted(unknown))}")


Upgrade = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""
Makes stored data of one version into the next version's: pure, and it only adds.

It neither removes nor re-types a member, for the release before may be running beside this one.
"""


def _upgraded(
    data: Mapping[str, Any], version: int, upgrades: tuple[Upgrade, ...]
) -> Mapping[str, Any]:
    """Bring data to the present version; a newer one than this release knows is as good as it is."""
    for upgrade in upgrades[version - 1 :]:
        data = upgrade(data)
    return data


class Record(Value):
    """A document that is no evidence. Subclasses name their collection."""

    collection: ClassVar[str]
    handling: ClassVar[Handling]
    """What becomes of its documents: each kind says it."""

    upgrades: ClassVar[tuple[Upgrade, ...]] = ()
    """From version 1 to 2, from 2 to 3, …: a kind with one of them is of `schema_version` 2."""

    guarded_by: ClassVar[tuple[str, ...] | None] = None
    """
    By which members, each alone, it is asked for where something is written on the result; `()`: by any.

    Nothing may be written on a query of a kind that says nothing.
    """

    id: str
    """Its id: of most a random UUID, with the tenant before it where that is not the platform."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a kind whose `schema_version` is not the one that its upgrades lead to."""
        super().__pydantic_init_subclass__(**kwargs)
        declared = cls.model_fields.get("schema_version")
        version = len(cls.upgrades) + 1
        if version != (declared.default if declared else 1):
            raise TypeError(f"{cls.__name__} declares schema_version: int = {version}")

    @classmethod
    def from_stored(cls, data: Mapping[str, Any]) -> Self:
        """Return a document as it was stored, by whichever release."""
        version = data.get("schema_version", 1)
        upgraded = _upgraded(data, version, cls.upgrades)
        if upgraded is not data:
            upgraded = {**upgraded, "schema_version": len(cls.upgrades) + 1}
        return cls.model_validate(upgraded, context=STORED)

    def in_place_of(self, stored: Mapping[str, Any]) -> Self:
        """Return it with what it does not know of the document that it replaces, though made from scratch."""
        declared = {field.alias or name for name, field in type(self).model_fields.items()}
        unknown = {
            name: stored[name]
            for name in stored.keys() - declared - (self.model_extra or {}).keys()
        }
        return super(Value, self).model_copy(update=unknown) if unknown else self


class Audit(Value):
    """How long an entity's chain of events is, where it ends, and what the entity looks like."""

    n: int
    """How many signed entries its chain of evidence has."""
    head: Hex64
    """The hash of the last entry."""
    state_hash: Hex64
    """The SHA-256 over the canonical JSON (RFC 8785) of the stored document without `audit`."""
    entry: str | None = None
    """The id of the last entry; what was written before entities named it has none."""


class Entity(Record):
    """A document whose every change is evidence."""

    unversioned: ClassVar[frozenset[str]] = frozenset({"updated_at", "version_hash", "audit"})
    """Members that are not content: a change of them alone leaves `version_hash` as it is."""

    unjudged: ClassVar[frozenset[str]] = frozenset()
    """Members that say what it was judged to be: no judgement looks at them."""

    personal: ClassVar = PersonalData(ids="governance_agent_id")

    tenant_id: str
    """The tenant it belongs to."""
    schema_version: int = 1
    """The version of its shape, for programs."""
    created_at: Timestamp
    """When it was made."""
    updated_at: Timestamp
    """When it last changed."""
    version: str = "0.1.0"
    """Its version: major, minor and patch."""
    version_hash: str = ""
    """
    The SHA-256 over the canonical JSON (RFC 8785) of its content. It is the `ETag`; of a skill
    it is what a manifest's `skills[].hash` pins.
    """
    governance_agent_id: str
    """Who it answers to."""
    correlation_id: Asked = ""
    """The story it is part of: every entry of one story has it."""
    audit: Audit | None = None
    """Where its chain of evidence ends; null where nothing was entered yet."""

    @property
    def tag(self) -> str:
        """Which version this is, of all there ever were: the same content again is another one."""
        return f"{self.version_hash}.{self.audit.n}" if self.audit else self.version_hash

    def is_version(self, seen: AbstractSet[str] | None) -> bool:
        """Say whether it is one of the versions that somebody saw, by its tag or by its content alone."""
        return not {self.tag, self.version_hash, "*"}.isdisjoint(seen or ())

    @cached_property
    def broken(self) -> tuple[Violation, ...]:
        """What in this entity breaks the constitution, judged once."""
        return self.violations()

    def violations(self) -> tuple[Violation, ...]:
        """Judge what in this entity breaks the constitution, by itself alone; a kind of it adds its own."""
        if self.governance_agent_id.strip():
            return ()
        return (breach("L0-01", "governance_agent_id missing", "governance_agent_id"),)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some declared members changed; what is judged to be the same is not judged again."""
        copy = super().model_copy(update=update, deep=deep)
        if "broken" in vars(self) and (update or {}).keys() <= self.unjudged:
            vars(copy)["broken"] = self.broken
        return copy


Category = Literal[
    "agent_action_start",
    "agent_action_complete",
    "agent_action_error",
    "approval_request",
    "approval_granted",
    "approval_denied",
    "approval_timeout",
    "escalation",
    "data_access",
    "external_communication",
    "external_integration",
    "ai_call",
    "version_change",
    "suspension",
    "reactivation",
    "configuration_change",
    "certification",
    "precedent_seed",
    "policy_decision",
    "governance_decision",
    "authentication",
    "audit_access",
]


Outcome = Literal["success", "failure", "denied"]
Severity = Literal["info", "warning", "error", "critical"]
Retention = Literal["standard", "financial", "constitutional"]


@dataclass(frozen=True)
class Traits:
    """What every event of one class has in common."""

    category: Category
    action: str = ""
    """The dotted name, in the past tense; a class that only others derive from has none."""

    topic: str | None = None
    """Where it is published; an audit-only event has no topic."""

    outcome: Outcome = "success"
    severity: Severity = "info"
    retention: Retention = "standard"
    publish_first: bool = False
    """Whether the tap must have it before the caller gets an answer."""


class _Said(TypedDict, total=False):
    """What the head of an event's class may say."""

    action: str
    category: Category
    topic: str | None
    outcome: Outcome
    severity: Severity
    retention: Retention
    publish_first: bool


class Event(Value):
    """
    A fact about one entity, whose members are the data that goes with it: at most 32 KiB.

    The head of the class says its traits; a subclass says only those that differ::

        class AgentCreated(Event, action="agent.created", category="configuration_change"): ...
    """

    traits: ClassVar[Traits]
    promised_on: ClassVar[str] = "dues"
    """Where it is published when it was promised for a time that has come."""

    upgrades: ClassVar[tuple[Upgrade, ...]] = ()
    """From version 1 of its data to 2, from 2 to 3, …"""

    def __init_subclass__(cls, **said: Unpack[_Said]) -> None:
        """Keep what the head of the class says, and what its parent said."""
        super().__init_subclass__()
        traits = {**(vars(cls.traits) if hasattr(cls, "traits") else {}), **said}
        if "category" not in traits:
            raise TypeError(
                f"the head of {cls.__name__} says no category: one of shared.entity.Category"
            )
        cls.traits = Traits(**traits)

    @classmethod
    def data_version(cls) -> int:
        """Return the version of the data that this release announces."""
        return len(cls.upgrades) + 1

    @classmethod
    def from_stored(cls, data: Mapping[str, Any], version: int) -> Self:
        """Return an event as it was announced, by whichever release."""
        return cls.model_validate(_upgraded(data, version, cls.upgrades), context=STORED)

    def as_told(self) -> Traits:
        """Return the traits of this very event: those of its class, unless it brings its own."""
        return self.traits


class Because(Value):
    """Why a governance decision was taken, as the audit entry keeps it."""

    personal: ClassVar = PersonalData(texts="rationale authority")

    rationale: Said
    """Why it was decided so."""
    authority: Said
    """By what right."""
    seed_ids: tuple[Code, ...] = ()
    """The precedents it rests on."""
    rule_refs: tuple[Code, ...] = ()
    """The rules it rests on."""
