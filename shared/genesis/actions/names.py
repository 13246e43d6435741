"""Names that nobody else has, kept as records beside the entities."""

from collections.abc import Mapping
from typing import TypeVar

from shared.errors import Conflict
from shared.genesis.models.catalogue import CatalogueEntity, Status
from shared.genesis.models.industries import Industry
from shared.names import TakenName, name_id
from shared.numbers import ExternalIds
from shared.store import Transaction

C = TypeVar("C", bound=CatalogueEntity)

Held = Mapping[str, TakenName | None]
"""The records of names, by id; None for a name that is free."""


def read(txn: Transaction, *entities: CatalogueEntity) -> Held:
    """Return who has the names of some entities."""
    wanted = {key for entity in entities for key in _keys(entity)}
    return {key: txn.get_or_none(TakenName, key) for key in sorted(wanted)}


def predecessor(txn: Transaction, entity: C) -> C | None:
    """Return what an entity supersedes, if it does and there is such a thing."""
    return txn.get_or_none(type(entity), entity.supersedes) if entity.supersedes else None


def free(held: Held, entity: CatalogueEntity) -> bool:
    """Say whether an entity may have its names: nobody else has them but what it supersedes."""
    allowed = {entity.id, entity.supersedes}
    return all(record is None or record.holder in allowed for record in _of(held, entity))


def claim(held: Held, entity: CatalogueEntity) -> None:
    """
    Let an entity have its names.

    Raises:
        Conflict: Somebody else has one of them.
    """
    if not free(held, entity):
        allowed = {entity.id, entity.supersedes}
        others = [record.holder for record in _of(held, entity) if record]
        other = next(holder for holder in others if holder not in allowed)
        raise Conflict(
            f"there is such {entity.noun} already, {other}; use it, or supersede it",
            rule="duplicate_entity",
        )


def settle(
    txn: Transaction, held: Held, after: CatalogueEntity, before: CatalogueEntity | None = None
) -> None:
    """Keep the names that an entity now has, and free those that it had before."""
    for key in _keys(after):
        record = held[key]
        if record is None:
            txn.create(TakenName(id=key, holder=after.id))
        elif record.holder != after.id and after.status is Status.CERTIFIED:
            txn.save(record.model_copy(update={"holder": after.id}))
    for key in sorted(set(_keys(before) if before else ()) - set(_keys(after))):
        record = held[key]
        if record and record.holder == after.id:
            txn.delete(record)


def release(txn: Transaction, held: Held, older: CatalogueEntity, after: CatalogueEntity) -> None:
    """Free the names of what was replaced that its successor does not have."""
    for key in sorted(set(_keys(older)) - set(_keys(after))):
        record = held[key]
        if record and record.holder == older.id:
            txn.delete(record)


def industry_of(txn: Transaction, code: str) -> Industry | None:
    """Return the industry that has a code."""
    taken = txn.get_or_none(TakenName, name_id("industry", f"code|{code}"))
    return txn.get_or_none(Industry, taken.holder) if taken else None


def external_ids(txn: Transaction, entity: CatalogueEntity) -> ExternalIds:
    """Return how many external ids were given out to the likes of an entity."""
    family = f"{entity.prefix}-{entity.sector}"
    return txn.get_or_none(ExternalIds, family) or ExternalIds(id=family)


def _keys(entity: CatalogueEntity) -> tuple[str, ...]:
    return tuple(name_id(entity.entity_type, name) for name in entity.names)


def _of(held: Held, entity: CatalogueEntity) -> list[TakenName | None]:
    return [held[key] for key in _keys(entity)]
