"""What is written when something goes wrong: incidents, their numbers, their ends."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from shared.operation import Call
from shared.platform.events import IncidentOpened, IncidentRested
from shared.platform.models.incidents import (
    NUMBERS,
    Incident,
    IncidentNumbers,
    IncidentReport,
    IncidentStep,
)
from shared.platform.models.services import LATEST, Observation
from shared.platform.rules import incidents
from shared.platform.rules.health import Alarm
from shared.platform.rules.incidents import RESTS
from shared.queries import OneOf
from shared.records import dataclass
from shared.store import Transaction

NOT_CLOSED = OneOf(("open", "investigating", "resolved"))


def report(txn: Transaction, said: IncidentReport, call: Call) -> Incident:
    """Keep a report: in the incident it belongs to, or as a new one."""
    known = _known(txn)
    before = _numbers(txn)
    same = incidents.joined(said, known, by=call.actor, at=call.now)
    if same:
        return _keep(txn, same, call)
    last, number = incidents.numbered(before)
    new = incidents.opened(said, id=call.new_id(), number=number, by=call.actor, at=call.now)
    txn.save(last)
    return _open(txn, new)


@dataclass(frozen=True)
class Assignment:
    """An incident of its own about one thing, in the hands of whoever is to see to it, once it is kept."""

    txn: Transaction
    id: str
    known: Incident | None
    given: IncidentNumbers

    def keep(self, said: IncidentReport, call: Call, *, owner: str) -> Incident:
        """Keep it: it joins no other, for its owner would be lost; kept before, it is there."""
        if self.known is not None:
            return self.known
        last, number = incidents.numbered(self.given)
        new = incidents.opened(
            said, id=self.id, number=number, by=call.actor, at=call.now, detected_by="agent"
        )
        self.txn.save(last)
        return _open(self.txn, new.model_copy(update={"owner": owner}))


def assignment(txn: Transaction, about: str) -> Assignment:
    """Read what the incident about one thing begins with, before anything is written."""
    id = str(uuid5(NAMESPACE_URL, f"waooaw incident\n{about}"))
    return Assignment(txn, id, txn.get_or_none(Incident, id), _numbers(txn))


def unserved(agent_id: str, why: str) -> IncidentReport:
    """Report a release that was approved and never came into service."""
    return IncidentReport(
        title="Approved, and not in service",
        description=f"The release of the agent {agent_id} was approved, and {why}. It was taken back, and nothing"
        " of it is in service. Specify the agent again if it is still wanted.",
        type="agent_failure",
        severity="high",
        affected_services=("workflow_engine",),
        affected_agents=(agent_id,),
    )


def step(txn: Transaction, incident_id: str, done: IncidentStep, call: Call) -> Incident:
    """Keep a step of an incident."""
    before = txn.get(Incident, incident_id)
    seen = txn.get_or_none(Observation, LATEST)
    after = incidents.stepped(
        before, done, by=call.actor, at=call.now, green_since=_green_since(before, seen)
    )
    return _keep(txn, after, call)


def respond(txn: Transaction, now: Observation, alarms: Sequence[Alarm], call: Call) -> None:
    """Open, reopen and resolve incidents by the alarms that are on."""
    known = _known(txn)
    before = _numbers(txn) if alarms else IncidentNumbers(id=NUMBERS)
    by = call.actor.id
    for incident in known:
        green = _green_since(incident, now)
        after = incidents.recovered(incident, green_since=green, at=call.now, by=by)
        if after:
            _keep(txn, after, call)
    last = before
    for alarm in alarms:
        of_the_alarm = [incident for incident in known if incident.alarm == alarm.key]
        if any(incident.status != "resolved" for incident in of_the_alarm):
            continue
        again = _first(incidents.recurred(one, at=call.now, by=by) for one in of_the_alarm)
        if again:
            _keep(txn, again, call)
            continue
        last, number = incidents.numbered(last)
        new = incidents.opened(
            _of(alarm),
            id=call.new_id(),
            number=number,
            by=call.actor,
            at=call.now,
            detected_by="alert",
        )
        _open(txn, new)
    if last is not before:
        txn.save(last)


def _known(txn: Transaction) -> tuple[Incident, ...]:
    return txn.all(Incident, order="-detected_at", status=NOT_CLOSED)


def _numbers(txn: Transaction) -> IncidentNumbers:
    return txn.get_or_none(IncidentNumbers, NUMBERS) or IncidentNumbers(id=NUMBERS)


def _open(txn: Transaction, new: Incident) -> Incident:
    refs = (*new.affected_services, *new.affected_agents)
    return txn.create(new, IncidentOpened(severity=new.severity, kind=new.type, refs=refs))


def _keep(txn: Transaction, after: Incident, call: Call) -> Incident:
    kept = txn.save(after, incidents.transition(after, call.actor.id))
    if kept.status == "resolved" and kept.resolved_at == call.now:
        rest = IncidentRested(resolved_at=call.now)
        txn.schedule(rest, at=call.now + RESTS, about=kept)
    return kept


def _green_since(incident: Incident, seen: Observation | None) -> datetime | None:
    """Return since when an incident's alarm is off; an alarm that nobody remembers has long been off."""
    if seen is None or incident.alarm in seen.raised:
        return None
    return seen.cleared.get(incident.alarm, incident.detected_at)


def _first(found: Iterable[Incident | None]) -> Incident | None:
    return next((one for one in found if one), None)


def _of(alarm: Alarm) -> IncidentReport:
    return IncidentReport(
        title=alarm.title,
        description=f"The probes found that {alarm.title}.",
        type=alarm.type,
        severity=alarm.severity,
        affected_services=(alarm.service,),
    )
