"""The log: one line for each run of a function, joined to its trace, and nobody to be read from it."""

import io
import json
import logging
import sys
from dataclasses import replace

import pytest

from shared.actors import Scope
from shared.bus import envelope
from shared.deciding import denial
from shared.documents import Key, Write
from shared.edge.catalog import reactions
from shared.edge.delivery import deliver, run
from shared.edge.logs import JsonLines, configure
from shared.errors import Invalid
from shared.evidence import Entry, Unproven, digest_of, signed_bytes
from tests.bus.conftest import an_entry
from tests.kernel.things import decide, get_thing, make_thing
from tests.says import Says
from tests.worlds import declared

MAIL = "priya.raman@example.com"
PHONE = "+91 98765 43210"
FIELDS = {"ts", "severity", "service", "message", "route", "status", "duration_ms", "tenant_hash"}


@pytest.fixture
def log():
    """Write the log as a deployed function does, and read what it wrote."""
    root, ours = logging.getLogger(), logging.getLogger("waooaw")
    before = (root.handlers[:], root.level, ours.level)
    written = io.StringIO()
    stderr, sys.stderr = sys.stderr, written
    configure()
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    sys.stderr = stderr
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])


def test_a_request_is_one_line_with_everything_to_find_it_by(world, log):
    answer = world.call(decide, "/v1/decide", as_="governor")
    (line,) = log()
    assert set(line) >= FIELDS | {"correlation_id", "request_id"}
    assert line["correlation_id"] == answer.headers["X-Correlation-ID"]
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["service"], line["route"], line["status"]) == ("tests", "tests.decide", 200)
    assert line["tenant_hash"] == digest_of(b"platform")[:12]
    _, trace, span, flags = answer.headers["traceparent"].split("-")
    assert line["logging.googleapis.com/trace"] == f"projects/local/traces/{trace}"
    assert line["logging.googleapis.com/spanId"] == span
    assert line["logging.googleapis.com/trace_sampled"] is (flags == "01")


def test_a_change_says_how_the_rules_decided_of_it_and_a_read_says_nothing_of_that(world, log):
    world.ports.enforcement = Says()
    world.call(make_thing, "/v1/things", {"size": 1}, as_="governor")
    world.ports.enforcement = Says(denial("limits", "LIM-1", "too much"))
    world.call(make_thing, "/v1/things", {"size": 1}, as_="governor")
    world.call(get_thing, "/v1/things/none", as_="governor")
    allowed, denied, looked = log()
    assert (allowed["verdict"], "rule" in allowed) == ("allow", False)
    assert (denied["status"], denied["verdict"], denied["rule"]) == (403, "deny", "limits/LIM-1")
    assert allowed["decision_ms"] >= 0
    assert looked.keys().isdisjoint({"verdict", "rule", "decision_ms"})


def test_a_refusal_says_its_code_and_a_failure_is_an_error(world, log):
    @declared("GET", "/v1/broken", scopes={Scope.ACCOUNT}, audited=False)
    def broken(call):
        """Break."""
        raise ValueError(MAIL)

    world.call(make_thing, "/v1/things", {"size": 1}, as_="helpdesk_agent")
    world.call(broken, "/v1/broken", as_="viewer")
    refused, defect, line = log()
    assert (refused["severity"], refused["code"]) == ("INFO", "forbidden")
    assert (line["severity"], line["code"], line["status"]) == ("ERROR", "internal", 500)
    assert (defect["error"], defect["correlation_id"]) == ("ValueError", line["correlation_id"])
    assert "test_logs.py" in defect["stack"][-1]


