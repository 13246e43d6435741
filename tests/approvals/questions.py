"""Questions for the tests of approvals."""

from datetime import timedelta
from itertools import count
from typing import Any

from shared.approvals import requests, rules
from shared.approvals.models import ApprovalRequest, Consumer
from shared.entity import whole
from shared.examples import AGENT as AGENT  # noqa: PLC0414 - known from here
from shared.identity import PLATFORM, Actor, Role
from tests.conftest import CALLBACKS, NOON

CALLBACK = CALLBACKS + "locations/local/workflows/w/executions/e/callbacks/c"
ID = "11111111-1111-4111-8111-111111111111"


def minutes(count):
    return NOON + timedelta(minutes=count)


_SCHEMA: Any = ApprovalRequest.model_config["json_schema_extra"]
EXAMPLE: dict[str, Any] = _SCHEMA["examples"][0]
_OTHERS = count(1)


def request(**changes):
    return whole(ApprovalRequest.model_validate(EXAMPLE | changes))


def others():
    """Return the subject of the example, of the same shape and about something else each time."""
    return EXAMPLE["subject"] | {"gate_results_hash": f"{next(_OTHERS):064x}"}


def another(**changes):
    """Return a question that nobody has asked before."""
    return request(**{"subject": others()} | changes)


def person(*roles, id="", tenant=PLATFORM, signed_in=0.0):
    return Actor(
        id=id or roles[0].value,
        tenant=tenant,
        roles=frozenset(roles),
        auth_time=minutes(signed_in),
    )


GOVERNOR = person(Role.GOVERNOR)
GUARDIAN = Actor(id="vision_guardian", tenant=PLATFORM, roles=frozenset({Role.VISION_GUARDIAN}))
SERVICE = Actor(id="service:workflows", tenant=PLATFORM, roles=frozenset({Role.SERVICE}))


def approval(*, tenant=PLATFORM, **changes):
    place = ID if tenant == PLATFORM else f"{tenant}.{ID}"
    return requests.ask(request(**changes), id=place, tenant=tenant, by=SERVICE, at=NOON)


def constitutional():
    return approval(type="constitutional", gate="change")


WHY = "The rollback plan was never tested."
RUN = Consumer(run_id="r1", step_id="s1")


def approve(before, by=GOVERNOR, at=1, digest=None, comment=None):
    digest = digest or before.action_digest
    return rules.approve(before, by=by, at=minutes(at), expected_digest=digest, comment=comment)


def reject(before, by=GOVERNOR, at=1, reason=WHY):
    return rules.reject(before, by=by, at=minutes(at), reason=reason)


def send_back(before, by=GOVERNOR, at=1):
    return rules.request_changes(before, by=by, at=minutes(at), changes=["Add a test."])


def veto(before, by=GOVERNOR, at=1, explanation=WHY):
    return rules.veto(before, by=by, at=minutes(at), category="safety", explanation=explanation)


def consume(before, by=RUN, at=1, digest=None):
    return rules.consume(
        before, by=by, action_digest=digest or before.action_digest, at=minutes(at)
    )


DECIDE = [approve, reject, send_back, veto]


def rule(refused):
    return refused.value.violations[0].rule
