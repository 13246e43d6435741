"""Nobody gets at another tenant's documents, however they name them, through any operation there is."""

import base64
import json
import logging
from datetime import timedelta
from urllib.parse import quote

import pytest

from shared.actors import PLATFORM, Scope
from shared.edge.catalog import operations
from shared.entity import Id
from tests.proofs.disguises import HEADERS, STORIES, TENANTS, disguises
from tests.proofs.tenants import OTHER, OWNER, by_id, made, of_a_tenant, own

pytestmark = pytest.mark.slow

CUSTOMERS = (f"customer_admin@{OTHER}", f"customer_user@{OTHER}")
INSIDER = f"insider@{OTHER}"
THIRD = "insider@initech"
NOTHING_THERE = {403, 404}
"""Another tenant's document does not exist; whoever holds no scope of the operation hears that first."""

REFUSED = set(range(400, 500))
TOLD_BY_STATUS = {
    "policy.get_policy": "it shows an id that the request named and a hash of a text, which whoever has the text knows",
}
"""Whose answers hold nothing by which a leak would be known: that they answer another tenant at all is."""

OF_THE_CUSTOMER = {"policy.enforce_tool_use"}
"""Whose refusal is about what an agent of the customer was to do, and so is the customer's to read."""

FINE = {*range(200, 500)}
"""What a request may come to that is about one's own: what matters is what it tells and writes."""


@pytest.fixture(scope="module")
def court(rehearsed, tmp_path_factory):
    court = made(rehearsed, tmp_path_factory.mktemp("tenants"))
    yield court
    cases = sum(court.cases.values())
    logging.getLogger("proofs").warning("%d tenant cases: %s", cases, dict(court.cases))


@pytest.fixture(autouse=True)
def nothing_changes(court):
    """Whatever is tried, the owner has what they had, and so has the platform."""
    before = court.kept(OWNER, PLATFORM)
    yield
    after = court.kept(OWNER, PLATFORM)
    changed = {
        place for place in before.keys() | after.keys() if before.get(place) != after.get(place)
    }
    assert not changed


def told(findings):
    """Fail with the cases that went wrong, if any did."""
    assert not findings, f"{len(findings)} cases, among them:\n" + "\n".join(findings[:20])


def replaced(text, *, of, by):
    assert of in text
    return text.replace(of, by)


# --- in the path -----------------------------------------------------------------------------------


def test_a_document_of_another_tenant_does_not_exist(court):
    found = []
    for op in by_id():
        method, path, body, headers = court.request(op, OWNER)
        for who in (INSIDER, *CUSTOMERS):
            answer = court.send(who, method, path, body, **headers)
            what = f"{op.id} by {who}"
            found += court.wrong("path", what, answer, sent=f"{path}{body}", statuses=NOTHING_THERE)
    told(found)


def test_a_document_of_the_platform_does_not_exist_for_customers(court):
    """But for the shared catalogue, which is read by whoever holds its scope."""
    found = []
    for op in by_id():
        asked = court.asked[op.id]
        shared = op.tenant == PLATFORM and not op.mutates
        statuses = REFUSED | {200} if shared else REFUSED
        headers = dict(court.request(op, PLATFORM)[3])
        for who in CUSTOMERS:
            answer = court.send(who, asked.method, asked.path, asked.body, **headers)
            found += court.wrong("platform", f"{op.id} by {who}", answer, statuses=statuses)
        if not op.tenant:
            answer = court.send(INSIDER, asked.method, asked.path, asked.body, **headers)
            found += court.wrong("platform", f"{op.id} by {INSIDER}", answer, statuses={404})
    told(found)


def test_a_disguise_of_its_id_names_nothing(court):
    found = []
    for op in by_id():
        method, path, body, headers = court.request(op, OWNER)
        for id in [part for part in path.split("/") if part.startswith(f"{OWNER}.")]:
            for kind, disguise in disguises(OWNER, OTHER, id.partition(".")[2]).items():
                there = replaced(path, of=id, by=disguise)
                answer = court.send(INSIDER, method, there, body, **headers)
                what = f"{op.id} at {there} ({kind})"
                found += court.wrong(
                    "disguise", what, answer, sent=f"{path}{body}", statuses=REFUSED
                )
    told(found)


