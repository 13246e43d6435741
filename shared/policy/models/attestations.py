"""How an act was decided, as it is shown to those who may see it."""

from typing import Literal

from shared.deciding import Decision
from shared.entity import Code, Printed, Timestamp, Value

Enforced = Literal["executed", "denied", "approval_pending", "answered"]


class Evidence(Value):
    """Where a decision lies in evidence, and who signed it."""

    stream: Code
    """What it is about: the chain of the entry that carries it, or `decisions` where it is kept by itself."""
    action: Code | None
    """What happened; null where nothing was entered."""
    ts: Timestamp
    """When it was entered."""
    kid: Code
    """The key that signed it, see `/.well-known/jwks.json`."""
    sig: Code
    """The Ed25519 signature over the canonical JSON of all of it."""


class PolicyAttestation(Value):
    """How an act was decided, what came of it, and why, in words."""

    decision_id: Code
    """By which it is looked up here, and cited in evidence."""
    enforcement_result: Enforced
    """What came of it: the act was done, denied, waits for an approval, or only asked about."""
    explanation: tuple[Printed, ...]
    """Why it is so, and what would make it pass, in sentences."""
    decision: Decision | None
    """The decision; null where somebody was refused before any rule was asked. Its `input` is for staff alone."""
    evidence: Evidence
    """Where it lies in evidence."""
