"""What a subscription and a schedule must say, so that no message is dropped and every call is one that a function takes."""

from collections.abc import Iterator

from infra.functions import timeout_s
from infra.messages import DEAD_LETTERS, WEEK_S
from infra.reading import Check, Graph, of
from infra.stack import Environment
from shared.edge.catalog import reactions
from shared.events.rules import ATTEMPTS, FIRST_S, LAST_S

BINARY = {"ce-specversion": "1.0", "Content-Type": "application/json"}
NAMED = ("ce-id", "ce-source", "ce-type")
"""The headers of a CloudEvent in binary mode (CloudEvents HTTP binding 3.1): those that say one thing, and those that say some."""


def no_message_is_dropped(graph: Graph, _: Environment) -> Iterator[str]:
    """A message waits for a week, and whoever it is for is never forgotten."""
    for one in of(graph, "pubsub.Subscription"):
        said = one.inputs
        if (said.get("expirationPolicy") or {}).get("ttl") != "":
            yield f"the subscription {one.name} ends when it is idle, with what it holds"
        if said.get("messageRetentionDuration") != f"{WEEK_S}s":
            yield f"the subscription {one.name} does not keep its messages for a week"


def what_is_called_is_tried_again(graph: Graph, _: Environment) -> Iterator[str]:
    """A message is tried as often as the rules say, and then kept among the dead letters."""
    timeouts = {one.id: timeout_s(one) for one in reactions()}
    for one in of(graph, "pubsub.Subscription"):
        topic, said = one.name.partition("--")[0], one.inputs
        id = one.name.removeprefix(f"{topic}--")
        if not said.get("pushConfig"):
            continue
        if said.get("ackDeadlineSeconds", 0) < timeouts.get(id, 0):
            yield f"{id} is called again while it may still be running"
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
    """What runs by the clock is sent an event, and given the time that it may take."""
    timeouts = {one.function_name: timeout_s(one) for one in reactions()}
    for one in of(graph, "cloudscheduler.Job"):
        name, target = one.inputs["name"], one.inputs.get("httpTarget") or {}
        headers = target.get("headers") or {}
        event = headers.items() >= BINARY.items() and all(headers.get(part) for part in NAMED)
        if target.get("httpMethod") != "POST" or not target.get("body") or not event:
            yield f"{name} is not sent an event: POST it, with a body and the headers of CloudEvents"
        deadline = str(one.inputs.get("attemptDeadline") or "0s").removesuffix("s")
        if float(deadline) < timeouts.get(name, 0):
            yield f"{name} is given up while it may still be running"


CHECKS: tuple[Check, ...] = (
    no_message_is_dropped,
    what_is_called_is_tried_again,
    a_schedule_sends_an_event,
)
