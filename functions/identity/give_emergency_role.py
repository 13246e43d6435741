from typing import Annotated

from pydantic import ConfigDict, Field

from shared import examples
from shared.actors import PLATFORM, Role, Scope
from shared.entity import Id, Value
from shared.errors import Conflict
from shared.identity.actions import registry
from shared.identity.events import EmergencyRoleGiven
from shared.identity.models import Access, Member, Reason, UserId
from shared.identity.rules import grants
from shared.operation import Call, operation
from shared.platform.models.incidents import Incident


class Emergency(Value):
    """Which role somebody needs, for which incident and how long."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "role": "infrastructure_engineer",
                    "incident_id": examples.INCIDENT,
                    "hours": 2,
                    "reason": "Nobody who may reset the breaker can be reached.",
                }
            ]
        }
    )

    role: Role
    """Which role."""
    incident_id: Id
    """The incident that it is for, by its `id`."""
    hours: Annotated[int, Field(ge=1, le=4)]
    """For how many hours."""
    reason: Reason
    """Why nobody else can do it, in your words."""


@operation(
    "POST",
    "/v1/admin/users/{user_id}/roles/emergency",
    scopes={Scope.USERS_EMERGENCY},
    tenant=PLATFORM,
)
def give_emergency_role(call: Call, user_id: UserId, body: Emergency) -> Access:
    """
    Give somebody of the platform's staff a role for at most four hours, while an incident is open.

    It counts beside what they hold, and ends by itself. Nobody gives one to themselves, nor an office of one person.
    """
    with call.transaction() as txn:
        incident = txn.named(Incident, body.incident_id, field="incident_id")
        if incident.status in {"resolved", "closed"}:
            raise Conflict(
                f"{incident.number} is over; open the one that it is for", rule="incident_over"
            )
        before = registry.known(txn, user_id, call.tenant, call.now)
        after = grants.for_hours(
            before,
            txn.get_or_none(Member, user_id),
            body.role,
            hours=body.hours,
            incident=incident.number,
            by=call.actor,
            at=call.now,
        )
        event = EmergencyRoleGiven(
            user_id=user_id,
            role=body.role,
            until=after.emergency[-1].until,
            incident=incident.number,
            reason=body.reason,
        )
        registry.keep(txn, after, event)
    return Access.of(after)
