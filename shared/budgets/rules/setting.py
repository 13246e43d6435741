"""Who may set a budget, and what it takes to raise one: finance.md, section 6."""

from datetime import datetime

from shared.actors import PLATFORM, Actor, Role
from shared.approvals.models.approvals import Consumer
from shared.approvals.models.questions import ApprovalRequest
from shared.budgets.models.budgets import MEASURES, Amounts, Budget, BudgetSetting, Raising
from shared.budgets.rules.limits import USD
from shared.errors import Forbidden, Invalid
from shared.shares import Limit, month

OWN_GOVERNOR_MICRO_USD = 50 * USD
"""How much more a month, over all their budgets, a customer's own Governor may grant; above, the platform's decides."""

DAYS = 30
"""How many days a month has where a budget is one of a day."""

GOVERNORS_OWN = frozenset({"platform", "cloud"})
"""Scopes that the platform's Governor sets, and nobody else: nothing is above them."""

_MEMBERS = ("limit_micro_usd", "limit_tokens", "limit_calls")


def amounts(said: Amounts) -> dict[str, int | None]:
    """Return the limits alone."""
    return {name: getattr(said, name) for name in _MEMBERS}


def raises(before: Budget, setting: Amounts) -> bool:
    """Say whether more may be spent in any measure than before."""
    return any(_more(before.of(one), setting.of(one)) for one in MEASURES)


def may_set(budget: Budget, *, by: Actor) -> None:
    """
    Let nobody set a budget but its owner; that of the platform has its Governor.

    Raises:
        Forbidden: It is somebody else's.
    """
    if budget.id in GOVERNORS_OWN and Role.GOVERNOR not in by.roles:
        raise Forbidden(
            "the platform's own budgets are its Governor's to set", rule="governor_only"
        )
    if by.tenant != budget.tenant_id:
        raise Forbidden(
            "a budget is set by whoever pays for it: ask somebody of that tenant", rule="not_owner"
        )


def check(budget: Budget, setting: BudgetSetting) -> None:
    """
    Refuse what would leave a scope without any limit.

    Raises:
        Invalid: Nothing is limited.
    """
    if all(setting.of(measure) is None for measure in MEASURES):
        raise Invalid(
            f"a budget limits something: say at least one of {', '.join(_MEMBERS)}",
            rule="no_limit",
        )
    if budget.limit_micro_usd is not None and setting.limit_micro_usd is None:
        raise Invalid("money stays limited here: say limit_micro_usd", rule="no_limit")


def lowered(before: Budget, setting: BudgetSetting) -> Budget:
    """Return a budget as its owner lowers it; what they had asked for is off."""
    return before.model_copy(update=amounts(setting) | {"raising": None})


def raised_a_month(before: Budget, setting: Amounts) -> int:
    """Return how much more money a month a raise is."""
    more = max((setting.limit_micro_usd or 0) - (before.limit_micro_usd or 0), 0)
    return more * DAYS if before.window == "day" else more


def own_governors(tenant: str, *, at: datetime) -> Limit:
    """Return how much more a month a customer's own Governor may be asked to grant, over all that is theirs."""
    return Limit(f"raises:{tenant}.micro_usd", OWN_GOVERNOR_MICRO_USD, month(at))


def priced(before: Budget, setting: Amounts) -> bool:
    """Say whether a raise is of money alone, so that it is known how much it is."""
    return not any(_more(before.of(one), setting.of(one)) for one in ("tokens", "calls"))


def same(before: Budget, setting: Amounts) -> bool:
    """Say whether just that is asked for already."""
    return before.raising is not None and amounts(before.raising) == amounts(setting)


def raising(
    before: Budget, setting: BudgetSetting, *, approval_id: str, by: Actor, left: int
) -> Raising:
    """
    Return what somebody asks for, and whose Governor decides it.

    The customer's own does where it is money alone and within what is left for that.
    """
    more = raised_a_month(before, setting)
    own = before.tenant_id != PLATFORM and priced(before, setting) and more <= left
    return Raising(
        **amounts(setting),
        approval_id=approval_id,
        governor_scope="engagement" if own else "platform",
        asked_by=by.id,
        raised_micro_usd=more,
    )


def question(before: Budget, raising: Raising) -> ApprovalRequest:
    """Return what is asked for a raise, and so what an approval of it must have been asked as."""
    now, then = _told(before), _told(raising)
    return ApprovalRequest(
        type="financial",
        gate="budget",
        approval_class=f"budget.raise:ALL:{before.scope_kind}",
        subject_kind="amount",
        subject={
            "typ": "amount/v1",
            "tenant_id": before.tenant_id,
            "budget": before.id,
            "window": before.window,
            **{f"from_{name}": value for name, value in amounts(before).items()},
            **{f"to_{name}": value for name, value in amounts(raising).items()},
        },
        title=f"Raise the budget {before.id}"[:200],
        summary=f"{raising.asked_by} asks that {before.id} may spend {then}; now it may spend {now}.",
        action_description=f"From then on it may spend {then}.",
        rationale="More than is allowed now needs a Governor's yes.",
        alternatives=("Wait until the budget resets", "Stop what spends"),
        risks=("More money may be spent",),
        evidence_facts={"raised_micro_usd_a_month": raising.raised_micro_usd},
        risk="medium",
        blast_radius="low",
        urgency="hours",
        reversibility="reversible",
        governor_scope=raising.governor_scope,
        on_behalf_of=raising.asked_by,
    )


def raised_by(budget: Budget, raising: Raising) -> Consumer:
    """Name the one step that uses up the approval of a raise."""
    return Consumer(run_id=budget.id, step_id=f"raise-{raising.approval_id}")


def raised(before: Budget, raising: Raising, *, at: datetime) -> Budget:
    """Return a budget as it was raised."""
    granted, name = 0, month(at).name
    if raising.governor_scope == "engagement":
        known = before.raised_micro_usd if before.raised_in == name else 0
        granted = known + raising.raised_micro_usd
    own = {"raised_in": name, "raised_micro_usd": granted} if granted else {}
    return before.model_copy(update=amounts(raising) | {"raising": None} | own)


def _more(before: int | None, after: int | None) -> bool:
    if before is None:
        return False
    return after is None or after > before


def _told(said: Amounts) -> str:
    parts = (
        f"{(said.limit_micro_usd or 0) / USD:.2f} USD" if said.limit_micro_usd is not None else "",
        f"{said.limit_tokens} tokens" if said.limit_tokens is not None else "",
        f"{said.limit_calls} calls" if said.limit_calls is not None else "",
    )
    return ", ".join(filter(None, parts)) or "without a limit"