def test_one_id_of_ones_own_lets_no_other_through(court):
    found = []
    for op in by_id():
        if list(op.in_path.values()).count(Id) > 1:
            method, path, body, headers = court.request(op, OWNER)
            ids = [part for part in path.split("/") if part.startswith(f"{OWNER}.")]
            for id in ids:
                mixed = replaced(path, of=id, by=f"{OTHER}.{id.partition('.')[2]}")
                answer = court.send(INSIDER, method, mixed, body, **headers)
                found += court.wrong(
                    "mixed", f"{op.id} at {mixed}", answer, sent=path, statuses={404}
                )
    told(found)


@pytest.mark.parametrize(
    "method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "POST", "GET"]
)
def test_another_method_tells_nothing_either(court, method):
    found = []
    for op in of_a_tenant():
        _, path, body, headers = court.request(op, OWNER)
        answer = court.send(INSIDER, method, path, body, **headers)
        statuses = REFUSED | ({200, 204} if method in {"OPTIONS", "HEAD"} else set())
        found += court.wrong(
            "method", f"{method} {path}", answer, sent=f"{path}{body}", statuses=statuses
        )
    told(found)


# --- cursors ---------------------------------------------------------------------------------------


def lists():
    return [op for op in operations() if "cursor" in queried(op)]


def queried(op):
    """Return the parameters of a query."""
    return [name for model in op.in_query.values() for name in model.model_fields]


def cursor_of(court, op, who):
    answer = court.send(who, "GET", f"{op.path}?limit=1")
    return (answer.body or {}).get("next_cursor")


def test_a_list_shows_ones_own_alone(court):
    found = []
    for op in operations():
        if not op.mutates and not op.tenant and not op.in_path:
            path = op.path + ("?limit=100" if "limit" in queried(op) else "")
            found += court.wrong("list", op.id, court.send(INSIDER, "GET", path), statuses={200})
    told(found)


def test_a_cursor_of_another_tenant_leads_nowhere_but_through_ones_own(court):
    """Also one of another list, and one that was bent."""
    found, known = [], {}
    for op in lists():
        if not op.in_path and not op.tenant:
            known[op] = cursor_of(court, op, f"insider@{OWNER}")
    assert sum(map(bool, known.values())) >= 5, "lists of the owner have more than one page"
    for op in known:
        for other, cursor in known.items():
            for n, bent in enumerate(bents(cursor) if other is op else filter(None, [cursor])):
                answer = court.send(
                    INSIDER, "GET", f"{op.path}?limit=100&cursor={quote(bent, safe='')}"
                )
                statuses = {200, 400, 422} if other is op else {400, 422}
                what = f"{op.id} with the cursor of {other.id} ({n})"
                found += court.wrong("cursor", what, answer, sent=opened(bent), statuses=statuses)
    told(found)


def opened(cursor):
    try:
        return base64.urlsafe_b64decode(cursor or "").decode()
    except ValueError:
        return ""


def bents(cursor):
    """Yield a cursor, and what somebody could make of it who knows how it is made."""
    if not cursor:
        return
    yield cursor
    shape, *values = json.loads(opened(cursor))
    last = values[-1]
    for more in (
        [shape, *values[:-1], ""],
        [shape, *values[:-1], OWNER, last],
        [shape, *values[:-1], {"tenant": OWNER}],
        [shape, *values[:-1], None],
        [shape, *values[:-1], f"../{OWNER}/{last}"],
        [shape, *[None] * len(values)],
        [shape, *["\U0010ffff"] * len(values)],
        [shape],
        [None, *values],
    ):
        yield base64.urlsafe_b64encode(json.dumps(more).encode()).decode()


# --- beside the path -------------------------------------------------------------------------------


def test_who_is_no_service_names_no_tenant(court):
    found = []
    for op in operations():
        if not op.scopes:
            # What everybody may see is nobody's.
            continue
        method, path, body, headers = court.request(op, OWNER)
        for who in (f"colleague@{OTHER}", f"colleague@{PLATFORM}", *CUSTOMERS):
            answer = court.send(who, method, path, body, **headers, X_Tenant_ID=OWNER)
            found += court.wrong(
                "X-Tenant-ID",
                f"{op.id} by {who}",
                answer,
                sent=f"{path}{body}",
                statuses={403},
                by=who.partition("@")[2],
            )
    told(found)


