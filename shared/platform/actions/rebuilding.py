"""The steps of a rebuild: what each phase reads and writes."""

from datetime import timedelta

from shared.evidence import Entry
from shared.job import JobStep
from shared.platform.models.rebuilds import Rebuilt, Refolded
from shared.platform.rules import rebuilds
from shared.projections import Projections, Sides, alone, beside, switched
from shared.queries import AtMost, Between, moment
from shared.store import Transaction

AT_ONCE = 100
EVERYWHERE = "what a projection shows follows from the events of every tenant"
STAYS = "an entry is never changed, and those of a time that has passed are all there"
INSTANT = timedelta(milliseconds=1)


def step(
    call: JobStep, name: str, so_far: Refolded, projections: Projections
) -> Refolded | Rebuilt:
    """Do the next step of a rebuild."""
    patience = projections.patience
    if so_far.phase in {"feeds", "follows"}:
        return _fed(call, name, so_far, projections)
    with call.transaction() as txn:
        sides = of(txn, name)
        match so_far.phase:
            case "begins":
                after = _keep(txn, sides, alone(sides, at=call.now))
                calm = after.changed_at and after.changed_at + patience
                return rebuilds.clearing(so_far, rests_until=calm)
            case "fades":
                _keep(txn, sides, alone(sides, at=call.now))
                return rebuilds.tidying(so_far, rests_until=call.now + patience)
    if projections.clear(call, name, sides.other):
        return so_far.model_copy(update={"rests_until": None})
    if so_far.phase == "tidies":
        return Rebuilt(projection=name, entries=so_far.done, passed=so_far.passed)
    return rebuilds.feeding(so_far, until=call.now - patience)


def of(txn: Transaction, name: str) -> Sides:
    """Return the sides of a projection."""
    return txn.get_or_none(Sides, name) or Sides(id=name)


def _fed(call: JobStep, name: str, so_far: Refolded, projections: Projections) -> Refolded:
    """Feed a page of entries to the other side, or end the round of all tenants."""
    everywhere = call.each_tenant(EVERYWHERE)
    tenant = so_far.tenant if so_far.cursor else everywhere.tenant_after(Entry, so_far.tenant)
    if tenant is None:
        return _round_over(call, name, so_far, projections.patience)
    with call.transaction() as own:
        side = of(own, name).other
    last = moment((so_far.until or call.now) - INSTANT)
    within = Between(moment(so_far.since), last) if so_far.since else AtMost(last)
    with call.within(tenant, EVERYWHERE) as txn:
        page = txn.loosely(STAYS).find_stored(
            Entry, order="ts", limit=AT_ONCE, cursor=so_far.cursor, ts=within
        )
    passed = projections.feed(call, name, side, page.items)
    return rebuilds.fed(so_far, tenant, page.next_cursor, entries=len(page.items), passed=passed)


def _round_over(call: JobStep, name: str, so_far: Refolded, patience: timedelta) -> Refolded:
    with call.transaction() as txn:
        sides = of(txn, name)
        if so_far.phase == "follows":
            txn.save(switched(sides, at=call.now))
            return rebuilds.fading(so_far, rests_until=call.now + patience)
        if rebuilds.behind(so_far):
            return rebuilds.again(so_far, until=call.now - patience)
        since = call.now + patience
        txn.save(beside(sides, since=since, at=call.now))
        return rebuilds.following(so_far, since=since, patience=patience)


def _keep(txn: Transaction, before: Sides, after: Sides) -> Sides:
    return before if after == before else txn.save(after)
