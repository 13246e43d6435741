"""Pages about the executions of workflows: which there are, and what one of them did and waits for."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import flask

from local.workflows import MissingError, Runtime, UnavailableError
from local.workflows.errors import TAGS
from local.workflows.records import read_moment

_PAGE = 100
_STEPS = 500
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_STATES = {
    "ACTIVE": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "IN_PROGRESS": "under way",
}
_WAITS = {
    "await": "waits for a callback",
    "sleep": "sleeps",
    "backoff": "pauses before another attempt",
    "child": "waits for another execution",
    "http": "waits for the answer to a request",
    "connector": "waits for the answer of a service",
}
_KINDS = {
    **_WAITS,
    "await": "callback",
    "sleep": "sleep",
    "backoff": "pause before another attempt",
    "child": "other execution",
    "http": "request",
    "connector": "connector",
    "callback": "opened a callback",
    "now": "time",
    "uuid": "random id",
    "env": "environment",
    "log": "log line",
}
_TYPES = {
    "STEP_ASSIGN": "assign",
    "STD_LIB_CALL": "library call",
    "PARALLEL_BRANCH": "parallel branches",
    "PARALLEL_FOR": "parallel loop",
    "TRY_RETRY_EXCEPT": "try",
    "GOTO": "jump",
}
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_KILOBYTE = 1024

Authorise = Callable[[flask.Request], None]


def console(runtime: Runtime, authorise: Authorise) -> flask.Blueprint:
    """Return the pages; they only read. *authorise* raises for callers that may not see them."""
    blueprint = flask.Blueprint("console", __name__, template_folder="templates")

    def guarded(page: Callable[..., str]) -> Callable[..., flask.Response]:
        def serve(**path: str) -> flask.Response:
            try:
                authorise(flask.request)
                answer = flask.make_response(page(**path))
            except MissingError as error:
                answer = flask.make_response(_sorry(str(error)), 404)
            except UnavailableError as error:
                answer = flask.make_response(_sorry(str(error)), 503)
            answer.headers.update(_HEADERS)
            return answer

        return serve

    def executions() -> str:
        state, offset = flask.request.args.get("state", ""), _offset()
        found, following = runtime.views.recent(state, _PAGE, offset)
        return flask.render_template(
            "executions.html",
            rows=[_row(runtime, one) for one in found],
            counts=runtime.views.counts(),
            names={**_STATES, "ACTIVE": "active"},
            state=state,
            following=following,
            offset=offset,
        )

    def execution(id: str) -> str:
        return flask.render_template("execution.html", **_shown(runtime, id, _offset()))

    blueprint.add_url_rule("/console/executions", "executions", guarded(executions))
    blueprint.add_url_rule("/console/executions/<id>", "execution", guarded(execution))
    return blueprint


def _sorry(sentence: str) -> str:
    return flask.render_template("console.html", sorry=sentence)


def _offset() -> str:
    given = flask.request.args.get("from", "")
    return given if given.isdigit() and len(given) < 10 else ""


# --- words ----------------------------------------------------------------------------------------


def words(lasted: timedelta) -> str:
    """Say a duration in its largest two units."""
    seconds = int(lasted.total_seconds())
    if seconds < 1:
        return "less than a second"
    parts = []
    for name, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(parts[:2])


def amount(text: str | None) -> str:
    """Say how large a text is."""
    size = len((text or "").encode(errors="replace"))
    if size < _KILOBYTE:
        return f"{size} byte{'s' if size != 1 else ''}"
    return f"{size / _KILOBYTE:.1f} KB"


def _since(began: str, ended: str | None, now: datetime) -> str:
    return words((read_moment(ended) if ended else now) - read_moment(began))


def _told(moment: str) -> str:
    """Write a moment for people."""
    return f"{read_moment(moment):%Y-%m-%d %H:%M:%S} UTC"


def _fault(payload: str | None) -> str:
    """Say what kind of error it is, and how large; what it says may be about somebody."""
    if payload is None:
        return ""
    value = json.loads(payload)
    known = value if isinstance(value, dict) else {}
    tags = known.get("tags")
    given = tags if isinstance(tags, list) else []
    named = [tag for tag in given if isinstance(tag, str) and tag in TAGS]
    code = [str(known["code"])] if named and isinstance(known.get("code"), int) else []
    return f"{' '.join([*named, *code]) or 'raised by the workflow'}, {amount(payload)}"


def _place(element: dict[str, Any]) -> str:
    """Say where in the source a step is."""
    line = element.get("position", {}).get("line", "?")
    return f"in step {element['step']!r}, routine {element['routine']!r}, line {line}"


# --- pages ----------------------------------------------------------------------------------------


def _row(runtime: Runtime, found: dict[str, Any]) -> dict[str, Any]:
    """Return what both pages say of an execution."""
    parts, state = found["name"].split("/"), found["state"]
    waits = runtime.views.open_operations(parts[7]) if state == "ACTIVE" else []
    word, tone = _STATES.get(state, state.lower()), state.lower()
    if "stateError" in found:
        word, tone = "needs attention", "attention"
    elif waits:
        word, tone = "waiting", "waiting"
    return {
        "id": parts[7],
        "workflow": parts[5],
        "word": word,
        "tone": tone,
        "began": found["createTime"],
        "began_told": _told(found["createTime"]),
        "lasted": _since(found["createTime"], found.get("endTime"), runtime.now()),
        "waits": [_wait(runtime, one) for one in waits],
        "attention": found.get("stateError", {}).get("details", ""),
    }


def _wait(runtime: Runtime, operation: dict[str, Any]) -> dict[str, str]:
    deadline, now = operation["deadline"], runtime.now()
    return {
        "what": _WAITS.get(operation["kind"], operation["kind"]),
        "since": _since(operation["started"], None, now),
        "deadline": deadline or "",
        "deadline_told": _told(deadline) if deadline else "",
        "left": words(max(timedelta(), read_moment(deadline) - now)) if deadline else "",
    }


def _shown(runtime: Runtime, id: str, offset: str) -> dict[str, Any]:
    views = runtime.views
    found = views.execution(id)
    row = _row(runtime, found)
    page = views.steps(id, row["workflow"], _STEPS, offset)
    error = found.get("error", {})
    sizes = [("argument", amount(found["argument"]))]
    if "result" in found:
        sizes.append(("result", amount(found["result"])))
    return {
        "row": row,
        "revision": found["workflowRevisionId"],
        "labels": found["labels"],
        "ended": found.get("endTime"),
        "ended_told": _told(found["endTime"]) if "endTime" in found else "",
        "fault": _fault(error.get("payload")),
        "places": [_place(one) for one in error.get("stackTrace", {}).get("elements", [])],
        "sizes": sizes,
        "steps": _steps(page["stepEntries"], runtime.now()),
        "total": page["totalSize"],
        "following": page["nextPageToken"],
        "offset": int(offset or 0),
        "operations": [_operation(one) for one in views.operations(id)],
        "callbacks": views.callbacks(id, row["workflow"])["callbacks"],
    }


def _steps(entries: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Return the steps with how deep each stands in others."""
    depths: dict[str, int] = {}
    found = []
    for entry in entries:
        depth = depths.get(entry["navigationInfo"]["parent"], -1) + 1
        depths[entry["entryId"]] = depth
        ended = None if entry["state"] == "IN_PROGRESS" else entry["updateTime"]
        thread = entry["stepEntryMetadata"]["threadId"]
        found.append(
            {
                "number": entry["entryId"],
                "name": entry["step"],
                "routine": entry["routine"],
                "kind": _TYPES.get(entry["stepType"], entry["stepType"].replace("_", " ").lower()),
                "word": _STATES[entry["state"]],
                "tone": entry["state"].lower(),
                "depth": min(depth, 6),
                "thread": "" if thread == "0" else thread,
                "began": entry["createTime"],
                "began_told": _told(entry["createTime"]),
                "lasted": _since(entry["createTime"], ended, now),
                "error": _fault(entry.get("exception", {}).get("payload")),
            }
        )
    return found


def _operation(found: dict[str, Any]) -> dict[str, str]:
    """Return one line of the journal, without what it holds."""
    outcome = "is open"
    if found["ok"] is not None:
        outcome = "gave" if found["ok"] == 1 else "failed with"
    return {
        "id": found["op"],
        "kind": _KINDS.get(found["kind"], found["kind"]),
        "began": found["started"],
        "began_told": _told(found["started"]),
        "outcome": outcome,
        "size": amount(found["value"]) if found["value"] is not None else "",
    }
