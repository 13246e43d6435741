"""What policy stands on, as it is changed."""

from collections.abc import Iterable
from datetime import datetime

from shared.actors import PLATFORM
from shared.enforcing import Enforcement, Rules
from shared.entity import Because, Event
from shared.operation import Call
from shared.policy.events.bundles import BundlesInForce, BundlesPublished, BundlesRetired
from shared.policy.events.outages import EnforcementLapsed
from shared.policy.events.standing import BundleActivated, FreezeChanged, ReleaseCame
from shared.policy.models.bundles import PublishedBundles
from shared.policy.models.outages import OutageSeen
from shared.policy.models.sets import PolicySet
from shared.policy.models.standing import STANDING, Freezing, PolicyStanding
from shared.policy.rules import bundles, standing
from shared.policy.rules import outages as rules_of_outages
from shared.store import Transaction
from shared.violations.actions.opening import open_violations
from shared.violations.models import Finding, OpenedViolation
from shared.violations.rules.lifecycle import opened

WHY = "what a process sees meanwhile is told with the next look"

MOST_SEEN = 200
"""How much of what processes saw is told in one run."""


def ship(txn: Transaction, *, release: str, rules: Rules, by: str, at: datetime) -> None:
    """Put the rules of a new release in force, once, and keep them whole, for as long as they are in force."""
    bundle = rules.digest
    before = txn.get_or_none(PolicyStanding, STANDING)
    after = standing.shipped(before, release=release, bundle=bundle, at=at)
    known = txn.get_or_none(PublishedBundles, bundle)
    if after is None:
        if before and before.bundle == bundle:
            keep(txn, rules)
            if known is None:
                own = bundles.brought(rules, None, release=release, by=by, at=at)
                txn.create(bundles.activated(own, approval_id=None, at=at), BundlesInForce())
        return
    gone = txn.get_or_none(PublishedBundles, before.bundle) if before else None
    keep(txn, rules)
    own = bundles.brought(rules, known, release=release, by=by, at=at)
    create_or_save = txn.save if before else txn.create
    if after.approval_id is not None:
        create_or_save(after, ReleaseCame(release=release, brought=bundle))
        told: Event = BundlesPublished(name=own.name, version=own.version)
    else:
        replaced = before.bundle if before else None
        create_or_save(after, BundleActivated(before=replaced, bundle=bundle, release=release))
        if gone is not None and gone.id != bundle:
            txn.save(bundles.retired(gone, at=at), BundlesRetired())
        own, told = bundles.activated(own, approval_id=None, at=at), BundlesInForce()
    if known is None:
        txn.create(own, told)
    else:
        txn.save(own, told)


def watch(txn: Transaction, state: Enforcement, oldest_at: datetime | None, call: Call) -> None:
    """
    Open a violation where nothing may change, tell of outages, and freeze the platform while evidence does not get out.

    Args:
        txn: The transaction.

        state: Whether what happens is governed.

        oldest_at: Since when the oldest entry waits to be published; None where none does.

        call: The call.
    """
    before = txn.get_or_none(PolicyStanding, STANDING)
    seen = _seen(txn)
    over = rules_of_outages.over(seen, at=call.now)
    outages = list(rules_of_outages.outages(over, at=call.now))
    _report(txn, state, seen, call)
    for one in over:
        txn.delete(one)
    for outage in outages:
        txn.create(outage, EnforcementLapsed.of(outage))
    freezing = before and standing.by_itself(before, oldest_at, by=call.actor.id, at=call.now)
    if before and freezing:
        freeze(txn, before, freezing, call)


def _seen(txn: Transaction) -> list[OutageSeen]:
    """Return what processes saw, the first of it; what is more is told with the next runs."""
    seen: list[OutageSeen] = []
    cursor = None
    while len(seen) < MOST_SEEN:
        page = txn.loosely(WHY).find(OutageSeen, order="began_at", cursor=cursor)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return seen


def _report(txn: Transaction, state: Enforcement, seen: Iterable[OutageSeen], call: Call) -> None:
    """Open a violation where nothing may change, or could not, as some process saw it: one a day of each cause."""
    off = {
        one.rule: f"Nothing could change, as what happens was not governed: {one.says}"
        for one in seen
    }
    if state.level == "off" and state.rule:
        off[state.rule] = f"Nothing may change, as what happens is not governed: {state.says}"
    open_violations(txn, [_violation(rule, said, call) for rule, said in off.items()])


def _violation(rule: str, said: str, call: Call) -> OpenedViolation:
    finding = Finding(
        type="constitutional",
        code="CONSTITUTIONAL-BREACH",
        severity="critical",
        description=f"{said}.",
        actor_id=call.actor.id,
        entity_id=f"{PolicyStanding.collection}/{STANDING}",
        automatic_response="blocked",
    )
    occasion = f"{rule} {call.now:%Y-%m-%d}"
    return opened(finding, tenant=PLATFORM, occasion=occasion, by=call.actor.id, at=call.now)


def keep(txn: Transaction, rules: Rules) -> None:
    """Keep rules whole, so that whatever they decide can be replayed; kept before, they are there."""
    if txn.get_or_none(PolicySet, rules.digest) is None:
        kept = PolicySet(
            id=rules.digest, modules=rules.modules, selection=rules.selection, data=rules.data
        )
        txn.create(kept)


def freeze(
    txn: Transaction, before: PolicyStanding, freezing: Freezing, call: Call
) -> PolicyStanding:
    """Freeze the platform, or let it go on; where it is so already, it stays as it is."""
    after = standing.frozen(before, freezing, by=call.actor, at=call.now)
    if after is before:
        return after
    told = FreezeChanged(on=freezing.on, reason=freezing.reason, by=call.actor.id)
    because = Because(rationale=freezing.reason, authority=", ".join(sorted(call.actor.roles)))
    return txn.save(after, told, because=because)