def test_what_is_no_tenants_name_names_none(court):
    found = []
    for op in operations():
        if not op.tenant and not op.in_path and op.scopes:
            method, path, body, headers = court.request(op, PLATFORM)
            for name in TENANTS:
                answer = court.send(
                    f"insider@{PLATFORM}", method, path, body, **headers, X_Tenant_ID=name
                )
                found += court.wrong(
                    "name", f"{op.id} in {name!r}", answer, statuses={400, 403}, by=PLATFORM
                )
    told(found)


def test_a_service_acts_in_the_tenant_it_names_or_is_refused(court):
    """And never in another: what is about the caller is in their own."""
    found = []
    for op in operations():
        if not op.tenant and not op.in_path and op.scopes:
            method, path, body, headers = court.request(op, "initech")
            service = f"insider@{PLATFORM}"
            answer = court.send(service, method, path, body, **headers, X_Tenant_ID="initech")
            what = f"{op.id} in initech"
            denied = answer.status == 403 and op.id not in OF_THE_CUSTOMER
            at_home = PLATFORM if denied else "initech"
            found += court.wrong("service", what, answer, by=at_home, statuses=FINE)
            if op.scopes == {Scope.ACCOUNT} and answer.status != 403:
                found.append(f"{what} is answered {answer.status}")
    told(found)


def test_no_other_header_names_a_tenant_or_another_path(court):
    found = []
    for op in of_a_tenant():
        method, path, body, headers = court.request(op, OWNER)
        _, mine, _, _ = court.request(op, OTHER)
        for name, value in HEADERS.items():
            more = {name.replace("-", "_"): value.format(owner=OWNER, path=path)}
            for there, statuses in ((path, REFUSED), (mine, FINE)):
                answer = court.send(f"colleague@{OTHER}", method, there, body, **headers, **more)
                what = f"{op.id} at {there} with {name}"
                found += court.wrong(
                    "header", what, answer, sent=f"{path}{body}", statuses=statuses
                )
    told(found)


def test_no_member_of_a_body_names_a_tenant(court):
    found = []
    for op in operations():
        if op.mutates and op.in_body and not op.content:
            method, path, body, headers = court.request(op, OTHER)
            for name in ("tenant", "tenant_id", "tenantId", "owner", "actor", "id", "__proto__"):
                more = json.dumps(json.loads(body or "{}") | {name: OWNER})
                answer = court.send(INSIDER, method, path, more, **headers)
                found += court.wrong("member", f"{op.id} with {name}", answer, statuses=REFUSED)
    told(found)


def test_no_parameter_of_a_query_names_a_tenant(court):
    found = []
    for op in operations():
        if not op.mutates:
            _, path, _, headers = court.request(op, OTHER)
            for name in ("tenant", "tenant_id", "tenantId", "X-Tenant-ID", "owner"):
                there = f"{path.partition('?')[0]}?{name}={OWNER}"
                answer = court.send(INSIDER, "GET", there, **headers)
                found += court.wrong("parameter", f"{op.id} with {name}", answer, statuses=REFUSED)
    told(found)


# --- headers that say which request, which version, which story ------------------------------------


def test_a_key_of_another_tenant_is_a_key_of_ones_own(court):
    """Two people of one name, in two tenants, send the same request with the same key."""
    found = []
    for op in operations():
        if not op.mutates or op.tenant or op.content:
            continue
        method, path, body, headers = court.request(op, OTHER)
        first = court.send(INSIDER, method, path, body, **headers, Idempotency_Key="the same")
        again = court.send(THIRD, method, path, body, **headers, Idempotency_Key="the same")
        what = f"{op.id} after {first.status}"
        found += court.wrong(
            "key", what, again, sent=f"{path}{body}", by="initech", of=OTHER, statuses=FINE
        )
        if first.writes and first.status < 300 and again.body == first.body:
            found.append(f"{what} is answered what the other was: {again.text[:200]}")
        if Id in op.in_path.values() and again.status not in NOTHING_THERE:
            found.append(f"{what} is answered {again.status} in another tenant")
    told(found)


