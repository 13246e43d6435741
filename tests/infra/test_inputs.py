"""
What the program says of each resource is what the provider takes: names, types, what must be said, and how it is nested.

The types are those of the provider's package; which values there are, where a text is one of a few, is as its resource
definitions say.
"""

import importlib
import inspect
import re
import typing
import warnings
from collections.abc import Awaitable, Mapping, Sequence
from copy import deepcopy
from functools import cache

import pytest
from pulumi import Output, _types

SECRET = "4dabf18193072939515e22adb298388d"
"""How Pulumi marks what it keeps encrypted."""

VALUES = {
    "apigateway.ApiConfig/apiConfigId": r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
    "artifactregistry.Repository/format": "DOCKER",
    "artifactregistry.Repository/cleanupPolicies/action": "DELETE|KEEP",
    "artifactregistry.Repository/cleanupPolicies/condition/tagState": "TAGGED|UNTAGGED|ANY",
    "cloudrunv2.Service/ingress": "INGRESS_TRAFFIC_(ALL|INTERNAL_ONLY|INTERNAL_LOAD_BALANCER|NONE)",
    "cloudrunv2.Service/template/executionEnvironment": "EXECUTION_ENVIRONMENT_GEN[12]",
    "cloudrunv2.Service/template/timeout": r"\d+(\.\d{1,9})?s",
    "cloudrunv2.Service/traffics/type": "TRAFFIC_TARGET_ALLOCATION_TYPE_(LATEST|REVISION)",
    "cloudscheduler.Job/attemptDeadline": r"(1[5-9]|[2-9]\d|\d{3}|1[0-7]\d\d|1800)s",
    "cloudscheduler.Job/httpTarget/httpMethod": "POST|GET|HEAD|PUT|DELETE|PATCH|OPTIONS",
    "firestore.BackupSchedule/weeklyRecurrence/day": "(MON|TUES|WEDNES|THURS|FRI|SATUR|SUN)DAY",
    "firestore.Database/concurrencyMode": "OPTIMISTIC|PESSIMISTIC|OPTIMISTIC_WITH_ENTITY_GROUPS",
    "firestore.Database/deleteProtectionState": "DELETE_PROTECTION_(ENABLED|DISABLED)",
    "firestore.Database/type": "FIRESTORE_NATIVE|DATASTORE_MODE",
    "firestore.Field/indexConfig/indexes/order": "ASCENDING|DESCENDING",
    "firestore.Field/indexConfig/indexes/queryScope": "COLLECTION(_GROUP)?",
    "firestore.Index/fields/order": "ASCENDING|DESCENDING",
    "firestore.Index/fields/arrayConfig": "CONTAINS",
    "firestore.Index/queryScope": "COLLECTION(_GROUP|_RECURSIVE)?",
    "identityplatform.Config/mfa/state": "DISABLED|ENABLED|MANDATORY",
    "logging.Metric/metricDescriptor/metricKind": "DELTA",
    "logging.Metric/metricDescriptor/valueType": "INT64|DISTRIBUTION",
    "monitoring.AlertPolicy/combiner": "AND|OR|AND_WITH_MATCHING_RESOURCE",
    "monitoring.AlertPolicy/conditions/conditionThreshold/comparison": "COMPARISON_(GT|GE|LT|LE|EQ|NE)",
    "monitoring.AlertPolicy/severity": "CRITICAL|ERROR|WARNING",
    "pubsub.Subscription/messageRetentionDuration": r"\d+(\.\d{1,9})?s",
    "storage.Bucket/lifecycleRules/action/type": "Delete|SetStorageClass|AbortIncompleteMultipartUpload",
    "storage.Bucket/publicAccessPrevention": "inherited|enforced",
    "workflows.Workflow/callLogLevel": "CALL_LOG_LEVEL_UNSPECIFIED|LOG_(ALL_CALLS|ERRORS_ONLY|NONE)",
}
"""Of which form a text is, by the type and the members that lead to it."""

NUMBERS = {
    "artifactregistry.Repository/cleanupPolicies/mostRecentVersions/keepCount": (1, 1000),
    "cloudrunv2.Service/template/maxInstanceRequestConcurrency": (1, 1000),
    "pubsub.Subscription/ackDeadlineSeconds": (10, 600),
    "pubsub.Subscription/deadLetterPolicy/maxDeliveryAttempts": (5, 100),
    "logging.ProjectBucketConfig/retentionDays": (1, 3650),
}
"""Between what a number is, likewise."""


@cache
def taken(type):
    """Return the class of what a resource takes."""
    module, _, name = type.partition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(importlib.import_module(f"pulumi_gcp.{module}"), f"{name}Args")


@cache
def members(cls):
    """Return the members of such a class with their types, and those that must be said."""
    names = _types.input_type_py_to_pulumi_names(cls)
    parameters = inspect.signature(cls.__init__).parameters
    needed = {
        n for python, n in names.items() if parameters[python].default is inspect.Parameter.empty
    }
    return _types.input_type_types(cls), needed


def plain(kind):
    """Return a type as it is once it is known."""
    if typing.get_origin(kind) is not typing.Union:
        return kind
    later = (Awaitable, Output)
    known = [one for one in typing.get_args(kind) if (typing.get_origin(one) or one) not in later]
    (found,) = (one for one in known if one is not type(None))
    return found


