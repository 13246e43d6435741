"""Serving: what happens around an operation."""

import base64
import json
import logging
import re

import pytest

from shared.actors import PUBLIC, Scope
from shared.documents import Contended
from shared.entity import Id
from shared.errors import Rejected
from shared.operation import Call
from tests.kernel.things import (
    Size,
    Thing,
    ThingMade,
    decide,
    entries,
    get_thing,
    list_things,
    make_thing,
    problem,
    resize_thing,
    thing,
)
from tests.worlds import declared

__all__ = ["thing"]


def test_a_change_answers_with_its_version_and_its_audit_entry(world, thing):
    answer = world.call(resize_thing, f"/v1/things/{thing['id']}/resize", {"size": 2}, as_="admin")
    entry = entries(world, entity=f"things/{thing['id']}", eseq=2)[0]
    assert answer.headers["ETag"] == f'"{answer.json["version_hash"]}.2"'
    assert f"id={entry.id}, hash={entry.hash}, kid={entry.kid}" in answer.headers["X-Audit-Entry"]
    assert answer.json["audit"] == {
        "n": 2,
        "head": entry.hash,
        "state_hash": entry.state_hash,
        "entry": entry.id,
    }


def test_what_is_answered_is_what_is_stored_so_its_hashes_can_be_checked(world, thing):
    from shared.evidence import state_hash

    assert state_hash(thing) == thing["audit"]["state_hash"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", thing["created_at"])
    listed = world.call(list_things, "/v1/things", as_="admin").json["items"]
    assert listed == [thing]


def test_a_stale_version_is_refused_and_a_current_one_is_not(world, thing):
    path = f"/v1/things/{thing['id']}/resize"
    current = {"If-Match": f'"{thing["version_hash"]}"'}
    assert (
        world.call(resize_thing, path, {"size": 2}, as_="admin", headers=current).status_code == 200
    )
    stale = world.call(resize_thing, path, {"size": 3}, as_="admin", headers=current)
    problem(stale, 412, "version_conflict")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ("{", 400, "bad_request"),
        ('{"size": 1, "size": 2}', 400, "bad_request"),
        ('{"size": "\\ud800"}', 400, "bad_request"),
        ('{"size": NaN}', 400, "bad_request"),
        ("[" * 100_000, 400, "bad_request"),
        ('{"size": "big"}', 422, "validation_failed"),
        ('{"size": 1, "colour": "red"}', 422, "validation_failed"),
        ('{"size": -1}', 422, "validation_failed"),
        ("[]", 422, "validation_failed"),
        ("null", 422, "validation_failed"),
        ("", 422, "validation_failed"),
    ],
)
def test_a_bad_body_is_refused_and_changes_nothing(world, data, status, code):
    answer = world.call(
        make_thing, "/v1/things", data=data, as_="admin", content_type="application/json"
    )
    told = problem(answer, status, code)
    assert told["detail"][0].isalpha(), "what is about the whole names no member"
    assert all(one.get("field", "whole") for one in told.get("violations", ()))
    assert entries(world, action="thing.made") == []


def test_a_body_of_another_type_is_refused(world):
    answer = world.call(
        make_thing, "/v1/things", data="size=1", as_="admin", content_type="text/plain"
    )
    problem(answer, 415, "unsupported_media_type")


def test_a_body_over_its_limit_is_refused_before_it_is_read(world):
    big = json.dumps({"size": 1, "x": "y" * 1024 * 1024})
    problem(world.call(make_thing, "/v1/things", data=big, as_="admin"), 413, "too_large")


def test_an_operation_without_a_body_takes_none(world):
    problem(world.call(decide, "/v1/decide", {"x": 1}, as_="governor"), 400, "bad_request")
    assert world.call(decide, "/v1/decide", {}, as_="governor").status_code == 200


def test_a_query_is_typed_and_closed(world, thing):
    del thing
    problem(
        world.call(list_things, "/v1/things", query={"limit": "x"}, as_="viewer"),
        422,
        "validation_failed",
    )
    problem(
        world.call(list_things, "/v1/things", query={"colour": "red"}, as_="viewer"),
        422,
        "validation_failed",
    )
    problem(
        world.call(list_things, "/v1/things", query="limit=1&limit=2", as_="viewer"),
        400,
        "bad_request",
    )
    problem(
        world.call(make_thing, "/v1/things", {"size": 1}, query={"x": "1"}, as_="admin"),
        400,
        "bad_request",
    )


