"""The rules of times in which nothing could change: which of them are told, and in which words."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import NAMESPACE_OID, uuid5

from shared.actors import PLATFORM, Role
from shared.entity import written
from shared.notifications.models import Notification
from shared.notifications.rules.notices import notice, saying
from shared.policy.models.outages import Outage, OutageSeen

LOST_SIGHT = timedelta(minutes=2)
"""After how long a process that saw something wrong, and nothing since, is not waited for."""

TOLD = (Role.GOVERNOR, Role.INFRASTRUCTURE_ENGINEER)


def over(seen: Iterable[OutageSeen], *, at: datetime) -> list[OutageSeen]:
    """Return what of all that processes saw is over, or of which nobody says any more whether it is: a cause at once."""
    every = list(seen)
    lasting = {one.rule for one in every if not one.ended_at and at - one.seen_at < LOST_SIGHT}
    return [one for one in every if one.rule not in lasting]


def outages(seen: Sequence[OutageSeen], *, at: datetime) -> Iterator[Outage]:
    """Yield the outages that several processes saw: what they saw of one cause, with nothing between, is one."""
    ordered = sorted(seen, key=lambda one: (one.rule, one.began_at))
    for _, alike in groupby(ordered, key=lambda one: one.rule):
        together: list[OutageSeen] = []
        for one in alike:
            if together and one.began_at > max(_end(other) for other in together):
                yield _outage(together, at)
                together = []
            together.append(one)
        yield _outage(together, at)


def _end(one: OutageSeen) -> datetime:
    return one.ended_at or one.seen_at


def _outage(together: Sequence[OutageSeen], at: datetime) -> Outage:
    first = together[0]
    return Outage(
        id=str(uuid5(NAMESPACE_OID, f"outage {first.id} {written(_end(first))}")),
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        rule=first.rule,
        says=first.says,
        began_at=first.began_at,
        ended_at=max(_end(one) for one in together),
        over=all(one.ended_at for one in together),
        processes=len(together),
    )


def told(outage: Outage, *, at: datetime) -> Iterator[Notification]:
    """Yield the notices of an outage: of one cause, one an hour to each of those who look after the platform."""
    for audience in TOLD:
        new = notice(
            "announcement",
            tenant=PLATFORM,
            audience=audience,
            subject=f"{Outage.collection}/{outage.id}",
            title=f"Nothing could change for {outage.seconds} s",
            body=f"{written(outage.began_at)}: {outage.rule}, seen by {_processes(outage)}. {outage.says}",
            at=at,
        )
        yield saying(None, new.model_copy(update={"priority": "high"}))


def _processes(outage: Outage) -> str:
    return "one process" if outage.processes == 1 else f"{outage.processes} processes"
