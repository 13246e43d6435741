"""The figures of seeds: what happened to requests, day by day."""

from collections.abc import Mapping
from typing import ClassVar

from shared.entity import Value
from shared.handling import ForEver, Handling, Nobody, Stays
from shared.projections import View


class Day(Value):
    """What happened to requests on one day."""

    eligible: int = 0
    """Requests that a seed may decide on, if there is one."""

    matched: int = 0
    """Requests that a seed answered."""
    approved: int = 0
    """Requests that were approved, by anybody."""
    vetoed: int = 0
    """Approvals that were objected to."""
    compared: int = 0
    """Predictions of seeds in shadow that people have decided on."""
    disagreed: int = 0
    """Those of them that people decided otherwise."""


class Figures(View):
    """The last days of one shard of the requests."""

    collection: ClassVar[str] = "seed_figures"
    projection: ClassVar[str] = "precedents.figures"
    handling: ClassVar = Handling(
        kept=ForEver("one document a shard, with its last days alone"),
        export=Nobody("a counter"),
        erasure=Stays("a counter"),
    )

    days: Mapping[str, Day] = {}
