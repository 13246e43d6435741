"""Make one operation or reaction into what the Functions Framework can run."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.edge import ports
from shared.edge.calling import check
from shared.edge.loading import load
from shared.edge.logs import configure
from shared.edge.ports import Ports
from shared.edge.serving import view
from shared.edge.web import Request
from shared.operation import Operation

if TYPE_CHECKING:
    from shared.reaction import Reaction


def entry(id: str) -> Callable[..., Any]:
    """Import one function of the catalog, and nothing else, and make it servable."""
    import functions_framework

    declared = load(id)
    if isinstance(declared, Operation):
        serve = view(declared, ports.process, methods=methods())

        def answer(request: Any) -> Any:
            # The framework reads on in the body, to its end.
            body = {"wsgi.input": request.stream, "wsgi.input_terminated": True}
            return serve(Request(request.environ | body))

        return functions_framework.http(answer)
    return functions_framework.cloud_event(listener(declared, ports.process))


def methods() -> list[str]:
    """Return what the address takes that this deployment answers at, whichever functions do."""
    return os.environ.get("METHODS", "").split()


def listener(reaction: "Reaction", ports: Callable[[], Ports]) -> Callable[[Any], None]:
    """Make a reaction into a function that takes CloudEvents."""
    check(reaction)

    # The framework tells what takes events by the name of what was registered: the target that is deployed.
    def serve(event: Any) -> None:
        from shared.edge.delivery import deliver, give_up, run, woken
        from shared.edge.pubsub import from_push, undelivered

        connected = ports()
        if reaction.topic:
            deliver(reaction, from_push(event.data), connected)
        elif reaction.stored:
            _, tenant, _, id = str(event["document"]).split("/")[-4:]
            run(reaction, connected, id, tenant=tenant)
        elif reaction.undelivered:
            give_up(reaction, undelivered(from_push(event.data)), connected)
        else:
            woken(reaction, connected)

    return serve


def serving() -> Callable[..., Any]:
    """Return the function that this deployment is for, as FUNCTION names it."""
    configure()
    return entry(os.environ["FUNCTION"])
