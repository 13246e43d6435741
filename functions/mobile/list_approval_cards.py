from shared.actors import Scope
from shared.approvals.models.approvals import OPEN, Approval
from shared.approvals.models.questions import ApprovalType
from shared.entity import Id
from shared.mobile.rules import cards
from shared.mobile.rules.cards import ApprovalCard
from shared.operation import Call, operation
from shared.queries import OneOf, Page, Paging


class CardQuery(Paging):
    """Which open requests."""

    type: ApprovalType | None = None
    """Only requests of this type."""
    agent_id: Id | None = None
    """Only requests about this agent."""


@operation("GET", "/v1/mobile/approvals", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_approval_cards(call: Call, query: CardQuery) -> Page[ApprovalCard]:
    """
    List the open requests on cards, those first whose time runs out first.

    Those that are alike are one card, and what is held back has none until it is released. A page may have fewer
    cards than were asked for.
    """
    tests = query.tests()
    waiting = OneOf(tuple(sorted(OPEN)))
    items, cursor = tuple[ApprovalCard, ...](), query.cursor
    with call.transaction() as txn:
        while not items:
            found = txn.find(
                Approval,
                order="expires_at",
                limit=query.limit,
                cursor=cursor,
                status=waiting,
                held_back=False,
                **tests,
            )
            keys = {one.group_key for one in found.items if one.group_key is not None}
            alike = {
                key: txn.all(
                    Approval, order="expires_at", status=waiting, held_back=False, group_key=key
                )
                for key in sorted(keys)
            }
            first = [(one, alike.get(one.group_key or "", (one,))) for one in found.items]
            items = tuple(
                cards.card(one, at=call.now, alike=len(group))
                for one, group in first
                if group[0].id == one.id
            )
            cursor = found.next_cursor
            if cursor is None:
                break
    return Page(items=items, next_cursor=cursor)
