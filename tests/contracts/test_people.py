"""What a person may do is what they may do now: an end of it is known in time, wherever it counts."""

from dataclasses import replace

import pytest

from shared.actors import Scope
from shared.approvals.models.about import PERSON
from shared.approvals.rules.acts import TARGETS
from shared.edge.catalog import operations
from shared.errors import Unauthenticated
from shared.precedents.models.classes import CLASSES
from tests.approvals.questions import SERVICE, approval
from tests.contracts.callers import reaches
from tests.contracts.test_operations import send
from tests.worlds import World

SOON_S, LATER_S = 5, 60


@pytest.mark.parametrize("op", [op for op in operations() if op.scopes], ids=lambda op: op.id)
def test_an_end_is_known_in_time(op, world):
    asked = []

    def identify(_, *, revoked_within_s):
        asked.append(revoked_within_s)
        raise Unauthenticated("seen")

    world = World(replace(world.ports, identify=identify), world.sign_in)
    assert send(world, op).status_code == 401
    soon = op.mutates or Scope.GOVERNANCE_READ in op.scopes
    assert asked == [SOON_S if soon else LATER_S]


DECIDES = {
    Scope.AGENTS_DECIDE,
    Scope.AGENTS_REVIEW,
    Scope.GENESIS_CERTIFY,
    Scope.GOVERNANCE_WRITE,
    Scope.PRECEDENTS_DECIDE,
    Scope.PRECEDENTS_VALIDATE,
    Scope.VETO_EXECUTE,
}
STOPS = {
    "agents.suspend_agent": "it only stops",
    "agents.assign_version": "it carries out what was approved already",
    "agents.rollback_agent": "it only takes back",
    "approvals.create_veto": "it only stops, and a name on somebody else's word takes no veto away",
    "approvals.veto_approval": "it only stops, as a veto does",
    "mobile.attach_document": "it is about an objection that was made",
    "mobile.sync_vetoes": "it only stops, as a veto does",
    "mobile.veto_on_phone": "it only stops, as a veto does",
    "precedents.revoke_precedent_seed": "it only stops, and people are asked again",
    "precedents.switch_deciding_seed": "it stops in one tenant what the Governor let decide there, or lets it go on",
    "precedents.switch_precedent_seeds": "it is about all seeds at once, which are nobody's own",
}
"""What takes a scope that decides and may be about one's own, and why that is right."""


def deciding():
    return [op for op in operations() if op.mutates and op.scopes & DECIDES and op.id not in STOPS]


@pytest.mark.parametrize("op", deciding(), ids=lambda op: op.id)
def test_nobody_decides_about_themselves(op):
    module, name = op.function.__module__, op.function.__name__
    assert reaches(module, name, ("shared.impartial", "impartial")), (
        f"{op.id} decides: hold who asks to `impartial`, or say in STOPS why it may be their own"
    )


def test_what_only_stops_is_an_operation_that_is_there():
    assert set(STOPS) < {op.id for op in operations() if op.scopes & DECIDES}


NAMES = TARGETS | PERSON | {"agent_id", "note", "entity", "by", "author", "run_id"}


@pytest.mark.parametrize("verb", [*CLASSES, "agent.restart", "grant", "userland"])
def test_what_a_request_writes_removes_nobody_but_whom_an_act_about_people_is_about(verb):
    named = {"approval_class": f"{verb}:PL:x", "subject": dict.fromkeys(NAMES, "ann")}
    asked = approval().model_copy(update={"requested_by": "ann", **named})
    about = {"ann"} if verb == "user.grant_role" else set()
    assert asked.parties == {SERVICE.id, asked.agent_id} | about
    beside = {"subject": dict.fromkeys(NAMES - PERSON, "ann")}
    assert "ann" not in asked.model_copy(update=beside).parties


def test_whoever_asks_no_rule_is_found():
    assert not reaches(
        "functions.agents.suspend_agent", "suspend_agent", ("shared.impartial", "impartial")
    )
