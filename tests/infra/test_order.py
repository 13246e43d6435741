"""What waits for what, as the engine is told it."""

from infra.graph import closure


def found(graph, type, name):
    return next(one for one in graph if (one.type, one.name) == (type, name))


def test_every_resource_has_a_name_of_its_own_and_waits_for_what_there_is(graph):
    urns = [one.urn for one in graph]
    assert len(set(urns)) == len(urns)
    assert not set().union(*(one.after for one in graph)) - set(urns)
    topic = found(graph, "pubsub.Topic", "dead-letters")
    assert topic.urn.endswith("::waooaw::gcp:pubsub/topic:Topic::dead-letters")


def test_what_a_resource_names_and_what_its_inputs_come_from_is_before_it(graph):
    subscription = found(graph, "pubsub.Subscription", "tap--kept")
    tap = found(graph, "pubsub.Topic", "tap")
    allowed = found(graph, "storage.BucketIAMMember", "broker-tap-objectCreator")
    assert {tap.urn, allowed.urn} <= subscription.after
    assert tap.urn in subscription.fed_by
    assert allowed.urn not in subscription.fed_by
    key = found(graph, "kms.CryptoKey", "records")
    assert key.urn not in subscription.after
    assert key.urn in closure(graph, subscription.urn)


def test_what_the_program_looks_up_is_taken_down_too(prod):
    asked = {one.type: one for one in prod if one.looked_up}
    assert asked["storage.getProjectServiceAccount"].inputs["project"] == "waooaw-prod"
    secret = found(prod, "secretmanager.Secret", "sign-in-google")
    assert secret.urn in asked["secretmanager.getSecretVersionAccess"].after
