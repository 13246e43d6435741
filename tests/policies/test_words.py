"""What each denial says is to be done about it can be done."""

import ast
import re
from pathlib import Path

import pytest

from shared.edge.catalog import operations
from tests.policies.test_rego import RULES, SOURCES

ROOT = Path(__file__).parents[2]
THEIR_OWN = None
"""Who is denied asks otherwise, or waits: that is in their own hands."""

STEPS = {
    "ask for (one|a new one|named ones|them masked)": "approvals.create_approval",
    "ask again with new evidence": "approvals.create_approval",
    "ask an admin": "identity.create_role_request",
    "ask one of them, or an admin for that role": "identity.create_role_request",
    "ask whoever looks after the rules": "policy.publish_policy_bundle",
    "ask an admin to look at GET /v1/health": "platform.get_health",
    "ask (the Governor of their account|the customer)": THEIR_OWN,
    "ask them to do it": THEIR_OWN,
    "ask (again|with a purpose|for less|for something newer)": THEIR_OWN,
    "ask .* to raise it": "budgets.put_budget",
    "have it deployed": "agents.settle_stage",
    "have (the|both) manifests? certified|or have it certified": "agents.submit_me_wow",
    "have the agent certified": "agents.submit_me_wow",
    "have (somebody else|a person) ": THEIR_OWN,
    "(name|take|say|leave|send|wait) ": THEIR_OWN,
    "name an agent that there is .GET /v1/agents.": "agents.list_agents",
}
"""The steps that denials name, and by which operation each is taken."""

WAITING = {
    "subscribe": "trial",
    "have the trial mended": "trial",
    "ask them for a grant": "data_grant",
}
"""Steps that come with the area that looks up what the rule needs, so that nobody is denied by it before."""

FRAGMENTS = re.compile(
    r"^nothing is decided while|when its period is over|^%d hundredths|all of it is spent|^(to|for) |^engagement_id of|^args\.with_agent"
)
"""What stands within a message."""

HIDDEN = "there is no such thing among yours"
"""What is answered by 404, of which nothing more is said."""


def texts(source):
    """Yield what a module of rules says in words."""
    plain = "\n".join(one for one in source.splitlines() if not one.strip().startswith("#"))
    yield from (one for one in re.findall(r'"((?:[^"\\]|\\.)*)"', plain) if " " in one)


def messages():
    """Return every message of a denial, by where it stands."""
    found = {}
    for path in RULES:
        for said in texts(SOURCES[path]):
            if len(said) > 12 and not FRAGMENTS.match(said) and said != HIDDEN:
                found[f"{path}: {said}"] = said
    tree = ast.parse((ROOT / "shared/deciding.py").read_text())
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="said")], value=value):
                said = "".join(
                    str(one.value) for one in ast.walk(value) if isinstance(one, ast.Constant)
                )
                found[f"deciding: {said}"] = said
    return found


def test_the_messages_are_found():
    assert len(messages()) > 50


@pytest.mark.parametrize("said", messages().values(), ids=messages())
def test_a_denial_names_a_next_step_that_exists(said):
    step = said.rpartition(";")[2]
    there = {op.id for op in operations()}
    named = [
        op for phrase, op in {**STEPS, **dict.fromkeys(WAITING)}.items() if re.search(phrase, step)
    ]
    assert named, "say at its end what is to be done about it"
    assert not [op for op in named if op is not THEIR_OWN and op not in there]


@pytest.mark.parametrize("fact", sorted(set(WAITING.values())))
def test_a_step_that_does_not_exist_yet_is_of_what_nobody_looks_up_yet(fact):
    looking = [file.read_text() for file in (ROOT / "shared").glob("*/actions/facts.py")]
    assert len(looking) > 3
    supplied = re.compile(rf'"{fact}": ')
    assert not [one for one in looking if supplied.search(one)], (
        "its steps exist now: say by which operation"
    )
