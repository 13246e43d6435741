"""The platform's figures: read from documents, told in Prometheus' text format or exported."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import ClassVar, get_args

from shared.agents.models.agents import Agent
from shared.agents.models.parts import AgentStatus
from shared.answers import PlainText
from shared.approvals.models.approvals import OPEN, Approval
from shared.enforcing import Enforcement, Level
from shared.events.models import DeadLetter
from shared.observability import Sample
from shared.platform.models.incidents import Incident, Severity
from shared.platform.models.services import LATEST, Observation
from shared.queries import OneOf
from shared.store import Transaction


class Exposition(PlainText):
    """Figures in Prometheus' text format, version 0.0.4."""

    __slots__ = ()
    media_type: ClassVar[str] = "text/plain; version=0.0.4; charset=utf-8"


def measured(txn: Transaction, *, at: datetime) -> list[Sample]:
    """
    Return every figure that the platform's own documents tell, by some fifteen counts.

    Firestore bills one read for a thousand documents that are counted; SQLite reads an index alone, 0.3 s a million.
    """
    agents = {status: txn.count(Agent, status=status) for status in get_args(AgentStatus)}
    pending = txn.count(Approval, status=OneOf(OPEN))
    letters = txn.count(DeadLetter, status="open")
    open_ones = OneOf(("open", "investigating"))
    incidents = {
        severity: txn.count(Incident, status=open_ones, severity=severity)
        for severity in get_args(Severity)
    }
    seen = txn.get_or_none(Observation, LATEST)
    samples = [
        *(
            Sample("waooaw_agents_agents_total", "Agents, by status.", n, {"status": status})
            for status, n in agents.items()
        ),
        Sample("waooaw_approvals_pending_total", "Approvals that wait for an answer.", pending),
        Sample("waooaw_events_dead_letters_total", "Messages that were given up.", letters),
        *(
            Sample(
                "waooaw_platform_incidents_total",
                "Incidents that are not resolved, by severity.",
                n,
                {"severity": severity},
            )
            for severity, n in incidents.items()
        ),
    ]
    return samples + (list(_observed(seen, at)) if seen else [])


def governed(state: Enforcement) -> Iterator[Sample]:
    """Yield whether what happens is governed: by its level, of which one is so, and whether everything is frozen."""
    for level in get_args(Level):
        said = "Whether every change is decided by the rules in force; one level is so."
        so = int(state.level == level)
        yield Sample("waooaw_policy_enforcement_total", said, so, {"level": level})
    frozen = "Whether nothing may change but what a freeze lets through."
    yield Sample("waooaw_policy_frozen_total", frozen, int(state.frozen))


def _observed(seen: Observation, at: datetime) -> Iterator[Sample]:
    yield Sample("waooaw_events_unpublished_total", "Entries not published yet.", seen.unpublished)
    yield Sample("waooaw_events_lag_seconds", "How long the oldest of them has waited.", seen.lag_s)
    yield Sample("waooaw_events_dues_overdue_total", "Promises that came due.", seen.overdue)
    age_s = (at - seen.checked_at).total_seconds()
    yield Sample("waooaw_platform_observation_age_seconds", "Age of the last look.", age_s)
    for service in seen.services:
        if service.health_score is not None:
            yield Sample(
                "waooaw_platform_service_health_ratio",
                "The health of each service, from 0 to 1.",
                service.health_score / 100,
                {"service": service.key},
            )


def exposition(samples: Iterable[Sample]) -> Exposition:
    """Write figures in Prometheus' text format."""
    lines: list[str] = []
    ordered = sorted(samples, key=lambda sample: sample.name)
    for name, group in groupby(ordered, key=lambda sample: sample.name):
        of_the_name = list(group)
        lines += [f"# HELP {name} {of_the_name[0].says}", f"# TYPE {name} {of_the_name[0].kind}"]
        lines += [_line(sample) for sample in of_the_name]
    return Exposition("".join(f"{line}\n" for line in lines))


def _line(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
    return (
        f"{sample.name}{{{labels}}} {sample.value}" if labels else f"{sample.name} {sample.value}"
    )


def _escaped(value: str) -> str:
    return re.sub(r'([\\"])', r"\\\1", value).replace("\n", r"\n")
