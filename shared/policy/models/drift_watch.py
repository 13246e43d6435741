"""The look at what the policies of every tenant do, as a job."""

from shared.entity import Timestamp, Value
from shared.jobs import Work


class DriftWatch(Work, kind="policy.drift_watch"):
    """Look in every tenant that has policies whether what they do differs from what they did in the hour before."""

    until: Timestamp
    """Until when decisions are looked at."""


class DriftWatched(Value):
    """What a round of looking came to."""

    tenants: int
    """How many tenants were visited."""
