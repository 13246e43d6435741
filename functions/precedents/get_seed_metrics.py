from shared.actors import PLATFORM, Scope
from shared.entity import Value
from shared.operation import Call, operation
from shared.precedents.models.figures import Figures
from shared.precedents.models.seeds import SWITCH, SeedSwitch
from shared.precedents.rules.figures import Metrics, metrics


class SeedMetrics(Value):
    """Whether seeds decide, and how well they did."""

    on: bool
    """Whether seeds decide at all: the switch."""
    figures: Metrics
    """How well seeds answered in the last 30 days."""


@operation(
    "GET",
    "/v1/precedent-seeds/metrics",
    scopes={Scope.PRECEDENTS_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_seed_metrics(call: Call) -> SeedMetrics:
    """Show how often seeds answered in the last 30 days, and how often people disagreed."""
    with call.transaction() as txn:
        switch = txn.get_or_none(SeedSwitch, SWITCH)
        kept = txn.all(Figures)
    on = switch is None or switch.on
    return SeedMetrics(on=on, figures=metrics(kept, at=call.now))
