"""No change is made that was not decided, by whichever operation, also by those not yet written."""

import json
import subprocess
import sys
from functools import cache
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, TypeAdapter

from local.accounts import accounts, named
from shared.actors import HOLDERS
from shared.deciding import Finding, Reason
from shared.documents import Query
from shared.edge import decision_point
from shared.edge.catalog import operations
from shared.edge.keys import verifier
from shared.entity import Code, Id, Text, Value
from shared.errors import EnforcementUnavailable
from shared.evidence import Entry
from shared.facts import Fact, marked
from shared.verification import entry_breaks
from tests.contracts.test_operations import path_of
from tests.contracts.test_walls import ROOT
from tests.ruled import engine
from tests.says import Says

MUTATING = [op for op in operations() if op.mutates]
REASONS = [
    Reason(
        policy="rbac", rule=f"NO-{n}", message=f"ask for it in another way ({n})", severity="high"
    )
    for n in (1, 2)
]
DENYING = Finding(allow=False, reasons=tuple(REASONS), matched=("rbac/NO-1", "rbac/NO-2"))


def whoever_may(op):
    """Return an account that holds what an operation asks for."""
    return next((one for one in accounts() if op.public or _holds(op, named(one)[0])), None)


def _holds(op, role):
    return any(role in HOLDERS[scope] for scope in op.scopes)


@cache
def examples():
    """Return how each operation is described, as the copy in the repository has it: another contract keeps that current."""
    areas = [json.loads(file.read_text()) for file in (ROOT / "docs/openapi").glob("*.json")]
    return {
        said["operationId"]: said
        for area in areas
        for item in area["paths"].values()
        for said in item.values()
    }


def sent(world, op):
    """Send the example of an operation, as somebody whom the door lets in."""
    body = examples()[op.id].get("requestBody", {}).get("content", {})
    headers = {"If-Match": "*"} if op.takes_version else {}
    given: dict[str, Any] = {"as_": None if op.public else whoever_may(op), "headers": headers}
    for kind, said in body.items():
        given["content_type"] = kind
        given["data"] = json.dumps(said["example"]) if "example" in said else b"%PDF-1.7"
        break
    if op.content:
        given["content_type"] = op.media_types[0] if op.media_types else "application/pdf"
    return world.call(op.function, path_of(op), **given)


def entered(world):
    found = world.ports.documents.find(None, Query(Entry.collection, limit=1000))
    return {one.key.id: one for one in found}


@pytest.fixture
def ruled(world, monkeypatch):
    def by(finding):
        says = Says(finding)
        monkeypatch.setattr(world.ports, "enforcement", says)
        return says

    return by


@pytest.fixture(autouse=True)
def any_number_of_denials(world, monkeypatch):
    """Let strangers leave an entry of each denial, and nobody ask too often."""
    monkeypatch.setattr("shared.edge.strangers.MOST_ENTRIES", 1000)


def test_rules_that_deny_stop_every_change_with_their_reasons_and_leave_only_evidence_of_it(
    world, ruled
):
    ruled(DENYING)
    jwk = world.ports.signer.jwk
    check = verifier({jwk["kid"]: jwk})
    before, wrong = entered(world), []
    for op in MUTATING:
        answer = sent(world, op)
        after = entered(world)
        new = [after[id] for id in after.keys() - before.keys()]
        before = after
        wrong += [f"{op.id}: {said}" for said in _denied(answer, new, check)]
    assert not wrong, f"a change passes its rules by, or they are not told of it: {wrong}"
    assert len(MUTATING) > 70


def _denied(answer, new, check):
    """Yield what is wrong with how a denial was told and kept."""
    told = answer.json or {}
    if answer.status_code != 403 or told.get("code") != "policy_denied":
        yield f"answers {answer.status_code} {answer.data!r:.300}"
        return
    if [one["rule"] for one in told["violations"]] != ["NO-1", "NO-2"]:
        yield f"tells {told['violations']}"
    if len(new) != 1:
        yield f"leaves {len(new)} entries"
        return
    [one] = new
    entry = Entry.from_stored(one.data)
    if breaks := entry_breaks(one.key, one.data, json.dumps(one.data), check):
        yield f"its entry breaks {breaks}"
    decision = entry.policy.decision if entry.policy else None
    if entry.action != "policy.denied" or decision is None or entry.policy.allow:
        yield f"is entered as {entry.action} with {entry.policy}"
        return
    if not entry.id == decision["decision_id"] == answer.headers["X-Decision-ID"]:
        yield "is not found by its decision_id"
    if [one["rule"] for one in decision["reasons"]] != ["NO-1", "NO-2"]:
        yield f"keeps {decision['reasons']}"


