"""
What records say that follows from evidence: names, numbers given out, and manifests as they were certified.

A record is no evidence by itself. Where an entity implies one, it is held to that; all others are only counted.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from shared.actors import PLATFORM
from shared.agents.actions.specification import taken_id
from shared.agents.models.agents import Agent
from shared.canonical import canonical
from shared.documents import Key
from shared.errors import Invalid, Violation
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.skills import Skill
from shared.learning.models import DraftNumbers, SeedDraft
from shared.manifests.models.manifests import Manifest, ManifestSnapshot
from shared.manifests.rules import stored_hash
from shared.names import TakenName, name_id
from shared.numbers import ExternalIds, Numbers
from shared.platform.models.incidents import NUMBERS, Incident, IncidentNumbers
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules.builtin_seeds import given
from shared.verification import where

_TABLES = """
create table implied_names (tenant text, name text, holder text);
create table taken_names (tenant text, name text, holder text);
create table implied_numbers (place text, least integer);
create table given_numbers (place text, given integer);
create table manifests (tenant text, agent text, hash text, job_role text);
create table snapshots (tenant text, hash text, agent text, constitution text, content text);
"""
_NUMBERED = {
    Agent.collection: "external_id",
    Industry.collection: "external_id",
    JobRole.collection: "external_id",
    Skill.collection: "external_id",
    PrecedentSeed.collection: "seed_id",
    SeedDraft.collection: "external_id",
    Incident.collection: "number",
}
"""Which member of an entity is a number that was given out."""

_NUMBER = re.compile(r"(?P<family>.+)-(?P<n>[0-9]{3,9})")
_DAY = re.compile(r"AUTO-(\d{4})(\d\d)(\d\d)")
_NAMED = {kind.collection: kind for kind in (Industry, JobRole, Skill)}


_NUMBERS: dict[str, type[Numbers]] = {
    kind.collection: kind for kind in (ExternalIds, IncidentNumbers, DraftNumbers)
}
_COLLECTIONS = {TakenName.collection, ManifestSnapshot.collection, *_NUMBERS}


class Implied:
    """What was seen of both sides, kept aside until all is read."""

    def __init__(self, notes: sqlite3.Connection) -> None:
        """Begin with nothing, in a database that is thrown away."""
        self._notes = notes
        notes.executescript(_TABLES)

    def entity(self, place: Key, entity: Mapping[str, Any]) -> None:
        """Take down what an entity implies; one that is no such entity implies nothing, and is told of elsewhere."""
        number = entity.get(_NUMBERED.get(place.collection, ""))
        if isinstance(number, str) and (counted := _counted(place.collection, number)):
            self._keep("implied_numbers", (where(counted[0]), counted[1]))
        for name in _names(place.collection, entity):
            self._keep("implied_names", (place.tenant, name, place.id))
        if place.collection == Manifest.collection:
            certificate = entity.get("certification") or {}
            said = (certificate.get("manifest_hash"), entity.get("job_role_id"))
            self._keep("manifests", (place.tenant, place.id, *said))

    def record(self, place: Key, record: Mapping[str, Any]) -> None:
        """Take down what a record says, if an entity may imply it."""
        if place.collection not in _COLLECTIONS:
            return
        try:
            canonical(record)
            self._record(place, record)
        except (ValidationError, Invalid):
            # What is no record of its kind says nothing, and is missed by what implies it.
            return

    def _record(self, place: Key, record: Mapping[str, Any]) -> None:
        match place.collection:
            case TakenName.collection:
                taken = TakenName.from_stored(record)
                self._keep("taken_names", (place.tenant, place.id, taken.holder))
            case collection if collection in _NUMBERS:
                given = _NUMBERS[collection].from_stored(record).given
                self._keep("given_numbers", (where(place), given))
            case ManifestSnapshot.collection:
                seen = ManifestSnapshot.from_stored(record)
                content = json.dumps(record["content"])
                said = (seen.agent_id, seen.certification.constitution_version, content)
                if seen.certification.manifest_hash == place.id:
                    self._keep("snapshots", (place.tenant, place.id, *said))

    def breaks(self) -> Iterator[Violation]:
        """Return what does not follow, in either direction."""
        for query, said in _NOT_FOLLOWING.items():
            for row in self._notes.execute(query):
                yield Violation(rule="RECORD_MISMATCH", message=said.format(*row))
        for tenant, hash, agent, constitution, content, job_role in self._notes.execute(
            "select s.*, m.job_role from snapshots s"
            " join manifests m on m.tenant = s.tenant and m.agent = s.agent"
        ):
            found = stored_hash(
                json.loads(content),
                agent_id=agent,
                job_role_id=job_role,
                constitution_version=constitution,
            )
            if found != hash:
                said = (
                    f"{tenant}/{ManifestSnapshot.collection}/{hash}: it is kept under another hash"
                )
                yield Violation(rule="RECORD_MISMATCH", message=f"{said} than it has")

    def _keep(self, table: str, row: tuple[Any, ...]) -> None:
        places = ", ".join("?" * len(row))
        self._notes.execute(f"insert into {table} values ({places})", row)  # noqa: S608


_NOT_FOLLOWING = {
    """
    select i.tenant, i.holder, i.name from implied_names i
    left join taken_names t on t.tenant = i.tenant and t.name = i.name where t.name is null
    """: "{0}/taken_names/{2}: it is missing, and {1} has that name",
    """
    select t.tenant, t.holder, t.name from taken_names t
    left join implied_names i on i.tenant = t.tenant and i.name = t.name and i.holder = t.holder
    where i.name is null
    """: "{0}/taken_names/{2}: it says that {1} has that name, who has not",
    """
    select i.place, max(i.least), coalesce(max(g.given), 0) from implied_numbers i
    left join given_numbers g on g.place = i.place group by i.place having max(i.least) > coalesce(max(g.given), 0)
    """: "{0}: it says that {2} numbers were given out, and number {1} was",
    """
    select m.tenant, m.hash, m.agent from manifests m
    left join snapshots s on s.tenant = m.tenant and s.hash = m.hash and s.agent = m.agent
    where m.hash is not null and s.hash is null
    """: "{0}/manifest_versions/{1}: it is missing, and the manifest of {2} was certified under that hash",
}


def _names(collection: str, entity: Mapping[str, Any]) -> list[str]:
    name = entity.get("name")
    if collection == Agent.collection and isinstance(name, str):
        return [taken_id(name)]
    try:
        kind = _NAMED.get(collection)
        named = kind.from_stored(entity) if kind else None
    except ValidationError:
        return []
    return [name_id(named.entity_type, one) for one in named.names] if named else []


def _counted(collection: str, number: str) -> tuple[Key, int] | None:
    """Return which record counts such numbers, and how many it must have counted."""
    parts = _NUMBER.fullmatch(number)
    if parts is None:
        return None
    family, n = parts["family"], int(parts["n"])
    if collection == Incident.collection:
        return Key(PLATFORM, IncidentNumbers.collection, NUMBERS), n
    if collection == SeedDraft.collection:
        day = _DAY.fullmatch(family)
        return (Key(PLATFORM, DraftNumbers.collection, "-".join(day.groups())), n) if day else None
    if collection == PrecedentSeed.collection and n <= given(family):
        # The seeds that every installation begins with have their numbers from elsewhere.
        return None
    return Key(PLATFORM, ExternalIds.collection, family), n
