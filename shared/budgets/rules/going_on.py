"""Whether new work may begin though most of a budget is used: asked once in a window, decided by a person."""

from datetime import datetime

from shared.actors import PLATFORM
from shared.approvals.models.approvals import Consumer
from shared.approvals.models.questions import ApprovalRequest
from shared.budgets.events.budgets import ThresholdCrossed
from shared.budgets.models.budgets import Budget
from shared.budgets.rules.limits import MARKS, window_at


def asked_for(budget: Budget, event: ThresholdCrossed, *, at: datetime) -> bool:
    """Say whether a threshold asks for it: it is that one, its window is not over, and nobody asked in it yet."""
    now = window_at(budget.window, at).name
    action = dict(MARKS[budget.scope_kind]).get(event.mark)
    return action == "approve" and event.window == now and budget.asked_in != now


def agreed_to(budget: Budget, *, at: datetime) -> bool:
    """Say whether a person agreed in this window."""
    return budget.agreed_in == window_at(budget.window, at).name


def asked(budget: Budget, *, approval_id: str, at: datetime) -> Budget:
    """Return a budget of which it is asked in this window."""
    name = window_at(budget.window, at).name
    return budget.model_copy(update={"asked_in": name, "going_on_id": approval_id})


def agreed(budget: Budget) -> Budget:
    """Return a budget of which it was agreed to in the window that it was asked in."""
    return budget.model_copy(update={"agreed_in": budget.asked_in})


def question(budget: Budget) -> ApprovalRequest:
    """Return what is asked, and so what an approval of it must have been asked as."""
    own = budget.tenant_id != PLATFORM
    return ApprovalRequest(
        type="financial",
        gate="budget",
        approval_class=f"budget.go_on:ALL:{budget.scope_kind}",
        subject_kind="amount",
        subject={
            "typ": "amount/v1",
            "tenant_id": budget.tenant_id,
            "budget": budget.id,
            "window": budget.asked_in,
        },
        title=f"Begin new work on {budget.id}?"[:200],
        summary=f"85 percent of the budget {budget.id} is spent or held in its window {budget.asked_in}."
        " What runs goes on; new work waits for this.",
        action_description="New work may begin until the window ends or the budget is used up.",
        rationale="Above 85 percent a person decides whether more is begun.",
        alternatives=("Wait until the budget resets", "Raise the budget"),
        risks=("The budget may be used up before its window ends",),
        risk="medium",
        blast_radius="low",
        urgency="hours",
        reversibility="reversible",
        governor_scope="engagement" if own else "platform",
    )


def agreed_by(budget: Budget) -> Consumer:
    """Name the one step that uses up the approval."""
    return Consumer(run_id=budget.id, step_id=f"go-on-{budget.asked_in}")
