"""Seeds and requests for the tests of precedents."""

from copy import deepcopy
from datetime import timedelta

from shared.actors import PLATFORM, Actor, Role
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import requests
from shared.learning.examples import DEPLOY_AGAIN
from shared.numbers import ExternalIds
from shared.precedents.models.seeds import Rule
from shared.precedents.rules import lifecycle
from tests.approvals.questions import EXAMPLE, others
from tests.conftest import NOON

ID = "22222222-2222-4222-8222-222222222222"
OTHER = "33333333-3333-4333-8333-333333333333"
GOVERNOR = Actor(id="governor", tenant=PLATFORM, roles=frozenset({Role.GOVERNOR}))
GENESIS = Actor(id="genesis", tenant=PLATFORM, roles=frozenset({Role.GENESIS}))
GUARDIAN = Actor(id="guardian", tenant=PLATFORM, roles=frozenset({Role.VISION_GUARDIAN}))
SERVICE = Actor(id="service:x", tenant=PLATFORM, roles=frozenset({Role.SERVICE}))

FACTS = {
    "alignment_score": 92,
    "completeness": 100,
    "rollback_planned": True,
    "data_classes": "public",
    "integrations": "wordpress",
}


def rule(**changes):
    said = deepcopy(DEPLOY_AGAIN)
    said["scope_ceiling"] |= changes.pop("ceiling", {})
    return Rule.model_validate(said | changes)


def draft(*, by_governor=True, samples=0, supersedes=None, id=ID, author=None, **changes):
    origin = lifecycle.Origin(
        author=author or ("governor" if by_governor else "orchestrator"),
        by_governor=by_governor,
        samples=samples,
        supersedes=supersedes,
    )
    return lifecycle.drafted(rule(**changes), origin, id=id, at=NOON)


def validated(before, others=(), outcome="approve", number=5, at=NOON, by=GENESIS):
    return lifecycle.validated(
        before, others, outcome=outcome, rationale="It was looked at.", number=number, by=by, at=at
    )


def active(**changes):
    number, at = changes.pop("number", 5), changes.pop("at", NOON)
    counts = changes.pop("counts", {})
    seed = lifecycle.activated(validated(draft(**changes), number=number), by=GOVERNOR, at=at)
    return seed.model_copy(update=counts)


def request(**changes):
    facts = FACTS | changes.pop("facts", {})
    facts = {name: value for name, value in facts.items() if value is not None}
    return ApprovalRequest.model_validate(EXAMPLE | {"evidence_facts": facts} | changes)


def another(**changes):
    """Return a request that nobody has made before."""
    return request(**{"subject": others()} | changes)


def approval(id=OTHER, tenant=PLATFORM, **changes):
    return requests.ask(request(**changes), id=id, tenant=tenant, by=SERVICE, at=NOON)


def days(count):
    return NOON + timedelta(days=count)


def in_service(call_as):
    """Say that an agent of the industry was in service before."""
    with call_as(Role.SERVICE).transaction() as txn:
        txn.save(ExternalIds(id="AGT-HC", given=1))
