"""No change is made that was not decided, by whichever operation, also by those not yet written."""

import json
from datetime import UTC, datetime
from functools import cache
from re._parser import parse  # type: ignore[import-not-found]
from typing import Annotated, Any, Literal, get_type_hints

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from local.accounts import accounts, named
from local.rows import everything
from shared.actors import HOLDERS, PLATFORM, Actor, Role
from shared.approvals.rules import acting, requests
from shared.canonical import digest
from shared.deciding import ApprovalNeeded, Decision, Finding, Question, Reason
from shared.edge import decision_point
from shared.edge.catalog import operations
from shared.edge.keys import verifier
from shared.entity import Code, Hex64, Text, Timestamp, Value
from shared.errors import EnforcementUnavailable
from shared.evidence import Entry
from shared.facts import Fact, Withheld, facts_of, marked, of_inputs
from shared.verification import entry_breaks
from tests.conftest import NOON
from tests.contracts.members import leaves
from tests.contracts.test_masking import declared
from tests.contracts.test_operations import path_of
from tests.contracts.test_walls import ROOT
from tests.ruled import engine
from tests.says import ALLOWED, Says

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


def sent(world, op, **headers):
    """Send the example of an operation, as somebody whom the door lets in."""
    body = examples()[op.id].get("requestBody", {}).get("content", {})
    headers |= {"If-Match": "*"} if op.takes_version else {}
    given: dict[str, Any] = {"as_": None if op.public else whoever_may(op), "headers": headers}
    for kind, said in body.items():
        given["content_type"] = kind
        given["data"] = json.dumps(said["example"]) if "example" in said else b"%PDF-1.7"
        break
    if op.content:
        given["content_type"] = op.media_types[0] if op.media_types else "application/pdf"
    return world.call(op.function, path_of(op), **given)


def entered(world):
    return {one.key.id: one for one in everything(world.ports.documents, Entry.collection)}


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


NEEDED = ApprovalNeeded(type="execution", chain="of-nobody")
ASKING = Finding(allow=True, approval=NEEDED, reasons=tuple(REASONS))
"""What wants an approval, by a chain that there is not: so nobody is asked."""

NOBODYS = "11111111-1111-4111-8111-111111111111"


def test_no_change_passes_by_the_approval_that_rules_want_or_goes_on_with_one_of_something_else(
    world, ruled
):
    wrong = {}
    for finding, headers, code in (
        (ASKING, {}, "approval_required"),
        (ALLOWED, {"X-Approval-ID": NOBODYS}, "approval_mismatch"),
    ):
        ruled(finding)
        for op in MUTATING:
            answer = sent(world, op, **headers)
            if (answer.status_code, answer.json["code"]) != (403, code):
                wrong[op.id] = answer.data
    assert not wrong


def test_people_can_be_asked_for_every_change():
    """Its class, its type and what is shown of its arguments fit what an approval may be."""
    by = Actor(id="kim", tenant=PLATFORM, roles=frozenset({Role.ADMIN}), auth_time=NOON)
    for op in MUTATING:
        body = examples()[op.id].get("requestBody", {}).get("content", {})
        said = next(iter(body.values()), {}).get("example") or {}
        told = examples()[op.id]["x-policy-facts"]
        args = {path: said.get(path) for path in told if path in said}
        act = Question(
            pep="api_gateway",
            actor=by,
            tenant=PLATFORM,
            name=op.id,
            says=op.summary,
            acts=op.acts,
            now=NOON,
            environment="local",
            correlation_id="1",
            args=args,
            path={},
            whole=dict,
        )
        document = act.document({})
        decision = Decision(
            decision_id="d",
            verdict="allow",
            bundle="b",
            engine="e",
            input=document,
            input_digest=digest(document),
            evaluated_at=NOON,
            pep=act.pep,
        )
        needed = ApprovalNeeded(type="artifact")
        request = acting.asked(act, decision, needed, salt="5" * 64)
        asked = requests.ask(request, id=NOBODYS, tenant=PLATFORM, by=by, at=NOON)
        assert asked.deed == op.id
        assert not asked.violations()


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


MOST_OF_ARGS = 4 * 1024
"""What the facts of a request are at the largest, in bytes: with all else that is decided on they are under 8 KiB."""


def test_rules_look_at_what_every_operation_says_that_is_no_words(world, ruled):
    """Each example is sent, and what the rules were asked is what the description tells authors."""
    says, wrong = ruled(DENYING), {}
    for op in MUTATING:
        sent(world, op)
        asked, told = leaves_of(says.asked[-1]["args"]), examples()[op.id]["x-policy-facts"]
        if strange := {path for path, said in asked.items() if not fits(said, told.get(path))}:
            wrong[op.id] = strange
        body = examples()[op.id].get("requestBody", {}).get("content", {})
        given = leaves_of(next(iter(body.values()), {}).get("example") or {})
        if lost := {path for path in given.keys() & told.keys() if path not in asked}:
            wrong[op.id] = lost
    assert not wrong
    assert sum(bool(examples()[op.id]["x-policy-facts"]) for op in MUTATING) > 60


