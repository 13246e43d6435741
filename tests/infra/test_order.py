"""What waits for what, as the engine is told it."""

from dataclasses import replace

import pytest

from infra import checks, order
from infra.graph import closure
from infra.reading import granted


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


# --- each rule is seen to fail --------------------------------------------------------------------------------------


def before(graph):
    after = {one.urn: one.after for one in graph}
    known = {}

    def find(urn):
        if urn not in known:
            known[urn] = after[urn].union(*map(find, after[urn]))
        return known[urn]

    return {urn: find(urn) for urn in after}


def cut(graph, urn, needed):
    """Return the graph without whatever has the one wait for the other, directly or through others."""
    ahead = before(graph)
    return [
        replace(one, after=frozenset(u for u in one.after if needed not in {u, *ahead[u]}))
        if one.urn == urn
        else one
        for one in graph
    ]


@pytest.mark.parametrize("rule", order.RULES, ids=lambda rule: rule.__name__)
def test_a_rule_is_about_something_and_says_what_does_not_wait(prod, monkeypatch, rule):
    monkeypatch.setattr(order, "RULES", (rule,))
    kinds = {(one.type, needed.type): (one, needed) for one, needed in rule(prod)}
    assert kinds
    for one, needed in kinds.values():
        said = (
            f"{one.type} {one.name} does not wait for {needed.type} {needed.name}. {rule.__doc__}"
        )
        assert said in order.waits_for_what_it_needs(cut(prod, one.urn, needed.urn), "prod")


def without(graph, *urns):
    """Return the graph as it is where the program never asks for some of it."""
    gone = frozenset(urns)
    return [replace(one, after=one.after - gone) for one in graph if one.urn not in gone]


def missed(graph):
    """Say whether anything at all is wrong with a graph."""
    return any(next(check(graph, "prod"), None) for check in reversed(checks.CHECKS))


def test_whatever_the_program_says_to_wait_for_is_missed_when_it_no_longer_says_so(prod):
    """A ``depends_on`` that no rule asks for is no use, or a rule is missing."""
    types = {one.urn: one.type for one in prod}
    said = {(one.type, types[urn]) for one in prod for urn in one.after - one.fed_by}
    ahead = before(prod)
    assert ("cloudrunv2.Service", "firestore.Index") in said
    for waiting, needed in sorted(said):
        graph = [
            replace(
                one, after=frozenset(u for u in one.after if u in one.fed_by or types[u] != needed)
            )
            if one.type == waiting
            else one
            for one in prod
        ]
        # What it waits for through something else it waits for all the same.
        assert before(graph) == ahead or missed(graph), f"{waiting} does not wait for {needed}"


def test_a_service_that_is_not_switched_on_is_missed(prod):
    for one in prod:
        if one.type == "projects.Service":
            assert missed(without(prod, one.urn)), one.name


def test_a_grant_that_is_not_given_is_missed(prod):
    """Of each role, to each member, on each kind of thing one grant."""
    kinds = {
        # Each subscription has one, and they are alike.
        one.type
        if one.type == "pubsub.SubscriptionIAMMember"
        else (one.type, role, *sorted(members)): one
        for one, role, members in granted(prod)
    }
    assert len(kinds) > 70
    for one in kinds.values():
        assert missed(without(prod, one.urn)), f"{one.type} {one.name}"
