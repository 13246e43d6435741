"""
Wait for what a connector has begun, by asking again and again.

The documentation says how (https://cloud.google.com/workflows/docs/connectors): the call waits until the
operation is over, asks more and more seldom, and ends in OperationError if the operation failed.
"""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from local.workflows.boundary import within
from local.workflows.errors import Raised, raised
from local.workflows.strands import Operation, Running
from local.workflows.values import Value

LEAST_S = 0.01
"""How long is waited at least: only what is waited counts towards the timeout."""


def polled(request: Value, answer: Value, ask: Callable[[Value], Running]) -> Running:
    """Return what an operation was at its end; *ask* sends a request."""
    poll, slept = request["poll"], 0.0
    delay = max(poll["initial_delay"], LEAST_S)
    while True:
        try:
            over, failure, address = within("an answer", _READ[poll["answers"]], request, answer)
        except Raised:
            raise raised(
                "ResponseTypeError", f"{request['connector']} was answered with no operation"
            ) from None
        if over:
            break
        if slept + delay > request["timeout"]:
            raise raised("TimeoutError", f"{request['connector']} took longer than its timeout")
        yield Operation("backoff", {"seconds": delay})
        slept += delay
        delay = max(min(delay * poll["multiplier"], poll["max_delay"]), LEAST_S)
        question = within("the address of an operation", _question, request, address)
        answer = yield from ask(question)
    if failure:
        sentence = failure.get("message") if isinstance(failure, dict) else None
        said = isinstance(sentence, str) and sentence
        raise raised(
            "OperationError",
            said or f"the operation of {request['connector']} failed",
            operation=answer,
            error=failure,
        )
    return answer


def _question(request: Value, address: Value) -> Value:
    """Make the request that asks how far an operation is."""
    if not isinstance(address, str):
        raise raised(
            "ResponseTypeError", f"{request['connector']} was answered with no address to ask at"
        )
    found = urlsplit(address)
    return {
        "service": request["service"],
        "method": "GET",
        "path": found.path,
        "query": [list(pair) for pair in parse_qsl(found.query)],
        "body": None,
        "timeout": request["timeout"],
        "secret": False,
        "connector": request["connector"],
    }


# Each returns whether it is over, with what error, and where to ask.


def _operation(request: Value, answer: Value) -> tuple[bool, Value, Value]:
    """Read an operation of google.longrunning, which is asked for by its name."""
    version = request["connector"].split(".")[2]
    return answer.get("done") is True, answer.get("error"), f"/{version}/{answer['name']}"


def _status(request: Value, answer: Value) -> tuple[bool, Value, Value]:
    """Read an operation of Compute Engine, GKE or Cloud SQL."""
    del request
    return answer["status"] == "DONE", answer.get("error"), answer["selfLink"]


def _job(request: Value, answer: Value) -> tuple[bool, Value, Value]:
    """Read a job of BigQuery."""
    del request
    status = answer["status"]
    return status["state"] == "DONE", status.get("errorResult"), answer["selfLink"]


def _state(request: Value, answer: Value) -> tuple[bool, Value, Value]:
    """Read a job of Batch, Vertex AI or the Transcoder, whose states are named alike."""
    version = request["connector"].split(".")[2]
    state = answer["state"] if "state" in answer else answer.get("status", {}).get("state", "")
    end = state.rpartition("_")[2]
    failed = end in {"FAILED", "CANCELLED", "EXPIRED"}
    failure = (answer.get("error") or {"message": f"it ended as {state}"}) if failed else None
    return failed or end == "SUCCEEDED", failure, f"/{version}/{answer['name']}"


_READ = {"operation": _operation, "status": _status, "job": _job, "state": _state}