def test_pages_follow_each_other_and_a_made_up_cursor_is_refused(world):
    for size in range(5):
        world.call(make_thing, "/v1/things", {"size": size}, as_="admin")
    sizes, cursor = [], None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = world.call(list_things, "/v1/things", query=query, as_="admin").json
        sizes += [thing["size"] for thing in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sizes == [0, 1, 2, 3, 4]
    for made_up in ("x", "bm8=", "W10=", "eyJhIjoxfQ==", "WzEsMiwzLDRd"):
        answer = world.call(list_things, "/v1/things", query={"cursor": made_up}, as_="admin")
        problem(answer, 400, "bad_request")


def test_another_method_is_refused(world, thing):
    answer = world.call(get_thing, f"/v1/things/{thing['id']}", method="DELETE", as_="admin")
    problem(answer, 405, "bad_request")


def test_unknown_ids_and_malformed_ids_do_not_exist(world):
    for id in ("00000000-0000-4000-8000-00000000000a", "x", "..", "'; drop", "a.b.c"):
        problem(world.call(get_thing, f"/v1/things/{id}", as_="admin"), 404, "not_found")


def test_another_tenants_document_does_not_exist(world):
    acme = {"X-Tenant-ID": "acme"}

    @declared("POST", "/v1/things", scopes={Scope.AGENTS_RUN}, status=201)
    def serve_thing(call: Call, body: Size) -> Thing:
        """Make."""
        return make_thing(call, body)

    made = world.call(serve_thing, "/v1/things", {"size": 1}, as_="service", headers=acme).json
    assert made["id"].startswith("acme.")
    assert made["tenant_id"] == "acme"
    path = f"/v1/things/{made['id']}"
    assert world.call(get_thing, path, as_="customer_user@acme").status_code == 200
    problem(world.call(get_thing, path, as_="customer_user@globex"), 404, "not_found")
    assert world.call(get_thing, path, as_="viewer").status_code == 200


def test_a_service_that_names_one_tenant_does_not_find_what_is_another_ones(world, thing):
    @declared("POST", "/v1/things/{thing_id}/serve", scopes={Scope.AGENTS_RUN})
    def look_at_thing(call: Call, thing_id: Id) -> dict[str, str]:
        """Look."""
        return {"tenant": call.tenant}

    def look(id, named):
        headers = {"X-Tenant-ID": named} if named else {}
        return world.call(look_at_thing, f"/v1/things/{id}/serve", as_="service", headers=headers)

    for named in (None, "acme"):
        assert look(f"acme.{thing['id']}", named).json == {"tenant": "acme"}
    for id in (f"acme.{thing['id']}", thing["id"]):
        problem(look(id, "globex"), 404, "not_found")


def test_only_services_name_a_tenant(world):
    headers = {"X-Tenant-ID": "acme"}
    problem(
        world.call(make_thing, "/v1/things", {"size": 1}, as_="admin", headers=headers),
        403,
        "forbidden",
    )


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('{"size":\n !}', "the body is not valid JSON: expecting value at line 2 column 2"),
        ('{"size": "', "the body is not valid JSON: unterminated string at line 1 column 10"),
        ('{"size": "\\ud800"}', "the body is not valid JSON: .* at line 1 column 17"),
        ('{"size": NaN}', "the body is not valid JSON: NaN is no JSON number"),
        (b'{"size": "\xff"}', "the body is not UTF-8: look at byte 11"),
        (f'{{"size": {"[" * 500}{"]" * 500}}}', "the body is nested too deeply"),
        (f'{{"size": {"[" * 9999}{"]" * 9999}}}', "the body is nested too deeply"),
        (f'{{"size": {"9" * 5000}}}', "the body holds a number of too many digits"),
    ],
    ids=["syntax", "open", "surrogate", "NaN", "bytes", "deep", "deeper", "digits"],
)
def test_what_cannot_be_read_is_said_with_its_place(world, raw, said):
    document = problem(
        world.call(make_thing, "/v1/things", data=raw, as_="admin"), 400, "bad_request"
    )
    assert re.fullmatch(said, document["detail"])


def test_a_missing_scope_is_refused_and_the_refusal_is_evidence(world):
    answer = world.call(make_thing, "/v1/things", {"size": 1}, as_="helpdesk_agent")
    problem(answer, 403, "forbidden")
    (entry,) = entries(world, action="policy.denied")
    assert entry.entity == "principals/helpdesk_agent.platform"
    assert entry.outcome == "denied"
    assert entry.correlation_id == answer.headers["X-Correlation-ID"]
    world.call(make_thing, "/v1/things", {"size": 1}, as_="helpdesk_agent")
    assert sorted(e.eseq for e in entries(world, action="policy.denied")) == [1, 2]


