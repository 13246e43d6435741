from shared.approvals.models import OPEN, Approval, ApprovalType
from shared.entity import Id, Value
from shared.identity import Scope
from shared.mobile import cards
from shared.mobile.cards import ApprovalCard
from shared.operation import Call, operation
from shared.queries import OneOf, Paging


class CardQuery(Paging):
    """Which open requests."""

    type: ApprovalType | None = None
    """Only requests of this type."""
    agent_id: Id | None = None
    """Only requests about this agent."""


class Cards(Value):
    """Some of the open requests."""

    items: tuple[ApprovalCard, ...]
    """The open requests of this page, those first whose time runs out first."""
    next_cursor: str | None
    """The `cursor` that the next page is asked with; null on the last page."""


@operation("GET", "/v1/mobile/approvals", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_approval_cards(call: Call, query: CardQuery) -> Cards:
    """List the open requests on cards, those first whose time runs out first."""
    tests = query.model_dump(include={"type", "agent_id"}, exclude_none=True)
    waiting = OneOf(tuple(sorted(OPEN)))
    with call.transaction() as txn:
        found = txn.find(
            Approval,
            order="expires_at",
            limit=query.limit,
            cursor=query.cursor,
            status=waiting,
            **tests,
        )
    items = tuple(cards.card(approval, at=call.now) for approval in found.items)
    return Cards(items=items, next_cursor=found.next_cursor)
