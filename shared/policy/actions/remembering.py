"""What the tools of a tenant's agents did, held to its rules over history, and remembered for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.attesting import Attestation
from shared.deciding import Decision, Question
from shared.errors import NotFound
from shared.history.actions import gate
from shared.history.models import Act, Broken, Rule
from shared.history.rules.memory import is_one, remembered
from shared.judged import STORED
from shared.policy.actions.policies_in_force import history
from shared.policy.rules.language.histories import act_of, told
from shared.store import Transaction

NEW = "-"
"""The id of an act that has none yet, so that it is no other one's."""


def looked(txn: Transaction, rules: Sequence[Rule], question: Question) -> dict[str, Any]:
    """
    Return which rules the use of a tool breaks, by all that is done and all that is in flight, as a document says it.

    One that counts by runs is broken by what names none: whoever left it out would begin anew.
    """
    act = _act(question, NEW)
    found = gate.look(txn, rules, act, at=question.now)
    if act.run:
        return told(act, found)
    already = {one.rule for one in found}
    said = "this rule looks at what was done in the same run: name the run with run_id"
    unsaid = (
        Broken(rule=one.id, message=said, severity=one.severity)
        for one in rules
        if one.across == "run" and one.id not in already and _concerns(one, act)
    )
    return told(act, (*found, *unsaid))


def begun(txn: Transaction, question: Question, decision: Decision) -> None:
    """Remember that a tool is used as it was decided in this transaction: it is in flight until `ended`."""
    if "history" in decision.input["context"]:
        act = _act(question, decision.decision_id)
        gate.remember(txn, history(txn), act, at=question.now)


def allowed(txn: Transaction, decision_id: str) -> Decision:
    """
    Return the decision by which a tool may be used.

    Raises:
        NotFound: None was allowed by that id here.
    """
    kept = txn.get_or_none(Attestation, decision_id)
    if kept is not None:
        decision = Decision.model_validate(kept.decision, context=STORED)
        if "tool" in decision.input["action"] and decision.verdict.startswith("allow"):
            return decision
    raise NotFound(
        "no use of a tool was allowed by that id here; take the one that the answer says"
    )


def ended(txn: Transaction, decision: Decision, how: gate.Ended, *, at: datetime) -> bool:
    """Remember how the use of a tool ended; return whether that is so, as what is done cannot have failed."""
    said = decision.input
    known = said["context"].get("history")
    if known is None:
        return True
    act = act_of(said, id=decision.decision_id, run=known["run"], agent=said["resource"]["id"])
    return gate.finish(txn, history(txn), act, how, at=at)


def _act(question: Question, id: str) -> Act:
    document = question.document({})
    return act_of(
        document,
        id=id,
        run=question.path.get("run_id", ""),
        agent=question.path.get("agent_id", ""),
    )


def _concerns(rule: Rule, act: Act) -> bool:
    return remembered(rule, act) is not None or is_one(rule.act, act) != "no"
