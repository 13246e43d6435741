"""What the policies of a tenant had somebody told."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.deciding import Verdict
from shared.entity import ActorId, Code, Entity, Text
from shared.handling import Blanked, Handling, PersonalData, WithAccount

AlertLevel = Literal["note", "low", "medium", "high", "critical"]


class PolicyAlert(Entity):
    """What one rule of a policy says of an act, the first time in an hour; a note, the first time on a day."""

    collection: ClassVar[str] = "policy_alerts"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export="tenant",
        erasure=Blanked("whose act it was, and what is said of it"),
    )
    personal: ClassVar = PersonalData(ids="by", texts="message")

    policy: Code
    """The policy that says it."""
    rule: Code
    """The rule of it."""
    level: AlertLevel
    """How grave its author calls it; `note` where they only remark it."""
    message: Annotated[Text, Field(max_length=2000)]
    """What it says."""
    decision_id: Code
    """The first decision that it was said of: `GET /v1/policy/attestations/{decision_id}`."""
    act: Code
    """What was to be done."""
    verdict: Verdict
    """What was decided."""
    by: ActorId
    """Who wanted to do it."""
