from datetime import timedelta

from shared.observability import Telemetry
from shared.platform.actions import figures
from shared.reaction import ReactionCall, reaction


@reaction(every=timedelta(minutes=5))
def export_metrics(call: ReactionCall, telemetry: Telemetry) -> None:
    """Hand the platform's figures to where they are kept and watched."""
    with call.transaction() as txn:
        samples = figures.measured(txn, at=call.now)
    telemetry.export(samples)
