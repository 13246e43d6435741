"""Pages about the executions of workflows: which there are, and what one of them did and waits for."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import flask

from local import walk
from local.stories import Story
from local.workflows import MissingError, Runtime, UnavailableError
from local.workflows.errors import TAGS
from local.workflows.records import read_moment
from shared.actors import Role
from shared.edge import workflow_source

_PAGE = 100
_STEPS = 500
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_NAMED = {
    "ACTIVE": "running",
    "SUCCEEDED": "ran to the end",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
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
    "TYPE_UNSPECIFIED": "steps",
    "STD_LIB_CALL": "library call",
    "PARALLEL_BRANCH": "parallel branches",
    "PARALLEL_FOR": "parallel loop",
    "PARALLEL_BRANCH_ENTRY": "branch",
    "FOR_ITERATION": "iteration",
    "TRY_RETRY_EXCEPT": "try, or handle",
    "GOTO": "jump",
}
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_KILOBYTE = 1024
_IN_STEP = re.compile(r'in step "([^"\n]+)", routine "(\w+)", line: (\d{1,6})$', re.MULTILINE)

_EVERY_S = 15
"""How often a page shows itself anew while something runs."""

_SEARCHED = 2000
"""How many of the latest executions a search looks through."""

Authorise = Callable[[flask.Request], None]
Tell = Callable[[str], Story | None]
"""Says what an execution is about, by its argument."""


def console(runtime: Runtime, authorise: Authorise, tell: Tell) -> flask.Blueprint:
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
        state, asked = flask.request.args.get("state", ""), flask.request.args.get("q", "")[:100]
        if state and state not in _NAMED:
            known = ", ".join(name for name in _NAMED if name)
            raise MissingError(f"there is no state {state!r}; there are {known}")
        found, following = _looked(runtime, tell, state, asked, _offset())
        return flask.render_template(
            "executions.html",
            rows=[_row(runtime, one, tell) for one in found],
            counts=runtime.views.counts(),
            names=_NAMED,
            state=state,
            asked=asked,
            searched=_SEARCHED,
            following=following,
            every_s=_every(found),
            begin=walk.curl("agents.create_agent"),
        )

    def execution(id: str) -> str:
        found = runtime.views.execution(id)
        shown = _shown(runtime, found, tell, _offset())
        return flask.render_template("execution.html", every_s=_every([found]), **shown)

    blueprint.add_url_rule("/console/executions", "executions", guarded(executions))
    blueprint.add_url_rule("/console/executions/<id>", "execution", guarded(execution))
    return blueprint


def _sorry(sentence: str) -> str:
    return flask.render_template("console.html", sorry=sentence)


def _every(found: list[dict[str, Any]]) -> int:
    """Return after how many seconds a page shows itself anew; 0 where nothing changes, or nobody wants it."""
    runs = any(one["state"] == "ACTIVE" for one in found)
    return _EVERY_S if runs and "still" not in flask.request.args else 0


def _looked(
    runtime: Runtime, tell: Tell, state: str, asked: str, offset: str
) -> tuple[list[dict[str, Any]], str]:
    """Return a page of executions: the latest, or those of the latest that somebody looks for."""
    if not asked:
        return runtime.views.recent(state, _PAGE, offset)
    found, _ = runtime.views.recent(state, _SEARCHED, "")
    return [one for one in found if _matches(one, tell, asked)][:_PAGE], ""


def _matches(found: dict[str, Any], tell: Tell, asked: str) -> bool:
    story = tell(found["argument"])
    if story is not None and story.matches(asked):
        return True
    return all(word in found["name"].lower() for word in asked.lower().split())


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
    return _at(element["step"], element["routine"], line)


def _at(step: str, routine: str, line: str) -> str:
    return f"in step {step!r}, routine {routine!r}, line {line}"


def _branches(error: Any, failed: set[tuple[str, str]]) -> Iterator[str]:
    """Say where the branches of a parallel step failed: by steps that did, as what an error says may be anybody's words."""
    branches = error.get("branches") if isinstance(error, dict) else None
    for branch in branches if isinstance(branches, list) else []:
        told = branch.get("error") if isinstance(branch, dict) else None
        if not isinstance(told, dict):
            continue
        for step, routine, line in _IN_STEP.findall(str(told.get("context"))):
            if (step, routine) in failed:
                yield f"a branch, {_at(step, routine, line)}"
        yield from _branches(told.get("payload"), failed)


def _request(name: str, workflow: str) -> str:
    """Return the request that tells all of an execution, sent by who may."""
    own = workflow in workflow_source.names()
    who = Role.SERVICE if own else Role.INFRASTRUCTURE_ENGINEER
    return f'curl -sS "$API/v1/{name}" \\\n  -H "Authorization: Bearer $(token {who})"'


# --- pages ----------------------------------------------------------------------------------------


def _row(runtime: Runtime, found: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Return what both pages say of an execution."""
    parts, state, story = found["name"].split("/"), found["state"], tell(found["argument"])
    waits = runtime.views.open_operations(parts[7]) if state == "ACTIVE" else []
    word, tone = _STATES.get(state, state.lower()), state.lower()
    if "stateError" in found:
        word, tone = "needs attention", "attention"
    elif waits:
        word, tone = "waiting", "waiting"
    elif story and story.outcome and state == "SUCCEEDED":
        # The workflow ran to its end; that the agent came to something is another matter.
        word, tone = story.outcome, "succeeded" if story.good else "refused"
    began = read_moment(found["createTime"])
    return {
        "id": parts[7],
        "workflow": parts[5],
        "story": story,
        "word": word,
        "tone": tone,
        "began": found["createTime"],
        "began_told": _told(found["createTime"]),
        "began_short": f"{began:%H:%M}"
        if began.date() == runtime.now().date()
        else f"{began:%-d %b %H:%M}",
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


def _shown(runtime: Runtime, found: dict[str, Any], tell: Tell, offset: str) -> dict[str, Any]:
    views, id = runtime.views, found["name"].rpartition("/")[2]
    row = _row(runtime, found, tell) | {"attention": views.attention(id)}
    page = views.steps(id, row["workflow"], _STEPS, offset)
    error, story = found.get("error", {}), row["story"]
    places = [_place(one) for one in error.get("stackTrace", {}).get("elements", [])]
    places += _branches(json.loads(error.get("payload", "null")), views.failed(id))
    all_of_it = {"its argument, and its result or error": _request(found["name"], row["workflow"])}
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
        "places": places,
        "told": {**(story.told if story else {}), **all_of_it},
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
        state, kind = entry["state"].removeprefix("STATE_"), entry["stepType"].removeprefix("STEP_")
        ended = None if state == "IN_PROGRESS" else entry["updateTime"]
        meta = entry["stepEntryMetadata"]
        thread, which = meta["threadId"], meta.get("progressNumber", "")
        found.append(
            {
                "number": entry["entryId"],
                "name": entry["step"],
                "routine": entry["routine"],
                "kind": f"{_TYPES.get(kind, kind.replace('_', ' ').lower())} {which}".strip(),
                "word": _STATES[state],
                "tone": state.lower(),
                "depth": min(depth, 6),
                "thread": "" if thread == "0" else thread,
                "began": entry["createTime"],
                "began_told": _told(entry["createTime"]),
                "began_short": f"{read_moment(entry['createTime']):%H:%M:%S}",
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
