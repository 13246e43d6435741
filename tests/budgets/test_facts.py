"""What policies are told of budgets: the scarcest one's level, from the store."""

import pytest

from shared.actors import Actor, Role
from shared.budgets.actions.facts import facts
from shared.budgets.rules.limits import LEVELS, MARKS, level
from shared.deciding import Question
from tests.budgets.conftest import AGENT_ID
from tests.conftest import NOON


@pytest.fixture
def told_of(call_as):
    def told(tenant="acme", **args):
        question = Question(
            pep="tests",
            actor=Actor(id="service", tenant=tenant, roles=frozenset({Role.SERVICE})),
            tenant=tenant,
            name="execution.begin",
            acts="execute",
            now=NOON,
            environment="local",
            correlation_id="",
            args={"agent_id": AGENT_ID} | args,
            path={},
        )
        with call_as(Role.SERVICE, tenant=tenant).transaction() as txn:
            context = facts(txn, question)["context"]
        question.document({"context": context})
        return context

    return told


@pytest.mark.parametrize(
    ("spent", "found"),
    [
        (0, "normal"),
        (699_999, "normal"),
        (700_000, "warn"),
        (849_999, "warn"),
        (850_000, "approval"),
        (999_999, "approval"),
        (1_000_000, "blocked"),
    ],
)
def test_the_level_is_that_of_what_is_spent_and_held(hold, told_of, spent, found):
    if spent:
        hold("one", spent)
    assert told_of() == {
        "budget_level": found,
        "budget_spent_bp": spent // 100,
        "agent_spent_bp": spent // 100,
        "budget_reset_at": "2026-01-02T00:00:00.000Z" if spent else told_of()["budget_reset_at"],
    }


def test_what_was_given_back_lowers_it(hold, settle, told_of):
    hold("one", 1_000_000)
    settle("one", micro_usd=0)
    assert told_of()["budget_level"] == "normal"


def test_another_agents_budget_is_its_own(hold, told_of):
    hold("one", 1_000_000)
    other = told_of(agent_id="acme.66666666-6666-4666-8666-666666666666")
    assert (other["budget_level"], other["budget_spent_bp"]) == ("normal", 1_000)


def test_levels_never_fall_as_more_is_used():
    for kind in MARKS:
        found = [LEVELS.index(level(kind, bp)) for bp in range(0, 12_000, 10)]
        assert found == sorted(found)
