"""Changes of how far an entry got, which is the one part of it that is not signed."""

from uuid import uuid4

from tests.proofs.tampering import table
from tests.proofs.tampering.entries import granted
from tests.proofs.tampering.holder import Doc

DELIVERY, noticed_as = table()


@noticed_as("DELIVERY_MISMATCH")
def an_entry_is_marked_as_unpublished_to_be_told_again(h):
    _, chain = granted(h)
    chain[0].data["delivery"]["published_at"] = None
    return h.change(chain[0])


@noticed_as("DELIVERY_MISMATCH")
def an_entry_was_published_by_no_attempt(h):
    _, chain = granted(h)
    chain[0].data["delivery"]["attempts"] = 0
    return h.change(chain[0])


@noticed_as("DELIVERY_MISMATCH")
def an_entry_has_a_leaf_of_a_log_that_there_is_not(h):
    _, chain = granted(h)
    chain[0].data["delivery"]["leaf"] = 7
    return h.change(chain[0])


def _delivered(**members):
    def delivered(h):
        _, chain = granted(h)
        chain[0].data["delivery"] |= members
        return h.change(chain[0])

    return delivered


for _name, _member, _said in (
    ("at no time", "published_at", "never"),
    ("on a day", "published_at", "2026-01-01"),
    ("at another place's time", "published_at", "2026-01-01T12:00:00.000+02:00"),
    ("by fewer attempts than none", "attempts", -5),
    ("in a trace that is none", "traceparent", "<script>"),
):
    _act = _delivered(**{_member: _said})
    _act.__name__ = f"an entry was published {_name}"
    noticed_as("DELIVERY_MISMATCH")(_act)


@noticed_as("SCHEMA_INVALID")
def the_trace_of_an_entry_is_a_number(h):
    return _delivered(traceparent=7)(h)


@noticed_as("DELIVERY_MISMATCH")
def an_entry_does_not_say_how_far_it_got(h):
    _, chain = granted(h)
    del chain[0].data["delivery"]
    h.write(chain[0])
    return chain[0].id


@noticed_as("DELIVERY_MISMATCH")
def an_entry_does_not_say_whether_it_was_published(h):
    _, chain = granted(h)
    del chain[0].data["delivery"]["published_at"]
    h.write(chain[0])
    return chain[0].id


@noticed_as("SCHEMA_INVALID")
def the_attempts_to_publish_are_a_text(h):
    _, chain = granted(h)
    chain[0].data["delivery"]["attempts"] = "1"
    return h.change(chain[0])


@noticed_as("UNKNOWN_ENTRY", "SIGNATURE_INVALID")
def a_forged_entry_is_marked_as_published_so_that_nobody_publishes_it(h):
    asked, chain = granted(h)
    last, id = chain[-1], str(uuid4())
    forged = last.data | {"id": id, "action": "approval.reopened"}
    h.rechain(asked, [*chain, Doc(last.tenant, "events", id, forged)])
    return id
