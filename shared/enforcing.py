"""
Whether what happens is governed: by which rules, by a working engine, under a key, frozen or not.

Every mutation is refused where it is not. Nothing here can be switched: there is no setting by which something that is
not governed happens all the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from shared.entity import Code, Hex64, Printed, Timestamp, Value
from shared.errors import EnforcementUnavailable, Violation
from shared.records import dataclass

Level = Literal["effective", "degraded", "off"]


class Enforcement(Value):
    """Whether every change is decided by the rules in force."""

    level: Level
    """`effective`: it is. `degraded`: it is, and something will soon keep it from being so. `off`: nothing may change."""
    rule: Code | None = None
    """What keeps it from being effective, for programs; null where it is."""
    says: Printed = ""
    """The same in words, with what to do about it; empty where it is effective."""
    since: Timestamp
    """Since when it is so."""
    bundle: Hex64 | None = None
    """The digest of the rules that decide here; null where none do."""
    frozen: bool = False
    """Whether nothing may change but what a freeze lets through."""
    freeze_reason: Printed | None = None
    """Why it is frozen; null where it is not."""

    def demand(self) -> None:
        """
        Refuse to go on where nothing may change.

        Raises:
            EnforcementUnavailable: It is off.
        """
        if self.level == "off":
            raise EnforcementUnavailable(self.says, rule=self.rule, retry_after_s=RETRY_S)


class Rules(Value):
    """All rules that decide together, with what they look up."""

    digest: Hex64
    """The SHA-256 that names them to the byte."""
    modules: Mapping[str, str]
    """The source of each module, by `<bundle>/<file>.rego`."""
    selection: Mapping[str, Sequence[str]]
    """Which bundles an act asks, by its family."""
    data: Mapping[str, Any]
    """What the rules look up."""


@dataclass(frozen=True)
class Judgement:
    """Whether rules may come into force."""

    wrong: tuple[Violation, ...]
    """Everything for which they may not; nothing where they may."""
    tests: tuple[str, ...] = ()
    """The tests that ran, all of which are true where nothing is wrong."""


RETRY_S = 30
"""After how long whoever was refused may ask again, in seconds."""
