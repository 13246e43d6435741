from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.errors import ProviderDown
from shared.events.models import DeadLetter
from shared.observability import Dependencies, Recent, Telemetry
from shared.outside import Backlogs
from shared.platform.actions import incidents
from shared.platform.models.services import LATEST, Observation
from shared.platform.rules import health
from shared.reaction import ReactionCall, reaction


@reaction(every=timedelta(minutes=1))
def probe_services(
    call: ReactionCall, dependencies: Dependencies, backlogs: Backlogs, telemetry: Telemetry
) -> None:
    """
    Look at everything the platform depends on, and open or resolve incidents by what is seen.

    It runs every minute and looks every five, unless something is wrong: then every time.
    """
    with call.transaction() as txn:
        before = txn.get_or_none(Observation, LATEST)
        if not health.due(before, at=call.now):
            return
        now, alarms = health.observed(
            dependencies.look(),
            backlogs.backlog(),
            _recent(telemetry, call.now),
            dead_letters=txn.loosely("a probe says what it saw").count(DeadLetter, status="open"),
            before=before,
            at=call.now,
        )
        incidents.respond(txn, now, alarms, call)
        txn.save(now)


def _recent(telemetry: Telemetry, at: datetime) -> Mapping[str, Recent]:
    """Return the figures of the last minutes, none where nobody says: the other looks are taken all the same."""
    try:
        return telemetry.recent(at)
    except ProviderDown:
        return {}