def test_deciding_takes_a_fresh_sign_in(world):
    fresh = world.call(decide, "/v1/decide", as_="governor", signed_in_min_ago=14)
    assert fresh.status_code == 200
    stale = world.call(decide, "/v1/decide", as_="governor", signed_in_min_ago=16)
    document = problem(stale, 401, "unauthenticated", "step_up_required")
    assert document["max_age_s"] == 900


def test_a_story_keeps_its_correlation_id_and_a_request_gets_its_own(world):
    given = "6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607"
    answer = world.call(
        make_thing, "/v1/things", {"size": 1}, as_="admin", headers={"X-Correlation-ID": given}
    )
    (entry,) = entries(world, action="thing.made")
    assert answer.headers["X-Correlation-ID"] == entry.correlation_id == given
    assert entry.causation_id == f"req:{answer.headers['X-Request-ID']}"
    other = world.call(make_thing, "/v1/things", {"size": 1}, as_="admin")
    assert other.headers["X-Correlation-ID"] != given


@pytest.mark.parametrize(
    "named", ["", "x", "6f1c2b345d6e4f708a91b2c3d4e5f607", "{6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607}"]
)
def test_a_story_that_is_no_uuid_is_refused_and_never_repeated(world, named):
    for function, path in ((decide, "/v1/decide"), (list_things, "/v1/things")):
        headers = {"X-Correlation-ID": named}
        answer = world.call(function, path, as_="governor", headers=headers)
        problem(answer, 400, "bad_request")
        assert answer.headers["X-Correlation-ID"] != named


def test_what_was_changed_and_changed_back_is_another_version(world, thing):
    path, key = f"/v1/things/{thing['id']}/resize", "If-Match"
    seen = world.call(get_thing, f"/v1/things/{thing['id']}", as_="admin").headers["ETag"]
    for size in (2, 1):
        assert world.call(resize_thing, path, {"size": size}, as_="admin").status_code == 200
    back = world.call(get_thing, f"/v1/things/{thing['id']}", as_="admin")
    assert back.json["version_hash"] == thing["version_hash"]
    assert back.headers["ETag"] != seen
    stale = world.call(resize_thing, path, {"size": 3}, as_="admin", headers={key: seen})
    problem(stale, 412, "version_conflict")
    headers = {key: back.headers["ETag"]}
    again = world.call(resize_thing, path, {"size": 3}, as_="admin", headers=headers)
    assert again.status_code == 200


