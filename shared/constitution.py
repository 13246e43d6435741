"""
What every entity that the constitution governs carries and obeys.

The predicates of a kind of entity live with that kind; here are those that hold for all kinds.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar, Union

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeAliasType

from shared import evidence, texts
from shared.canonical import canonical, digest
from shared.detectors import findings
from shared.entity import Code, Entity, Event, Hex64, Id, Name, Text, Timestamp, Value, known
from shared.errors import Conflict, ConstitutionalAlignment, Invalid, Unfit, Violation
from shared.handling import PersonalData
from shared.judged import STORED, judged
from shared.principles import breach, l0_results
from shared.records import dataclass

CONSTITUTION_VERSION = "1.0.0"
FIRST_VERSION = "0.1.0"
CERTIFIED_VERSION = "1.0.0"


_WILD = frozenset({"*", "any", "all"})

APPROVAL_TYPES = frozenset({"communication", "execution", "financial", "constitutional"})
"""The approvals that permit an effect; an ``artifact`` approval permits none."""

GOVERNANCE_RESOURCES = frozenset(
    {"approvals", "precedent_seeds", "policy_bundles", "constitution", "audit"}
)
"""What no skill may act on."""


def wild(items: Iterable[str]) -> bool:
    """Say whether a list holds a wildcard in place of something explicit."""
    return any(texts.alike(item) in _WILD for item in items)


# --- bounded JSON --------------------------------------------------------------------------------

_MAX_DEPTH = 16
_MAX_INTEGER = 2**53 - 1


_UNMEASURED = 2**40
"""More than anything may have: what takes so many bytes at most is measured."""


def _storable(value: Any, depth: int = 0) -> int:
    """Refuse what no store keeps, and return how many bytes it has at the most in its canonical form."""
    if depth > _MAX_DEPTH:
        raise Unfit(f"nested deeper than {_MAX_DEPTH} levels", rule="too_deep")
    if isinstance(value, str):
        return _text_storable(value)
    if value is None or isinstance(value, bool):
        return 5
    if isinstance(value, int) and abs(value) <= _MAX_INTEGER:
        return 17
    if isinstance(value, dict):
        return _members_storable(value, depth + 1)
    if not isinstance(value, list | tuple):
        why = "only texts, whole numbers up to 2^53, booleans, lists and objects"
        raise ValueError(why)  # noqa: TRY004 - what pydantic explains
    most = len(value) + 2
    for item in value:
        if isinstance(item, list | tuple):
            raise ValueError("a list directly inside a list cannot be stored")  # noqa: TRY004 - what pydantic explains
        most += _storable(item, depth + 1)
    return most


def _text_storable(text: str) -> int:
    # Of what is no ASCII it is not known whether it has such a form at all.
    return 6 * len(text) + 2 if text.isascii() else _UNMEASURED


def _members_storable(members: Mapping[Any, Any], depth: int) -> int:
    most = 2
    for name, item in members.items():
        if not isinstance(name, str) or not name:
            raise ValueError("every member needs a name")
        own = _text_storable(item) if isinstance(item, str) else _storable(item, depth)
        most += _text_storable(name) + own + 2
    return most


@dataclass(frozen=True)
class Bounded:
    """JSON of the caller's own, of at most so many bytes, as any store can keep it."""

    max_bytes: int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Judge it once it is read."""
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe what it may hold, however deep."""
        return handler(TypeAdapter(_Object).core_schema)

    def _check(self, value: Mapping[str, Any], info: ValidationInfo) -> Mapping[str, Any]:
        if info.context is STORED:
            return value
        most = _storable(value)
        # Most are of plain texts alone, which are looked at together.
        if info.mode == "json" and not texts.plainly_seen("".join(["!", *texts.inside(value)])):
            for text in texts.inside(value):
                judged(text, texts.of_data, texts.UNSEEN_IN_DATA)
        try:
            size = most if most <= self.max_bytes else len(canonical(value))
        except Invalid as error:
            raise ValueError(error.detail) from error
        if size > self.max_bytes:
            raise Unfit(f"larger than {self.max_bytes // 1024} KiB", rule="too_large")
        return value


