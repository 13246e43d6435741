"""How the end of an execution is written down."""

import json
from typing import Any

from local.workflows.errors import Failure, as_json, limit
from local.workflows.interpreter import context
from local.workflows.values import MEMORY_LIMIT, Value, to_json


def result_json(value: Value) -> str:
    """Write the result of an execution."""
    text = to_json(value)
    if len(text.encode(errors="replace")) > MEMORY_LIMIT:
        raise limit("the result takes more than 512 KB", "ResultSizeLimitExceededError")
    return text


def error_json(failure: Failure) -> str:
    """Write the error of an execution, in the shape of the Executions API."""
    elements: list[dict[str, Any]] = [
        {
            "step": element.step,
            "routine": element.routine,
            "position": {
                "line": str(element.position.line),
                "column": str(element.position.column),
                "length": str(element.position.length),
            },
        }
        for element in failure.trace
    ]
    return json.dumps(
        {
            "payload": as_json(failure.value),
            "context": context(failure.message, failure),
            "stackTrace": {"elements": elements},
        }
    )
