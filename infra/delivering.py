"""What a subscription and a schedule must say, so that no message is dropped and every call is one that a function takes."""

import re
from collections.abc import Iterator

from infra.graph import Resource
from infra.messages import DEAD_LETTERS
from infra.order import calls
from infra.reading import Check, Graph, described, function_at, of, seconds
from infra.stack import Environment
from shared.bus import TAP
from shared.events.rules import ATTEMPTS, FIRST_S, LAST_S

BINARY = {"ce-specversion": "1.0", "Content-Type": "application/json"}
NAMED = ("ce-id", "ce-source", "ce-type")
"""The headers of a CloudEvent in binary mode (CloudEvents HTTP binding 3.1): those that say one thing, and those that say some."""


WEEK = "604800s"
"""How long a message waits for whoever it is for, and can be sent again by hand."""

_TIMEOUT = re.compile(r"\btimeout: (\d+)")


def no_message_is_dropped(graph: Graph, _: Environment) -> Iterator[str]:
    """A message waits for a week, and whoever it is for is never forgotten."""
    for one in of(graph, "pubsub.Topic"):
        if one.inputs.get("messageRetentionDuration") != WEEK:
            yield f"the topic {one.name} does not keep its messages for a week"
    for one in of(graph, "pubsub.Subscription"):
        said = one.inputs
        if (said.get("expirationPolicy") or {}).get("ttl") != "":
            yield f"the subscription {one.name} ends when it is idle, with what it holds"
        if said.get("messageRetentionDuration") != WEEK:
            yield f"the subscription {one.name} does not keep its messages for a week"


def whoever_calls_waits(graph: Graph, _: Environment) -> Iterator[str]:
    """Whoever calls a function waits for as long as it may take: else it is called again, or given up, while it runs."""
    takes = {
        one.inputs["name"]: seconds(one.inputs["template"]["timeout"])
        for one in of(graph, "cloudrunv2.Service")
    }
    for one, name, waits_s in _waits(graph):
        if waits_s < takes.get(name, 0):
            yield f"{name} is given up by {one.type} {one.name} while it may still be running"


def _waits(graph: Graph) -> Iterator[tuple[Resource, str, float]]:
    """Yield who calls which function, and for how many seconds it waits: where it does not say, as Google has it."""
    for one, _account, names in calls(graph):
        match one.type:
            case "apigateway.ApiConfig":
                for methods in described(one)["paths"].values():
                    for backend in (route["x-google-backend"] for route in methods.values()):
                        yield one, function_at(backend["address"]), backend.get("deadline", 15.0)
                continue
            case "pubsub.Subscription":
                waits_s = float(one.inputs.get("ackDeadlineSeconds") or 10)
            case "cloudscheduler.Job":
                waits_s = seconds(one.inputs.get("attemptDeadline") or "180s")
            case "workflows.Workflow":
                said = _TIMEOUT.findall(one.inputs["sourceContents"])
                waits_s = min(map(float, said), default=1800.0)
            case _:
                # Eventarc's own subscription waits, and says nowhere for how long.
                continue
        yield from ((one, name, waits_s) for name in sorted(names))


def what_is_kept_is_whole(graph: Graph, _: Environment) -> Iterator[str]:
    """What no function listens to is kept by its topic: the tap line by line, all else with what its messages say beside their data."""
    for one in of(graph, "pubsub.Subscription"):
        topic, kept = one.name.partition("--")[0], one.inputs.get("cloudStorageConfig")
        if not kept:
            continue
        if kept.get("filenamePrefix") != f"{topic}/":
            yield f"what {one.name} keeps lies under {kept.get('filenamePrefix')!r} and not under its topic"
        avro = kept.get("avroConfig")
        if topic == TAP and (avro is not None or kept.get("filenameSuffix") != ".jsonl"):
            yield "the tap is not kept as lines of JSON, which the evidence is compared with"
        if topic != TAP and (
            kept.get("filenameSuffix") != ".avro" or not (avro or {}).get("writeMetadata")
        ):
            yield f"what {one.name} keeps lacks what its messages say of themselves: their type and their order"
        if seconds(kept.get("maxDuration") or "300s") > one.inputs.get("ackDeadlineSeconds", 10):
            yield f"{one.name} writes a file for longer than the broker waits for it"


def what_is_called_is_tried_again(graph: Graph, _: Environment) -> Iterator[str]:
    """A message is tried as often as the rules say, and then kept among the dead letters."""
    for one in of(graph, "pubsub.Subscription"):
        topic, said = one.name.partition("--")[0], one.inputs
        id = one.name.removeprefix(f"{topic}--")
        if not said.get("pushConfig"):
            continue
        waits = {"minimumBackoff": f"{FIRST_S}s", "maximumBackoff": f"{LAST_S}s"}
        if said.get("retryPolicy") != waits:
            yield f"{id} is tried again at other times than the rules say"
        dead = said.get("deadLetterPolicy") or {}
        if topic == DEAD_LETTERS:
            if dead:
                yield f"{id} keeps what is given up, and gives up itself"
        elif not str(dead.get("deadLetterTopic", "")).endswith(f"-{DEAD_LETTERS}"):
            yield f"what {id} cannot take is lost: its subscription has no dead letters"
        elif dead.get("maxDeliveryAttempts") != ATTEMPTS:
            yield f"{id} is not tried {ATTEMPTS} times, as the rules say"


def a_schedule_sends_an_event(graph: Graph, _: Environment) -> Iterator[str]:
    """What runs by the clock is sent an event, and sent it again where it fails: the next one may be a day away."""
    for one in of(graph, "cloudscheduler.Job"):
        name, target = one.inputs["name"], one.inputs.get("httpTarget") or {}
        headers = target.get("headers") or {}
        event = headers.items() >= BINARY.items() and all(headers.get(part) for part in NAMED)
        if target.get("httpMethod") != "POST" or not target.get("body") or not event:
            yield f"{name} is not sent an event: POST it, with a body and the headers of CloudEvents"
        if (one.inputs.get("retryConfig") or {}).get("retryCount", 0) < 1:
            yield f"{name} is not sent its event again where it fails"


CHECKS: tuple[Check, ...] = (
    no_message_is_dropped,
    whoever_calls_waits,
    what_is_kept_is_whole,
    what_is_called_is_tried_again,
    a_schedule_sends_an_event,
)
