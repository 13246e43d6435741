"""Make one operation or reaction into what the Functions Framework can run."""

import os
from collections.abc import Callable
from typing import Any

import functions_framework

from shared.edge import ports
from shared.edge.loading import load
from shared.edge.serving import view
from shared.operation import Operation
from shared.reaction import Reaction


def entry(id: str) -> Callable[..., Any]:
    """Import one function of the catalog, and nothing else, and make it servable."""
    declared = load(id)
    if isinstance(declared, Operation):
        serve = view(declared, ports.process)

        def answer(request: Any) -> Any:
            return serve(request)

        return functions_framework.http(answer)
    return functions_framework.cloud_event(_listener(declared))


def _listener(reaction: Reaction) -> Callable[[Any], None]:
    def receive(event: Any) -> None:
        from shared.edge.delivery import deliver, run
        from shared.edge.pubsub import from_push

        connected = ports.process()
        if reaction.topic:
            deliver(reaction, from_push(event.data), connected)
        elif reaction.stored:
            _, tenant, _, id = str(event["document"]).split("/")[-4:]
            run(reaction, connected, id, tenant=tenant)
        else:
            run(reaction, connected)

    return receive


def serving() -> Callable[..., Any]:
    """Return the function that this deployment is for, as FUNCTION names it."""
    return entry(os.environ["FUNCTION"])
