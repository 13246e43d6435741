"""What rules may know about what a tenant's agents did before: which rules over history the use of a tool breaks."""

from collections.abc import Mapping
from typing import Any

from shared.deciding import Question
from shared.policy.actions.policies_in_force import history
from shared.store import Transaction


def facts(txn: Transaction, question: Question) -> Mapping[str, Any]:
    """Return which rules over history of the tenant are broken; nothing where it has none, or no tool is used."""
    rules = history(txn) if question.tool else ()
    if not rules:
        return {}
    # Who has no such rules does not load what judges by them.
    from shared.policy.actions.remembering import looked

    return {"context": {"history": looked(txn, rules, question)}}