_Words = Annotated[str, Field(json_schema_extra={"not": {"pattern": texts.UNSEEN_IN_DATA}})]
_Key = Annotated[_Words, Field(min_length=1)]
_Whole = Annotated[int, Field(ge=-_MAX_INTEGER, le=_MAX_INTEGER)]
_Object: TypeAlias = dict[_Key, "Data"]
_Single: TypeAlias = Union[_Words, _Whole, bool, _Object, None]  # noqa: UP007 - it holds itself
Data = TypeAliasType("Data", "_Single | list[_Single]")
"""What bounded JSON holds."""

Json16 = Annotated[dict[str, Any], Bounded(16 * 1024)]
"""A JSON object of at most 16 KiB that people may see and any store can keep: whole numbers, no lists of lists."""


# --- governed entities ---------------------------------------------------------------------------


class Marker(Value):
    """One change of an entity's version."""

    from_version: str
    """The version before."""
    to_version: str
    """The version after."""
    classification: Literal["patch", "proposal", "evolution"]
    """How far the change goes."""
    change_types: tuple[str, ...] = Field(min_length=1, max_length=20)
    """What kinds of change it was."""
    breaking: bool = False
    """Whether what relied on the version before must change."""
    supersedes: Id | None = None
    """The entity whose place it takes; null where it takes none."""
    superseded_by: Id | None = None
    """The entity that takes its place; null while none does."""
    at: Timestamp
    """When it changed."""


class Drift(Value):
    """Under which constitution an entity was certified, and which was in force when that was looked at."""

    certified_constitution_version: str
    """The constitution it was certified under."""
    current_constitution_version: str
    """The constitution in force when that was looked at."""
    checked_at: Timestamp
    """When it was looked at."""


class EntityAmended(Event, action="entity.amended", category="version_change"):
    """An entity's content changed in a way that has no name of its own."""

    version_hash: Hex64
    fields: tuple[Code, ...]


_GOVERNOR = re.compile(r"genesis|governor|engagement_governor:[A-Za-z0-9._:-]{1,128}")
_IDENTITY = ("id", "entity_type", "tenant_id", "created_at")


class GovernedEntity(Entity):
    """An entity that the constitution governs."""

    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {
        "evolution_markers",
        "l0_compliance_status",
        "amendment_alignment",
        "drift_detector",
        "integrity_hold",
    }
    unjudged: ClassVar[frozenset[str]] = frozenset({"l0_compliance_status"})
    immutable: ClassVar[tuple[str, ...]] = _IDENTITY
    """Members that never change."""

    personal: ClassVar = PersonalData(texts="tags custom_attributes governance_notes")

    version: str = Field(FIRST_VERSION, pattern=r"^\d{1,4}\.\d{1,4}\.\d{1,4}$")
    """Its version: major, minor and patch."""
    entity_type: str
    """What kind of entity it is."""
    external_id: str | None = Field(None, max_length=255)
    """What people cite it by, such as SKILL-HC-001; null before it was certified."""
    status: str
    """How far it is."""
    deleted_at: Timestamp | None = None
    """When it was deleted; null while it is not."""
    evolution_markers: tuple[Marker, ...] = ()
    """Every change of its version, the oldest first."""
    l0_compliance_status: dict[str, bool] = {}
    """For each principle of the constitution, by its code: whether it is kept."""
    amendment_alignment: Literal["aligned", "drifted", "requires_review"] = "aligned"
    """Whether it still fits the constitution in force."""
    drift_detector: Drift | None = None
    """Under which constitution it was certified, beside the one in force; null before that was looked at."""
    integrity_hold: bool = False
    """Whether all writes are frozen, because tampering was detected."""

    tags: tuple[Name, ...] = Field((), max_length=20)
    """Words to find it by."""
    custom_attributes: Json16 = {}
    """An object of your own, which the platform keeps and never reads."""
    governance_notes: Text | None = None
    """What those who govern it should know; null where nothing was said."""
    parent_id: Id | None = None
    """The entity it is part of; null where it is part of none."""
    child_ids: tuple[Id, ...] = Field((), max_length=100)
    """The entities that are part of it."""

    def violations(self) -> tuple[Violation, ...]:
        """Return what breaks the predicates that hold for every kind of entity."""
        return (
            *super().violations(),
            *_governed(self),
            *_minimal(self),
            *_lifecycle(self),
            *_markers(self),
        )


