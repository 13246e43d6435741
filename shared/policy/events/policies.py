"""What happens to the policies of tenants, as it is announced."""

from typing import Annotated, Self

from pydantic import Field

from shared.entity import ActorId, Code, Event, Hex64, Id
from shared.policy.models.policies import Policy

TOPIC = "policy-events"


class _OfPolicies(Event, category="configuration_change", topic=TOPIC):
    """Something that happens to one version of a policy."""

    name: Code
    version: Code
    policy_hash: Hex64

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """Tell of a policy."""
        return cls(name=policy.name, version=policy.version, policy_hash=policy.policy_hash)


class PolicyDrafted(_OfPolicies, action="policy.drafted"):
    """Somebody wrote a policy, or wrote a draft anew."""


class PolicyChangeAsked(Event, action="policy.change_asked", category="approval_request"):
    """Somebody asked that a policy comes into force, or no longer is."""

    change: Code
    asked_by: ActorId
    approval_id: Id
    looser: bool


class PolicyDropped(_OfPolicies, action="policy.dropped"):
    """A policy was agreed to, and is not in force: what came into force meanwhile leaves it no room."""


class PolicyActivated(_OfPolicies, action="policy.activated", retention="constitutional"):
    """A policy is in force."""


class PolicyRetired(_OfPolicies, action="policy.retired", retention="constitutional"):
    """A policy is no longer in force."""


class PoliciesChanged(
    Event,
    action="policies.changed",
    category="configuration_change",
    topic=TOPIC,
    retention="constitutional",
):
    """Other policies of a tenant are in force than before."""

    active: Annotated[tuple[Code, ...], Field(max_length=20)]
    """The digests of those that are."""