def leaves_of(said, before=""):
    """Return what is in a document, by its path."""
    found = {}
    for name, value in said.items():
        inside = leaves_of(value, f"{before}{name}.") if isinstance(value, dict) else {}
        found |= inside or {f"{before}{name}": value}
    return found


def fits(said, how):
    kinds = {"integer": int, "length": int, "boolean": bool, "codes": list}
    return how is not None and (said is None or type(said) is kinds.get(how, str))


def test_what_rules_look_at_is_bounded_and_no_words_of_anybody():
    """What rules are told stays in evidence for good."""
    wrong = []
    for op in MUTATING:
        for kind in models_in(op):
            wrong += [f"{op.id}: {place}" for place in texts(kind)]
        for name, kind in op.in_path.items():
            if decision_point.is_code(kind) and is_free(TypeAdapter(kind).json_schema()):
                wrong.append(f"{op.id}: {{{name}}} in its address")
        if (most := sum(map(largest, models_in(op)))) > MOST_OF_ARGS:
            wrong.append(f"{op.id}: {most} bytes at the most")
    assert not wrong, "bound it, or mark as Withheld what is not for the rules"


def models_in(op):
    return [one for one in op.inputs.values() if issubclass(one, BaseModel)]


def texts(kind):
    """Yield the members of a body that rules look at, though somebody may write words into them."""
    hints = get_type_hints(kind, include_extras=True)
    for name, (member, how) in marked(kind).items():
        if isinstance(how, type):
            yield from texts(how)
        elif how in {"code", "codes"}:
            said = tuple(kind.model_fields[member].metadata)
            each = leaves(hints[member], said)
            free = [one for one in each if one.kind is str and not declared(one)]
            if free or is_free(described(kind, name)):
                yield f"{kind.__name__}.{member}"


def described(kind, name):
    """Return the schema of a member, with what it refers to."""
    whole = kind.model_json_schema()
    return {**whole["properties"][name], "$defs": whole.get("$defs", {})}


def largest(kind):
    """Return how many bytes the facts of a model are at the most, with their names."""
    size = 2
    for name, (_, how) in marked(kind).items():
        size += len(name) + 4
        if isinstance(how, type):
            size += largest(how)
        elif how in {"code", "codes"}:
            size += longest(described(kind, name))
        else:
            size += 26
    return size


def longest(schema, known=None):
    """Return how long a code, or a list of such, is at the most."""
    known = schema.get("$defs", known)
    if "$ref" in schema:
        return longest(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return max(longest(one, known) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return schema["maxItems"] * (longest(schema["items"], known) + 1)
    if {"enum", "const"} & schema.keys():
        return max(len(str(one)) + 2 for one in schema.get("enum", [schema.get("const")]))
    if schema["type"] == "null":
        return 4
    _, widest = parse(schema["pattern"]).getwidth()
    return min(int(widest), schema.get("maxLength", int(widest))) + 2


def is_free(schema, known=None):
    """Say whether something that is described so may be any words, or an object of anything."""
    known = schema.get("$defs", known)
    if "$ref" in schema:
        return is_free(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return any(is_free(one, known) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return is_free(schema["items"], known)
    closed = {"enum", "const", "pattern"} & schema.keys()
    return not closed and schema.get("type") not in {"integer", "boolean", "null"}


class Payee(Value):
    account: Annotated[str, Field(pattern=r"^[a-z@.]{1,90}$")]
    note: Annotated[str, Field(pattern=r"^.*$")]


class Refund(Value):
    amount: int
    currency: Literal["INR", "USD"] | None = None
    tools: Annotated[tuple[Code, ...], Field(max_length=9), Fact] = ()
    at: Timestamp
    reason: Text
    lines: tuple[Text, ...]
    proof: Annotated[Hex64, Withheld]
    to: Payee
    more: dict[str, str]


def test_what_is_a_fact_is_said_by_its_type():
    assert of_inputs([Refund]) == {
        "amount": "integer",
        "currency": "code",
        "tools": "codes",
        "at": "instant",
        "lines": "length",
        "to.account": "code",
        "to.note": "code",
    }
    assert [*texts(Refund)] == ["Payee.account", "Payee.note"]
    assert is_free(TypeAdapter(Text).json_schema())
    assert largest(Refund) > 9 * 255


def test_a_request_is_told_by_its_facts():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    to = Payee(account="kim@example.com", note="")
    said = Refund(amount=1, at=at, reason="x", lines=("a", "b"), proof="0" * 64, to=to, more={})
    assert facts_of(said) == {
        "amount": 1,
        "currency": None,
        "tools": [],
        "at": "2026-01-01T00:00:00.000Z",
        "lines": 2,
        "to": {"account": "kim@example.com", "note": ""},
    }
