"""How the end of an execution, or of a branch, is told."""

import json
from collections.abc import Sequence
from typing import Any

from local.workflows.boundary import within
from local.workflows.errors import Failure, Raised, as_json, limit
from local.workflows.values import MEMORY_LIMIT, Value, measured, to_json

_REPORTED_BRANCHES_MAX = 100
_TAGS_MAX = 1_000_000
# What the service puts above the place of an error in a branch, whatever it was.
_BRANCH = 'RuntimeError: "branch error"'


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
            "context": _context(failure.message, failure),
            "stackTrace": {"elements": elements},
        }
    )


def unhandled(failed: Sequence[tuple[str, Failure]]) -> Raised:
    """Make one error of those of branches, each with the name of its branch."""
    tags: dict[str, None] = {"UnhandledBranchError": None}
    seen = 0
    for _, failure in failed:
        found = failure.value.get("tags") if isinstance(failure.value, dict) else None
        if isinstance(found, list):
            seen += len(found)
            if seen > _TAGS_MAX:
                raise limit("the errors of the branches have more than a million tags")
            tags.update((tag, None) for tag in found if isinstance(tag, str))
    error = {
        "message": "UnhandledBranchError: One or more branches or iterations encountered "
        "an unhandled runtime error",
        "tags": list(tags),
        "branches": [
            {"id": name, "error": {"context": _context(_BRANCH, failure), "payload": failure.value}}
            for name, failure in failed[:_REPORTED_BRANCHES_MAX]
        ],
        "truncated": len(failed) > _REPORTED_BRANCHES_MAX,
    }
    return Raised(measured(error))


def _context(sentence: str, failure: Failure) -> str:
    """Say where an error passed, innermost first, below a sentence."""
    lines = [sentence]
    for element in failure.trace:
        where = f'in step "{element.step}", routine "{element.routine}"'
        lines.append(f"{where}, line: {element.position.line}")
    return "\n".join(lines)


def outcome_json(value: Value, failure: Failure | None) -> tuple[str | None, str | None]:
    """Return the result of an execution that has one, or else its error, as JSON."""
    if failure is None:
        try:
            return within("the result", result_json, value), None
        except Failure as problem:
            failure = problem
    return None, error_json(failure)
