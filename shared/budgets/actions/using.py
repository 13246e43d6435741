"""What was used, counted as it comes in, and read without looking at each event."""

import zlib
from datetime import datetime, timedelta
from typing import Any

from shared.budgets.events.usage import UsageRecorded
from shared.budgets.models.usage import Bucket, UsageBucket, UsageQuery, UsageTotal
from shared.budgets.rules import usage
from shared.errors import Invalid
from shared.projection import Fold
from shared.queries import MAX_ALL, Between
from shared.store import Transaction

BUCKETS: tuple[Bucket, ...] = ("day", "month")
SHARDS = 4
"""In how many documents one agent's use of one kind is counted."""

USUAL = {"day": timedelta(days=31), "month": timedelta(days=366)}
"""How far back sums go where nobody says."""

LATER = "what is counted meanwhile is in the next look"


def count(call: Fold, event: UsageRecorded) -> None:
    """Count an event in its day and its month, always in the same shard."""
    shard = zlib.crc32(call.subject_id.encode()) % SHARDS
    with call.transaction() as txn:
        starts = {bucket: usage.start(bucket, call.now) for bucket in BUCKETS}
        ids = {
            bucket: f"{bucket}:{start}:{event.agent_id}:{event.event_type}:{shard}"
            for bucket, start in starts.items()
        }
        known = txn.get_all(UsageBucket, ids.values())
        for bucket, id in ids.items():
            before = known.get(id) or UsageBucket(
                id=id,
                bucket=bucket,
                start=starts[bucket],
                agent_id=event.agent_id,
                event_type=event.event_type,
            )
            txn.save(usage.added(before, event))


def totals(txn: Transaction, query: UsageQuery, *, at: datetime) -> tuple[UsageTotal, ...]:
    """
    Return what was used by day or by month.

    Raises:
        Invalid: It is of too many agents or days at once.
    """
    bucket = query.bucket or "day"
    until = query.until or at
    since = query.since or until - USUAL[bucket]
    tests: dict[str, Any] = query.tests("agent_id", "event_type")
    tests |= {"bucket": bucket}
    tests |= {"start": Between(usage.start(bucket, since), usage.start(bucket, until))}
    if txn.count(UsageBucket, **tests) > MAX_ALL:
        raise Invalid(
            "this is too much at once: name an agent, a kind or less time", rule="too_many"
        )
    return usage.totals(txn.all(UsageBucket, order="start", **tests))
