"""Rebuilds: what is asked of one, how far it is, and what came of it."""

from typing import Literal

from shared.entity import Code, Coded, Timestamp, Value
from shared.jobs import Resting, Work

Phase = Literal["begins", "clears", "feeds", "follows", "fades", "tidies"]


class Rebuild(Work, kind="platform.rebuild"):
    """Fold a projection from the entries of every tenant again."""

    projection: Code
    """Which one, by its name."""


class Refolded(Resting):
    """How far a rebuild is; `done` counts the entries that it looked at."""

    phase: Phase = "begins"
    """What it does next."""
    since: Timestamp | None = None
    """From when on it feeds entries in this round; null where from the first."""
    until: Timestamp | None = None
    """Until when, itself left out; null before the first round."""
    tenant: str = ""
    """Whose entries it fed last; nobody's at first."""
    cursor: Coded | None = None
    """Where it goes on with those; null where it is done with them."""
    read: int = 0
    """How many entries it looked at in this round."""
    passed: int = 0
    """How many entries could not be folded."""


class Rebuilt(Value):
    """What a rebuild came to."""

    projection: Code
    """Which projection was folded again."""
    entries: int
    """How many entries it looked at."""
    passed: int
    """How many of them could not be folded: nobody whom we trust entered them, or the projection refused them."""