def test_nobody_can_be_read_from_it(world, log):
    token = world.sign_in.token("customer_admin@acme", world.now)
    forged = token[:-8] + "AAAAAAAA"

    @declared("POST", "/v1/odd", scopes={Scope.ACCOUNT})
    def odd(call, body: dict[str, str]):
        """Break with everything in the message."""
        raise RuntimeError(f"{body} {MAIL} {PHONE} {token}")

    places = {
        "headers": {
            "X-Correlation-ID": MAIL,
            "Idempotency-Key": f"{MAIL} {PHONE}",
            "User-Agent": MAIL,
            "Origin": f"https://{MAIL}",
            "traceparent": token,
            "If-Match": MAIL,
            "Cookie": f"session={token}",
        },
    }
    calls = [
        (make_thing, "/v1/things", {"body": {"size": 1, MAIL: PHONE}}),
        (make_thing, f"/v1/things/{MAIL}", {"body": {"size": 1}}),
        (make_thing, "/v1/things", {"data": f'{{"size": "{MAIL}"}}'}),
        (make_thing, "/v1/things", {"data": f'{{"{token}"'}),
        (odd, "/v1/odd", {"body": {MAIL: PHONE}}),
        (decide, "/v1/decide", {"query": {"mail": MAIL, "token": token}}),
    ]
    for function, path, given in calls:
        for account in ("admin", "customer_admin@acme"):
            world.call(function, path, as_=account, **places, **given)
        headers = places["headers"] | {"Authorization": f"Bearer {forged}"}
        world.call(function, path, **(places | {"headers": headers}), **given)
    told = json.dumps(log())
    assert len(log()) >= 18
    for secret in (MAIL, "priya", PHONE, "98765", token, token.split(".")[1], forged, "acme"):
        assert secret not in told, f"{secret[:20]} can be read from the log"


def test_a_schedule_and_a_reaction_are_logged_as_a_request_is(world, log):
    by_id = {reaction.id: reaction for reaction in reactions()}
    run(by_id["events.sweep_entries"], world.ports)
    (line,) = log()
    assert set(line) >= FIELDS
    assert (line["route"], line["status"]) == ("events.sweep_entries", 200)


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@pytest.fixture
def told(world):
    """An event that its reaction cannot read, with its entry, and the message that announces it."""
    reaction = next(one for one in reactions() if one.id == "agents.start_pipeline")
    assert "agent.created" in reaction.events
    entry = an_entry(action="agent.created", topic=reaction.topic, data={})
    kid, sig = world.ports.signer.sign(signed_bytes(entry.to_stored()))
    entry = entry.model_copy(update={"kid": kid, "sig": sig})
    place = Key(entry.tenant, Entry.collection, entry.id)
    world.ports.documents.commit([Write(place, entry.to_stored())])
    message = envelope(entry, environment="local")
    return reaction, replace(message, attributes=message.attributes | {"traceparent": TRACE})


def test_what_a_reaction_refuses_is_logged_with_its_code_and_cause(world, log, told):
    reaction, message = told
    with pytest.raises(ValueError, match="validation errors"):
        deliver(reaction, message, world.ports)
    (line,) = log()
    assert (line["route"], line["status"], line["code"]) == (reaction.id, 500, "internal")
    assert line["causation_id"] == message.attributes["id"]
    assert line["correlation_id"] == message.attributes["correlationid"]
    trace = "projects/local/traces/4bf92f3577b34da6a3ce929d0e0e4736"
    assert line["logging.googleapis.com/trace"] == trace
    assert line["logging.googleapis.com/trace_sampled"] is True


def test_a_message_without_a_proof_is_an_error(world, log, told):
    reaction, message = told
    with pytest.raises(Unproven):
        deliver(reaction, replace(message, data=json.dumps({"from": MAIL}).encode()), world.ports)
    error, line = log()
    assert (error["severity"], error["service"]) == ("ERROR", "waooaw.delivery")
    assert error["message"].startswith("agents.start_pipeline did nothing: ")
    assert (line["status"], line["code"]) == (403, "unproven")
    assert line["logging.googleapis.com/trace_sampled"] is True
    assert MAIL not in json.dumps([error, line])


def test_a_line_of_somebody_elses_is_json_too():
    def refuse():
        raise Invalid(MAIL)

    try:
        refuse()
    except Invalid:
        record = logging.getLogger("library").makeRecord(
            "library", logging.ERROR, "f", 1, "it %s", ("broke",), sys.exc_info()
        )
    line = json.loads(JsonLines().format(record))
    assert (line["severity"], line["message"], line["service"]) == ("ERROR", "it broke", "library")
    assert line["error"] == "Invalid"
    assert MAIL not in json.dumps(line)
