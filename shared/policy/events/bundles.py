"""What happens to the sets of policy bundles that somebody publishes, as it is announced."""

from shared.entity import ActorId, Code, Event, Hex64, Id, Said

TOPIC = "policy-events"


class BundlesPublished(
    Event, action="policy.bundle_published", category="version_change", topic=TOPIC
):
    """A set of bundles is there that could come into force."""

    name: Code
    version: Code


class BundlesAsked(Event, action="policy.bundle_asked", category="approval_request", topic=TOPIC):
    """Somebody asked that a set comes into force."""

    asked_by: ActorId
    before: Hex64
    """The set that is in force."""


class BundlesJudged(Event, action="policy.bundle_judged", category="approval_request", topic=TOPIC):
    """It is known what a set would change, and people are asked whether it comes into force."""

    looser: bool
    approval_id: Id


class BundlesLapsed(Event, action="policy.bundle_lapsed", category="version_change", topic=TOPIC):
    """A set does not come into force as it was asked."""

    why: Said


class BundlesInForce(
    Event,
    action="policy.bundle_in_force",
    category="version_change",
    topic=TOPIC,
    retention="constitutional",
):
    """This set is in force."""

    approval_id: Id | None = None


class BundlesRetired(
    Event,
    action="policy.bundle_retired",
    category="version_change",
    topic=TOPIC,
    retention="constitutional",
):
    """This set is no longer in force."""