def test_where_nobody_can_decide_every_change_is_refused_and_nothing_is_left_of_it(world, ruled):
    ruled(EnforcementUnavailable("there is no policy engine"))
    before = entered(world).keys()
    answers = {op.id: sent(world, op) for op in MUTATING}
    wrong = {
        id: answer.status_code
        for id, answer in answers.items()
        if answer.status_code != 503 or answer.json["code"] != "enforcement_unavailable"
    }
    assert not wrong
    assert entered(world).keys() == before


def test_every_change_is_in_a_family_that_rules_are_selected_for():
    lost = sorted({op.area for op in MUTATING} - engine().selection.keys())
    assert not lost, (
        "say in policies/selection.json which bundles decide on it, or nobody may do it"
        f" (`unknown_action`): {lost}"
    )


def test_what_rules_look_at_is_no_free_text():
    """Numbers, truth values and codes alone: what rules are told stays in evidence for good."""
    wrong = []
    for op in MUTATING:
        wrong += [f"{op.id}: {place}" for kind in op.in_body.values() for place in texts(kind)]
        for name, kind in op.in_path.items():
            if decision_point.is_code(kind) and is_free(TypeAdapter(kind).json_schema()):
                wrong.append(f"{op.id}: {{{name}}} in its address")
    assert not wrong, "mark as Fact what is a number, a truth value or a code (a pattern, a choice)"


def texts(kind):
    """Yield the members of a body that rules look at, though somebody may write them."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return
    for name, how in marked(kind).items():
        if issubclass(how, BaseModel):
            yield from texts(how)
        elif how is Fact and is_free(kind.model_json_schema()["properties"][name]):
            yield f"{kind.__name__}.{name}"


def is_free(schema):
    """Say whether something that is described so may be any words, or an object of anything."""
    if "anyOf" in schema:
        return any(is_free(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return is_free(schema["items"])
    closed = {"enum", "const", "pattern"} & schema.keys()
    return not closed and schema.get("type") not in {"integer", "boolean", "null"}


class Refund(Value):
    amount: Annotated[int, Fact]
    currency: Annotated[Literal["INR", "USD"] | None, Fact] = None
    tools: Annotated[tuple[Code, ...], Fact] = ()
    reason: Annotated[Text, Fact]
    to: Annotated[dict[str, str], Fact]


def test_words_among_what_rules_look_at_are_found():
    assert [*texts(Refund)] == ["Refund.reason", "Refund.to"]
    assert is_free(TypeAdapter(Text).json_schema())
    assert not is_free(TypeAdapter(Id).json_schema())


READING = """
import json, sys
from wsgiref.util import setup_testing_defaults
from shared.edge.ports import connect
from shared.edge.settings import Settings
from shared.edge.serving import view
from shared.edge.loading import load
from shared.edge.web import Request
import shared.edge.admission as admission
from shared.actors import Actor, Role

ports = connect(Settings({"DATA": sys.argv[1]}))
ports.identify = lambda headers, revoked_within_s: Actor(id="ada", tenant="platform", roles=frozenset({Role.ADMIN}))
statuses = []
for id, path in json.loads(sys.argv[2]):
    environ = {"PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1"}
    setup_testing_defaults(environ)
    statuses.append(view(load(id), lambda: ports)(Request(environ)).status_code)
loaded = [name for name in sys.modules if name.startswith(("opa_bindings", "shared.deciding",
          "shared.edge.opa", "shared.edge.bundles", "shared.edge.decision_point", "shared.edge.verdicts"))]
print(json.dumps([statuses, loaded]))
"""


def test_who_only_reads_loads_no_engine_and_no_rules(tmp_path):
    reads = [("agents.list_agents", "/v1/agents"), ("identity.get_me", "/v1/me")]
    reads += [("approvals.list_approvals", "/v1/approvals")]
    done = subprocess.run(
        [sys.executable, "-c", READING, str(tmp_path), json.dumps(reads)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ".", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    statuses, loaded = json.loads(done.stdout.splitlines()[-1])
    assert statuses == [200, 200, 200]
    assert loaded == []
