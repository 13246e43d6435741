"""Changes of the keys that are published, and of what is signed with others."""

from tests.proofs.tampering import table
from tests.proofs.tampering.holder import Doc

KEYS, noticed_as = table()


@noticed_as("KEY_UNTRUSTED", "SIGNATURE_INVALID", "HASH_MISMATCH")
def a_history_is_changed_and_signed_with_a_key_that_is_published(h):
    asked = h.chained("approvals", status="vetoed")
    chain = h.chain(asked)
    chain[-1].data |= {"action": "approval.granted", "category": "approval_granted"}
    asked.data["status"] = "approved"
    h.rechain(asked, chain, h.key)
    jwk = h.key.jwk
    h.write(Doc("platform", "verification_keys", jwk["kid"], {"id": jwk["kid"], "jwk": jwk}))
    return jwk["kid"]


@noticed_as("KEY_UNTRUSTED", "SIGNATURE_INVALID")
def a_published_key_is_replaced_under_its_id(h):
    published = h.one("verification_keys")
    published.data["jwk"]["x"] = h.key.jwk["x"]
    asked = h.chained("approvals", status="vetoed")
    h.rechain(asked, h.chain(asked), h.key)
    return h.change(published)


@noticed_as("KEY_UNTRUSTED")
def a_key_is_published_that_signed_nothing_yet(h):
    jwk = h.key.jwk
    h.write(Doc("platform", "verification_keys", jwk["kid"], {"id": jwk["kid"], "jwk": jwk}))
    return jwk["kid"]


@noticed_as("KEY_UNTRUSTED")
def a_published_key_is_another_tenants(h):
    h.db.execute("update documents set tenant = 'acme' where collection = 'verification_keys'")
    return "acme/verification_keys"


@noticed_as("KEY_UNTRUSTED")
def a_published_key_is_for_no_algorithm(h):
    published = h.one("verification_keys")
    published.data["jwk"]["alg"] = "none"
    return h.change(published)


@noticed_as("KEY_UNTRUSTED")
def a_published_key_says_more_than_it_is(h):
    published = h.one("verification_keys")
    published.data["jwk"]["x5u"] = "https://keys.example/"
    return h.change(published)


@noticed_as("KEY_MISSING")
def a_published_key_is_removed(h):
    published = h.one("verification_keys")
    h.delete(published)
    return published.id
