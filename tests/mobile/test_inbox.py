"""Everybody's inbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from functions.mobile.list_notifications import InboxQuery, list_notifications
from functions.mobile.read_notification import read_notification
from shared.actors import PLATFORM, Role
from shared.documents import Query
from shared.entity import Id
from shared.errors import NotFound
from shared.notifications.actions.telling import tell
from shared.notifications.models import Notification
from shared.notifications.rules.notices import MAX_BODY, MAX_TITLE, notice
from tests.conftest import NOON

DEFAULTS = {
    "tenant": PLATFORM,
    "audience": "governor",
    "subject": "agents/a1",
    "title": "Suspended",
    "body": "Look at it.",
    "at": NOON,
}


def made(**changes):
    return notice("agent_status", **(DEFAULTS | changes))


@pytest.fixture
def put(call_as):
    def put_into(*notices, tenant=PLATFORM):
        with call_as(Role.SERVICE, tenant=tenant).transaction() as txn:
            tell(txn, *notices)

    return put_into


def inbox(call, **query):
    return list_notifications(call, InboxQuery(**query))


def test_telling_twice_tells_once(put, documents):
    put(made())
    put(made(), made(occasion="2"))
    assert len(documents.find(PLATFORM, Query(Notification.collection))) == 2


@pytest.mark.parametrize(
    "change", [{"audience": "u2"}, {"subject": "agents/a2"}, {"tenant": "acme"}, {"occasion": "2"}]
)
def test_another_notice_has_another_id(change):
    assert made(audience="u1").id == made(audience="u1", title="Other words", at=NOON).id
    assert made(**{"audience": "u1"} | change).id != made(audience="u1").id


@pytest.mark.parametrize("role", Role)
def test_an_id_says_whose_inbox_it_is_in(role):
    """The platform's roles look in its own, whomever they are told of."""
    for tenant in ("acme", PLATFORM):
        one = made(tenant=tenant, audience=role)
        customers = tenant == "acme" and role in {Role.CUSTOMER_ADMIN, Role.CUSTOMER_USER}
        assert TypeAdapter(Id).validate_python(one.id).startswith("acme.") == customers
        assert one.tenant_id == ("acme" if customers else PLATFORM)


@given(st.text(max_size=400), st.text(max_size=400))
def test_a_notice_fits_on_a_phone(title, body):
    cut = made(title=title, body=body)
    assert len(cut.title) <= MAX_TITLE
    assert len(cut.body) <= MAX_BODY


def test_a_notice_names_no_person():
    assert "kim@example.com" not in made(body="Ask kim@example.com.").model_dump_json()


def test_a_notice_leads_to_what_it_is_about():
    assert made().deep_link == "waooaw://agents/a1"


def test_everybody_reads_what_is_for_them_or_their_roles(put, call_as):
    put(made(), made(audience="u1"), made(audience="u2"), made(audience="admin"))

    def audiences(*roles, id):
        return {one.audience for one in inbox(call_as(*roles, id=id)).items}

    assert audiences(Role.GOVERNOR, id="u1") == {"governor", "u1"}
    assert audiences(Role.ADMIN, Role.VIEWER, id="u3") == {"admin"}
    assert audiences(Role.VIEWER, id="u4") == set()


def test_the_inbox_of_another_tenant_is_not_seen(put, call_as):
    put(made(tenant="acme", audience="customer_admin"), tenant="acme")
    assert inbox(call_as(Role.GOVERNOR)).items == ()
    assert inbox(call_as(Role.CUSTOMER_ADMIN)).items == ()


def test_the_newest_is_first_and_pages_go_on(put, call_as):
    times = [call_as(Role.VIEWER, at=minute).now for minute in range(3)]
    put(*(made(subject=f"agents/a{n}", at=at) for n, at in enumerate(times)))
    first = inbox(call_as(Role.GOVERNOR), limit=2)
    assert [one.subject for one in first.items] == ["agents/a2", "agents/a1"]
    rest = inbox(call_as(Role.GOVERNOR), limit=2, cursor=first.next_cursor)
    assert [one.subject for one in rest.items] == ["agents/a0"]
    assert (first.unread, rest.unread, rest.next_cursor) == (3, 3, None)


def test_what_is_read_no_longer_counts(put, call_as):
    put(made(), made(occasion="2"))
    after = read_notification(call_as(Role.GOVERNOR, at=1), made().id)
    assert after.read_at == call_as(Role.GOVERNOR, at=1).now
    assert inbox(call_as(Role.GOVERNOR)).unread == 1
    assert len(inbox(call_as(Role.GOVERNOR)).items) == 2
    [left] = inbox(call_as(Role.GOVERNOR), unread=True).items
    assert left.id == made(occasion="2").id


def test_reading_again_keeps_the_first_time(put, call_as):
    put(made())
    first = read_notification(call_as(Role.GOVERNOR, at=1), made().id)
    assert read_notification(call_as(Role.GOVERNOR, at=2), made().id) == first


def test_a_notice_to_somebody_else_does_not_exist(put, call_as):
    put(made())
    with pytest.raises(NotFound):
        read_notification(call_as(Role.VIEWER), made().id)
