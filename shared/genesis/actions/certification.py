"""Certification, as it is kept: the decision, its number, its names, and what it replaces."""

from typing import TypeVar

from shared.constitution import amendment
from shared.genesis.actions import names
from shared.genesis.actions.examination import Examination
from shared.genesis.models.catalogue import CatalogueEntity, Status
from shared.genesis.rules import announcements, lifecycle
from shared.operation import Call
from shared.store import Transaction

C = TypeVar("C", bound=CatalogueEntity)


def decided(txn: Transaction, call: Call, before: C, found: Examination) -> C:
    """
    Keep an entity certified, or rejected, as it was found; a certified one replaces what it supersedes.

    Raises:
        Conflict: It does not wait for its certification, or all that it lacks is a verdict.
        Forbidden: Somebody other than Genesis certifies.
        SelfApproval: The certifier wrote it.
    """
    ids = names.external_ids(txn, before)
    number = max(ids.next, 2 if found.older else 1)
    after = lifecycle.certified(
        before,
        found.checks,
        found.breaches,
        by=call.actor,
        at=call.now,
        certification_id=call.new_id(),
        number=number,
    )
    saved = txn.save(after, announcements.decision(after))
    if saved.status is Status.CERTIFIED:
        txn.save(ids.upto(number))
        names.settle(txn, found.held, saved)
        if found.older:
            names.release(txn, found.held, found.older, saved)
            replaced = lifecycle.deprecated(found.older, saved)
            txn.save(replaced, amendment(found.older, replaced))
    return saved
