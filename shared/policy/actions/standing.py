"""What policy stands on, as it is changed."""

from datetime import datetime

from shared.enforcing import Rules
from shared.entity import Because
from shared.operation import Call
from shared.policy.events.standing import BundleActivated, FreezeChanged
from shared.policy.models.sets import PolicySet
from shared.policy.models.standing import STANDING, Freezing, PolicyStanding
from shared.policy.rules import standing
from shared.store import Transaction


def ship(txn: Transaction, *, release: str, rules: Rules, at: datetime) -> None:
    """Put the rules of a new release in force, once, and keep them whole."""
    bundle = rules.digest
    before = txn.get_or_none(PolicyStanding, STANDING)
    after = standing.shipped(before, release=release, bundle=bundle, at=at)
    if after is None:
        return
    keep(txn, rules)
    told = BundleActivated(before=before.bundle if before else None, bundle=bundle, release=release)
    if before is None:
        txn.create(after, told)
    else:
        txn.save(after, told)


def keep(txn: Transaction, rules: Rules) -> None:
    """Keep rules whole, so that whatever they decide can be replayed; kept before, they are there."""
    if txn.get_or_none(PolicySet, rules.digest) is None:
        kept = PolicySet(
            id=rules.digest, modules=rules.modules, selection=rules.selection, data=rules.data
        )
        txn.create(kept)


def freeze(txn: Transaction, freezing: Freezing, call: Call) -> PolicyStanding:
    """Freeze the platform, or let it go on; where it is so already, it stays as it is."""
    before = txn.get(PolicyStanding, STANDING)
    after = standing.frozen(before, freezing, by=call.actor, at=call.now)
    if after is before:
        return after
    told = FreezeChanged(on=freezing.on, reason=freezing.reason, by=call.actor.id)
    because = Because(rationale=freezing.reason, authority=", ".join(sorted(call.actor.roles)))
    return txn.save(after, told, because=because)
