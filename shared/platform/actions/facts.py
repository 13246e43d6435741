"""What rules may know about who is called outside."""

import re
from collections.abc import Mapping
from typing import Any

from shared.deciding import Question
from shared.platform.models.breakers import NAMED, Circuit, CircuitReset
from shared.platform.rules import breakers
from shared.store import Transaction


def facts(txn: Transaction, question: Question) -> Mapping[str, Any]:
    """
    Return whether the integration of a tool, the part of its name before the dot, answers; nothing where none is used.

    A name that no target has is looked for nowhere: what a tool is called is said from outside, and may be no id.
    """
    if not question.tool:
        return {}
    integration = question.tool.partition(".")[0]
    circuit = txn.get_or_none(Circuit, integration) if re.match(NAMED, integration) else None
    opened = circuit is not None and circuit.opened_at is not None
    reset = txn.get_or_none(CircuitReset, integration) if opened else None
    return {"context": {"breaker": breakers.state(circuit, reset, at=question.now)}}