def test_a_head_is_a_get_without_its_body_and_the_address_says_what_it_takes(world, thing):
    path = f"/v1/things/{thing['id']}"
    asked, headed = (world.call(get_thing, path, method=m, as_="admin") for m in ("GET", "HEAD"))
    assert (headed.status_code, headed.headers["ETag"]) == (200, asked.headers["ETag"])
    for method in ("DELETE", "OPTIONS"):
        other = world.call(get_thing, path, method=method, as_="admin")
        assert other.headers["Allow"] == "GET, HEAD, OPTIONS"
    other = world.call(decide, "/v1/decide", method="GET", as_="governor")
    assert (other.status_code, other.headers["Allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("depth", [900, 980, 1000, 3000])
def test_a_deep_cursor_is_none_of_ours(world, depth):
    cursor = base64.urlsafe_b64encode(("[" * depth + "]" * depth).encode()).decode()
    answer = world.call(list_things, "/v1/things", query={"cursor": cursor}, as_="viewer")
    problem(answer, 400, "bad_request", "cursor")


def story(world, account, named=None):
    """Make a thing as somebody who names a story, and return that of its entry, which the answer says."""
    headers = {"X-Correlation-ID": named} if named else {}
    answer = world.call(make_thing, "/v1/things", {"size": 1}, as_=account, headers=headers)
    entry_id = re.match("id=([^,]+)", answer.headers["X-Audit-Entry"])[1]
    (entry,) = [one for one in entries(world, action="thing.made") if one.id == entry_id]
    assert answer.headers["X-Correlation-ID"] == entry.correlation_id
    return entry.correlation_id


def test_nobody_joins_another_tenants_story(world):
    of_acme, of_globex = story(world, "customer_admin@acme"), story(world, "customer_admin@globex")
    of_the_platform = story(world, "admin")
    for theirs in (of_globex, of_the_platform):
        own = story(world, "customer_admin@acme", theirs)
        assert own != theirs
        assert story(world, "customer_admin@acme", theirs) == own, "the same name, the same story"
        assert story(world, "customer_admin@acme", own) == own
    assert story(world, "customer_admin@acme", of_acme) == of_acme
    assert story(world, "customer_admin@acme", of_acme.upper()) == of_acme


def test_whoever_is_not_known_names_no_story(world):
    given = "6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607"
    token = world.sign_in.token("admin", world.now)[:-8] + "AAAAAAAA"
    headers = {"X-Correlation-ID": given, "Authorization": f"Bearer {token}"}
    answer = world.call(make_thing, "/v1/things", {"size": 1}, headers=headers)
    assert answer.status_code == 401
    (entry,) = entries(world, action="auth.failed")
    assert given not in {answer.headers["X-Correlation-ID"], entry.correlation_id}


def test_a_trace_goes_on(world):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = world.call(decide, "/v1/decide", as_="governor", headers={"traceparent": parent})
    assert answer.headers["traceparent"][:36] == parent[:36]
    assert answer.headers["traceparent"] != parent
    begun = world.call(decide, "/v1/decide", as_="governor", headers={"traceparent": "x"})
    assert begun.headers["traceparent"].startswith("00-")


def test_a_defect_is_a_bare_500_that_says_nothing(world, caplog):
    @declared("GET", "/v1/broken", scopes=PUBLIC, audited=False)
    def broken(call: Call) -> dict[str, str]:
        """Break."""
        raise ValueError("a secret")

    with caplog.at_level(logging.ERROR):
        answer = world.call(broken, "/v1/broken")
    problem(answer, 500, "internal")
    assert b"secret" not in answer.data
    assert "a secret" in caplog.text


def test_a_store_that_refuses_for_good_is_a_defect_and_nobody_is_told_to_try_again(
    world, monkeypatch, caplog
):
    def refuse(writes):
        raise Rejected("Firestore refuses this for good (PERMISSION_DENIED)")

    monkeypatch.setattr(world.ports.documents, "commit", refuse)
    refused = {"as_": "admin"}, {"as_": "viewer"}
    for given in refused:
        answer = world.call(make_thing, "/v1/things", {"size": 1}, **given)
        document = problem(answer, 500, "internal")
        assert "Retry-After" not in answer.headers
        assert "again" not in document["detail"]
    assert caplog.text.count("for good (PERMISSION_DENIED)") >= 2


def test_a_contended_operation_runs_again_with_fresh_reads(world, thing):
    path, runs = f"/v1/things/{thing['id']}/resize", []

    @declared("POST", "/v1/things/{thing_id}/resize", scopes={Scope.GENESIS_WRITE})
    def grow(call: Call, thing_id: Id) -> Thing:
        """Grow by one, with somebody else growing it meanwhile."""
        with call.transaction() as txn:
            before = txn.get(Thing, thing_id)
            after = txn.save(before.model_copy(update={"size": before.size + 1}), ThingMade(size=0))
        if len(runs) < 3:
            runs.append(1)
            world.call(resize_thing, path, {"size": 10 * len(runs)}, as_="admin")
        return after

    assert world.call(grow, path, as_="admin").json["size"] == 31


def test_what_is_always_contended_is_unavailable_and_not_wrong(world, monkeypatch):
    monkeypatch.setattr("shared.edge.contention.ATTEMPTS", 2)

    @declared("POST", "/v1/busy", scopes={Scope.ACCOUNT})
    def busy(call: Call) -> None:
        """Never get through."""
        raise Contended

    answer = world.call(busy, "/v1/busy", as_="viewer")
    problem(answer, 503, "store_unavailable")
    assert answer.headers["Retry-After"] == "1"


def test_browsers_of_listed_origins_are_let_in(world):
    listed = {"Origin": "https://app.example"}
    answer = world.call(decide, "/v1/decide", as_="governor", headers=listed)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    preflight = world.call(decide, "/v1/decide", method="OPTIONS", headers=listed)
    assert preflight.status_code == 204
    assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
    other = world.call(
        decide, "/v1/decide", as_="governor", headers={"Origin": "https://evil.example"}
    )
    assert "Access-Control-Allow-Origin" not in other.headers


def test_a_request_is_logged_without_tenant_person_or_token(world, caplog):
    with caplog.at_level(logging.INFO, "waooaw.requests"):
        world.call(decide, "/v1/decide", as_="governor")
    line = json.loads(caplog.records[-1].message)
    assert line["route"] == "tests.decide"
    assert line["status"] == 200
    assert "governor" not in caplog.text
    assert "eyJ" not in caplog.text
