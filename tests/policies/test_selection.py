"""Which bundles are asked: none is missing, none is of nobody, and to people of the platform they say what scopes say."""

from datetime import UTC, datetime

import pytest

from shared.actors import HOLDERS, OF_CUSTOMERS, PLATFORM, Actor, Role
from shared.deciding import Question, merge
from shared.edge.bundles import GUARDS
from shared.edge.catalog import operations
from tests.ruled import engine, selected

MUTATING = [op for op in operations() if op.method != "GET"]


def test_every_bundle_is_asked_and_every_bundle_asked_is_there():
    named = {name for bundles in engine().selection.values() for name in bundles}
    assert named == engine().bundles.names


def test_every_family_of_operations_is_known():
    families = {op.id.partition(".")[0] for op in MUTATING}
    assert families - engine().selection.keys() == set(), (
        "say in policies/selection.json who is asked"
    )


@pytest.mark.parametrize("family", ["policy", "approvals"])
def test_whether_rules_are_taken_back_and_everything_is_frozen_is_decided_by_guards_alone(family):
    """They are the release's own, whatever was published: rules that do not end keep nobody from going back."""
    selection = engine().selection
    assert {*selection["*"], *selection[family]} <= GUARDS


def test_what_is_for_anybody_is_what_says_so():
    public = {op.id for op in MUTATING if not op.scopes}
    assert public == set(engine().bundles.data["limits"]["public"])


@pytest.mark.parametrize("role", Role)
def test_who_holds_a_scope_may_do_today_what_it_allows_and_nobody_else(role):
    tenant = "clinic" if role in OF_CUSTOMERS else PLATFORM
    actor = Actor(id=f"{role}.{tenant}", tenant=tenant, roles=frozenset({role}))
    wrong = []
    for op in MUTATING:
        question = Question(
            pep="api_gateway",
            actor=actor,
            tenant=tenant,
            name=op.id,
            acts="update",
            now=datetime(2026, 11, 30, tzinfo=UTC),
            environment="dev",
            correlation_id="c",
            scopes=tuple(sorted(op.scopes)),
            args={},
            path={},
        )
        document = question.document({})
        verdict = merge(engine().evaluate(selected(document, engine().selection), document))
        holds = not op.scopes or any(role in HOLDERS[scope] for scope in op.scopes)
        if (verdict.verdict == "allow") is not holds:
            wrong.append((op.id, verdict))
    assert not wrong