def test_the_version_of_another_tenants_document_opens_and_fits_nothing(court):
    found = []
    rows = court.kept(OWNER)
    tags = {}
    for (_, collection, _), data in rows.items():
        version = json.loads(data).get("version_hash")
        if version:
            tags[collection] = version
    for op in of_a_tenant():
        if op.mutates:
            method, path, body, headers = court.request(op, OWNER)
            _, mine, _, _ = court.request(op, OTHER)
            for collection, tag in tags.items():
                headers["If-Match"] = f'"{tag}"'
                for there, statuses in ((path, NOTHING_THERE), (mine, FINE)):
                    answer = court.send(INSIDER, method, there, body, **headers)
                    what = f"{op.id} at {there} with the version of one of {collection}"
                    if answer.status < 300 and answer.writes:
                        found.append(f"{what} wrote {answer.writes}")
                    found += court.wrong(
                        "version", what, answer, sent=f"{path}{body}{tag}", statuses=statuses
                    )
    told(found)


def test_nobody_tells_on_another_tenants_story(court):
    found, theirs = [], set()
    for data in court.kept(OWNER).values():
        theirs.add(json.loads(data).get("correlation_id"))
    for op in operations():
        if op.tenant or not op.mutates or op.content:
            continue
        method, path, body, headers = court.request(op, OTHER)
        for story in [*sorted(filter(None, theirs))[:3], *STORIES]:
            answer = court.send(
                f"colleague@{OTHER}", method, path, body, **headers, X_Correlation_ID=story
            )
            found += court.wrong(
                "story", f"{op.id} in {story!r}", answer, sent=story, statuses=FINE
            )
            joined = {
                one.data.get("correlation_id") for one in court.written if one.data
            } & theirs - {None}
            if joined:
                found.append(f"{op.id} joins the story {joined}")
    told(found)


# --- streams and uploads ---------------------------------------------------------------------------


def notices(court, tenant):
    """Return what is told to a tenant's governors."""
    rows = court.kept(tenant).items()
    told = [json.loads(data) for (_, kind, _), data in rows if kind == "notifications"]
    return [one for one in told if one["audience"] == "governor"]


def test_a_stream_tells_ones_own_alone(court, monkeypatch):
    # However long ago, that all there is might be told.
    monkeypatch.setattr("shared.streams.REPLAYED", timedelta(days=1000))
    found, heard = [], ""
    theirs, mine = notices(court, OWNER)[0]["id"], notices(court, OTHER)[0]["id"]
    since = min(one["created_at"] for one in notices(court, OTHER))
    last = [theirs, mine, "", *disguises(OWNER, OTHER, theirs.partition(".")[2]).values()]
    for op in (op for op in operations() if op.tells):
        for who in (INSIDER, *CUSTOMERS):
            for id in last:
                raw = id.encode("ascii", "replace").decode().replace("\n", " ")
                answer = court.send(who, "GET", op.path, Last_Event_ID=f"{raw}@{since}")
                found += court.wrong(
                    "stream",
                    f"{op.id} by {who} after {raw}",
                    answer,
                    sent=theirs,
                    statuses={200, *REFUSED},
                )
                heard += answer.text
    told(found)
    assert mine in heard


def test_a_permission_to_upload_is_for_one_veto(court):
    """Bent to another's, it permits nothing."""
    attach = next(op for op in operations() if op.id == "mobile.attach_document")
    method, path, body, headers = court.request(attach, OTHER)
    given = court.send("governor", method, path, body, **headers)
    assert given.status == 201, given.text
    address = given.body["upload_url"].rpartition("/")[2]
    content, kind = court.asked["mobile.upload_document"].body, {"Content-Type": "application/pdf"}
    message, kid, signature = address.split(".")
    ticket = json.loads(base64.urlsafe_b64decode(message + "=="))
    theirs = ticket["veto_id"].replace(
        ticket["veto_id"], own(court.asked[attach.id].path.split("/")[4], OWNER)
    )
    bent = [ticket | {"veto_id": theirs}, {**ticket, "veto_id": theirs, "typ": "entry/v1"}]
    other = [court.of_entry(OWNER), court.of_entry(PLATFORM)]
    found = []
    for one in bent:
        text = base64.urlsafe_b64encode(
            json.dumps(one, separators=(",", ":"), sort_keys=True).encode()
        )
        payload = text.decode().rstrip("=")
        for key, proof in ((kid, signature), (kid, ""), ("", signature), *other):
            there = f"/v1/uploads/{payload}.{key}.{proof}"
            answer = court.send("", "PUT", there, content, **kind)
            found += court.wrong("upload", there, answer, sent=there, statuses=REFUSED)
    told(found)
    assert not [file for file in court.uploads() if OWNER in str(file)]
    kept = court.send("", "PUT", f"/v1/uploads/{address}", content, **kind)
    assert (kept.status, kept.writes) == (201, [(PLATFORM, "decisions")])


