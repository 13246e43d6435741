"""Who is told of a request for a role, and what is shown of it later."""

import pytest

from functions.identity.close_role_request import close_role_request
from functions.identity.create_role_request import RoleWish, create_role_request
from functions.identity.decide_role_request import RoleAnswer, decide_role_request
from functions.identity.notify_role_request import notify_role_request
from functions.mobile.list_notifications import InboxQuery, list_notifications
from shared.actors import Role
from shared.identity.events import RoleAsked, RoleRequestClosed, RoleRequestDecided, RoleRequestDue
from shared.identity.models import Member
from tests.conftest import NOON

WHY = "I am to answer customers from Monday on."
LATE = 3 * 24 * 60
ASKED = "Somebody asks to be helpdesk_agent"


@pytest.fixture
def inbox(call_as):
    def shown(*roles, at=0, **who):
        call = call_as(*roles, at=at, **who)
        return [(one.title, one.over) for one in list_notifications(call, InboxQuery()).items]

    return shown


@pytest.fixture
def tell(call_as, reacting):
    """Ask for a role, and let whoever must know of what follows be told, each time twice."""
    with call_as(Role.SERVICE).transaction() as txn:
        txn.save(Member(id="ann", roles=(Role.VIEWER,), decides=False, seen_at=NOON))
    wish = RoleWish(role=Role.HELPDESK_AGENT, reason=WHY)
    made = create_role_request(call_as(Role.VIEWER, id="ann"), wish).result

    def tell(event, at=0):
        for _ in range(2):
            notify_role_request(reacting(f"role_requests/{made.id}", at=at), event)
        return made.id

    tell(RoleAsked(role=Role.HELPDESK_AGENT, reason=WHY))
    return tell


def test_administrators_are_told_that_somebody_asks_and_nobody_else_is(tell, inbox):
    assert inbox(Role.ADMIN) == [(ASKED, False)]
    assert inbox(Role.VIEWER, id="ann") == inbox(Role.GOVERNOR) == []


@pytest.mark.parametrize(("grant", "became"), [(True, "given"), (False, "not given")])
def test_whoever_asked_is_told_the_answer_and_the_question_is_shown_as_over(
    call_as, tell, inbox, grant, became
):
    event = RoleRequestDecided(user_id="ann", role=Role.HELPDESK_AGENT, granted=grant, reason=WHY)
    id = tell(RoleAsked(role=Role.HELPDESK_AGENT, reason=WHY))
    decide_role_request(call_as(Role.ADMIN, at=1), id, RoleAnswer(grant=grant, reason=WHY))
    tell(event, at=1)
    tell(RoleAsked(role=Role.HELPDESK_AGENT, reason=WHY), at=1)
    title = f"The role helpdesk_agent is {became}"
    assert inbox(Role.VIEWER, id="ann") == [(title, False)]
    assert inbox(Role.ADMIN) == [(title, True)]


def test_whoever_asked_is_told_that_nobody_decided(reacting, tell, inbox):
    id = tell(RoleAsked(role=Role.HELPDESK_AGENT, reason=WHY))
    close_role_request(
        reacting(f"role_requests/{id}", at=LATE), RoleRequestDue(role=Role.HELPDESK_AGENT)
    )
    tell(RoleRequestClosed(user_id="ann", role=Role.HELPDESK_AGENT), at=LATE)
    assert inbox(Role.VIEWER, id="ann", at=LATE) == [
        ("The role helpdesk_agent is not given", False)
    ]