G = TypeVar("G", bound=GovernedEntity)


def amended(entity: G, **changes: Any) -> G:
    """
    Return *entity* with *changes*, validated, and with the L0 results of its new state.

    Raises:
        Conflict: Tampering was detected in it, so nothing may be written.
        ConstitutionalAlignment: A change touches what never changes.
    """
    if entity.integrity_hold:
        raise Conflict(
            "tampering was detected here: nothing can be written until the integrity is restored",
            rule="integrity_hold",
        )
    known(type(entity), changes)
    before = dict(entity)
    touched = [name for name in entity.immutable if changes.get(name, before[name]) != before[name]]
    if touched:
        violations = [breach("L1-ENT-07", f"{name} never changes", name) for name in touched]
        raise ConstitutionalAlignment(violations[0].message, violations=violations)
    said = {name: before[name] for name in entity.model_fields_set}
    after = type(entity).model_validate(said | changes)
    return after.model_copy(update={"l0_compliance_status": l0_results(after.broken)})


def promoted(
    entity: GovernedEntity,
    to_version: str,
    *,
    classification: Literal["patch", "proposal", "evolution"],
    change_types: tuple[str, ...],
    at: datetime,
    breaking: bool = False,
) -> dict[str, Any]:
    """Return the changes that give *entity* a new version: the version and its one marker."""
    marker = Marker(
        from_version=entity.version,
        to_version=to_version,
        classification=classification,
        change_types=change_types,
        breaking=breaking,
        at=at,
    )
    return {"version": to_version, "evolution_markers": (*entity.evolution_markers, marker)}


def amendment(before: GovernedEntity, after: GovernedEntity) -> EntityAmended:
    """Return the event of a change that has no name of its own."""
    old, new = evidence.content(before), evidence.content(after)
    fields = sorted(name for name in new if new[name] != old.get(name))
    return EntityAmended(version_hash=digest(new), fields=tuple(fields))


def _governed(entity: GovernedEntity) -> Iterable[Violation]:
    governor = entity.governance_agent_id
    if governor == entity.id:
        yield breach("L0-01", "governance_agent_id is the entity itself", "governance_agent_id")
    elif governor.strip() and not _GOVERNOR.fullmatch(governor):
        yield breach(
            "L0-01", "governance_agent_id is no governance identity", "governance_agent_id"
        )


def _minimal(entity: GovernedEntity) -> Iterable[Violation]:
    attributes = entity.custom_attributes
    texts = {
        "tags": "\n".join(entity.tags),
        "custom_attributes": canonical(attributes).decode() if attributes else "",
        "governance_notes": entity.governance_notes or "",
        "external_id": entity.external_id or "",
    }
    for field, text in texts.items():
        for kind in findings(text) if text else ():
            yield breach("L0-06", f"{field} contains what looks like {kind}", field)


def _lifecycle(entity: GovernedEntity) -> Iterable[Violation]:
    if entity.updated_at < entity.created_at:
        yield breach("L1-ENT-09", "updated_at is before created_at", "updated_at")
    if (entity.deleted_at is not None) != (entity.status == "deleted"):
        yield breach("L1-ENT-10", "deleted_at and the status deleted go together", "deleted_at")


def _markers(entity: GovernedEntity) -> Iterable[Violation]:
    """Judge L1-ENT-05: the markers lead from version to version, and end at the present one."""
    markers = entity.evolution_markers
    starts = [marker.from_version for marker in markers]
    ends = [marker.to_version for marker in markers]
    if markers and (starts[1:] != ends[:-1] or ends[-1] != entity.version):
        yield breach(
            "L1-ENT-05", "evolution_markers do not lead to the version", "evolution_markers"
        )