# --- in bodies and queries -------------------------------------------------------------------------


def test_what_a_body_names_is_looked_for_in_ones_own_tenant(court):
    """Every text of every body in turn is the id of something of the owner's, of each kind."""
    found, ids = [], named(court)
    for op in operations():
        if not op.mutates or not op.in_body or op.content or op.tenant:
            continue
        method, path, body, headers = court.request(op, OTHER)
        _, _, theirs, _ = court.request(op, OWNER)
        for n, given in enumerate([theirs, *bodies(json.loads(body or "{}"), ids)]):
            answer = court.send(INSIDER, method, path, given, **headers)
            found += court.wrong(
                "body", f"{op.id} {n}: {given[:300]}", answer, sent=given, statuses=FINE
            )
    told(found)


def test_what_a_query_names_is_looked_for_in_ones_own_tenant(court):
    found, ids = [], named(court)
    for op in operations():
        if op.mutates or op.tenant:
            continue
        path = court.request(op, OTHER)[1].partition("?")[0]
        for name in queried(op):
            for id in ids:
                there = f"{path}?{name}={quote(id, safe='')}"
                answer = court.send(INSIDER, "GET", there)
                found += court.wrong(
                    "query", f"{op.id} at {there}", answer, sent=there, statuses=FINE
                )
    told(found)


KINDS = ("agents", "approvals", "vetoes", "violations", "devices", "releases")


def named(court):
    """Return the id of one document of the owner's of some kinds, and how entries name two of them."""
    kinds = {kind: id for _, kind, id in court.kept(OWNER) if id.startswith(f"{OWNER}.")}
    return [*map(kinds.get, KINDS), *(f"{kind}/{kinds[kind]}" for kind in KINDS[:2])]


def bodies(body, ids):
    """Yield bodies of which one text says something else."""
    for place in places(body):
        for id in ids:
            yield json.dumps(with_(body, place, id))


def places(value, at=()):
    match value:
        case dict():
            for name, one in value.items():
                yield from places(one, (*at, name))
        case list():
            for n, one in enumerate(value[:1]):
                yield from places(one, (*at, n))
        case str():
            yield at


def with_(value, place, text):
    if not place:
        return text
    copy = value.copy()
    copy[place[0]] = with_(value[place[0]], place[1:], text)
    return copy


# --- and it is no accident -------------------------------------------------------------------------

FILES = {"audit.download_export_part"}
"""What answers a file, which a document that was given to a tenant does not bring: tests/audit/test_exports.py reaches it."""


def test_the_same_requests_reach_the_document_for_whoever_may(court):
    """The platform's staff act in the tenant of what they address; each request above is one that names something."""
    unreached = []
    for op in of_a_tenant():
        if court.asked[op.id].account and op.id not in FILES:
            method, path, body, headers = court.request(op, OTHER)
            answer = court.send(court.asked[op.id].account, method, path, body, **headers)
            if answer.status in NOTHING_THERE:
                unreached.append(f"{op.id} at {path}: {answer.text[:200]}")
    assert not unreached, "\n".join(unreached)


def test_a_leak_and_a_write_would_be_noticed(court):
    """The owner's own answers tell what a leak would, of each operation that shows a document."""
    blind = []
    for op in of_a_tenant():
        if not op.mutates:
            method, path, body, headers = court.request(op, OWNER)
            answer = court.send(f"insider@{OWNER}", method, path, body, **headers)
            if answer.status == 200 and not court.leaked(answer.text, path):
                blind.append(op.id)
    assert set(blind) == TOLD_BY_STATUS.keys(), blind


def test_there_are_enough_of_them(court):
    assert len(court.secrets[OWNER]) >= 200
    assert {"path", "disguise", "X-Tenant-ID", "body", "cursor", "key"} <= court.cases.keys()
    assert sum(court.cases.values()) >= 5_000