def wrong(value, kind, place):
    """Yield what is wrong with a value, in a sentence."""
    kind = plain(kind)
    origin = typing.get_origin(kind)
    if isinstance(value, Mapping) and SECRET in value:
        value = value["value"]
    if origin and issubclass(origin, Mapping):
        for name, one in value.items():
            yield from wrong(one, typing.get_args(kind)[1], f"{place}/{name}")
    elif origin and issubclass(origin, Sequence):
        if isinstance(value, list):
            for one in value:
                yield from wrong(one, typing.get_args(kind)[0], place)
        else:
            yield f"{place} is no list"
    elif _types.is_input_type(kind):
        yield from wrong_block(value, kind, place)
    else:
        yield from wrong_plain(value, kind, place)


def wrong_block(value, kind, place):
    if not isinstance(value, Mapping):
        yield f"{place} is no block"
        return
    types, needed = members(kind)
    yield from (f"{place} knows no {name}" for name in value.keys() - types.keys())
    yield from (f"{place} does not say {name}" for name in needed - value.keys())
    for name in value.keys() & types.keys():
        yield from wrong(value[name], types[name], f"{place}/{name}")


def wrong_plain(value, kind, place):
    # What goes through Pulumi is JSON, which knows one kind of number.
    fits = (
        value == int(value) if kind is int and isinstance(value, float) else isinstance(value, kind)
    )
    if not fits or (kind is not bool and isinstance(value, bool)):
        yield f"{place} is {value!r} and no {kind.__name__}"
    elif place in VALUES and not re.fullmatch(VALUES[place], value):
        yield f"{place} is {value!r}, which there is not"
    elif place in NUMBERS and not NUMBERS[place][0] <= value <= NUMBERS[place][1]:
        yield f"{place} is {value}, which is too few or too many"


def said_wrong(graph):
    return [
        f"{one.name}: {sentence}"
        for one in graph
        if not one.looked_up
        for sentence in wrong(one.inputs, taken(one.type), one.type)
    ]


def test_whatever_is_said_of_a_resource_is_what_the_provider_takes(graph):
    assert said_wrong(graph) == []


SOWN = {
    "an unknown name": (
        ("pubsub.Topic", "tap"),
        lambda inputs: inputs.update(retention="1s"),
        "tap: pubsub.Topic knows no retention",
    ),
    "an unknown name further in": (
        ("cloudrunv2.Service", "agents.get_agent"),
        lambda inputs: inputs["template"]["scaling"].update(maximum=1.0),
        "agents.get_agent: cloudrunv2.Service/template/scaling knows no maximum",
    ),
    "what must be said": (
        ("cloudscheduler.Job", "events.sweep_entries"),
        lambda inputs: inputs["httpTarget"].pop("uri"),
        "events.sweep_entries: cloudscheduler.Job/httpTarget does not say uri",
    ),
    "another type": (
        ("pubsub.Subscription", "tap--kept"),
        lambda inputs: inputs.update(ackDeadlineSeconds="600"),
        "tap--kept: pubsub.Subscription/ackDeadlineSeconds is '600' and no int",
    ),
    "a block for a list": (
        ("cloudrunv2.Service", "agents.get_agent"),
        lambda inputs: inputs["template"].update(containers=inputs["template"]["containers"][0]),
        "agents.get_agent: cloudrunv2.Service/template/containers is no list",
    ),
    "a text for a block": (
        ("secretmanager.Secret", "writer-key-platform"),
        lambda inputs: inputs.update(replication="automatic"),
        "writer-key-platform: secretmanager.Secret/replication is no block",
    ),
    "a value that there is not": (
        ("cloudrunv2.Service", "agents.get_agent"),
        lambda inputs: inputs.update(ingress="ALLOW_ALL"),
        "agents.get_agent: cloudrunv2.Service/ingress is 'ALLOW_ALL', which there is not",
    ),
    "a verb that there is not": (
        ("cloudscheduler.Job", "events.sweep_entries"),
        lambda inputs: inputs["httpTarget"].update(httpMethod="SEND"),
        "events.sweep_entries: cloudscheduler.Job/httpTarget/httpMethod is 'SEND', which there is not",
    ),
    "too many": (
        ("pubsub.Subscription", "tap--kept"),
        lambda inputs: inputs.update(ackDeadlineSeconds=700.0),
        "tap--kept: pubsub.Subscription/ackDeadlineSeconds is 700.0, which is too few or too many",
    ),
}


@pytest.mark.parametrize("sown", SOWN)
def test_what_the_provider_does_not_take_is_found(dev, sown):
    (type, name), change, sentence = SOWN[sown]
    inputs = deepcopy(dict(next(one for one in dev if (one.type, one.name) == (type, name)).inputs))
    change(inputs)
    assert [f"{name}: {found}" for found in wrong(inputs, taken(type), type)] == [sentence]


def test_what_is_told_apart_is_said_somewhere(dev, prod):
    """A row of the tables that leads nowhere would look after nothing."""
    places = set()

    def walk(value, place):
        places.add(place)
        if isinstance(value, Mapping):
            for name, one in value.items():
                walk(one, f"{place}/{name}")
        elif isinstance(value, list):
            for one in value:
                walk(one, place)

    for one in (*dev, *prod):
        walk(one.inputs, one.type)
    assert {*VALUES, *NUMBERS} - places == set()
