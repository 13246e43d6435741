"""The functions that reach outside: events, executions, http, sys and uuid; and the retry policies."""

import logging
import math
import uuid
from collections.abc import Mapping

from local.workflows.errors import raised
from local.workflows.functions.registry import Context, expect, function
from local.workflows.functions.times import moment
from local.workflows.operators import as_text
from local.workflows.values import (
    ARGUMENT_LIMIT,
    Reference,
    Value,
    length,
    measured,
    to_json,
    told,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
HTTP_TIMEOUT_MAX_S = 1800
# A list of two strings and its place in another list, without what the strings hold.
_PAIR_SIZE = 4 * 8
YEAR_S = 31_536_000
CHILD_TIMEOUT_S = 1800.0
SEVERITIES = {
    "DEFAULT": logging.INFO,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "NOTICE": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
    "ALERT": logging.CRITICAL,
    "EMERGENCY": logging.CRITICAL,
}
"""The severities of Cloud Logging, and what they are in the log of this machine."""

_BACKOFF: Value = {"initial_delay": 1, "max_delay": 60, "multiplier": 1.25}


def _policy(predicate: str) -> Value:
    return {"predicate": Reference(predicate), "max_retries": 5, "backoff": _BACKOFF}


CONSTANTS: dict[str, Value] = {
    "http.default_retry": _policy("http.default_retry_predicate"),
    "http.default_retry_non_idempotent": _policy("http.default_retry_predicate_non_idempotent"),
    "retry.default_backoff": _BACKOFF,
}


def seconds(value: Value, name: str, maximum_s: float) -> float:
    """Check a duration."""
    number = float(expect(value, name, int, float))
    if not 0 <= number <= maximum_s or math.isnan(number):
        raise raised("ValueError", f"{name} must lie between 0 and {maximum_s} seconds")
    return number


def _query_text(value: Value, name: str) -> str:
    if isinstance(value, str | bool | int | float):
        return as_text(value)
    raise raised("TypeError", f"the query argument {name} must be a string, number or boolean")


def query_pairs(query: Mapping[str, Value]) -> list[Value]:
    """Write the arguments of a query; of a list, each element."""
    pairs, taken = [], 0
    for name, value in query.items():
        many = value if isinstance(value, list) else [value]
        taken += len(many) * (_PAIR_SIZE + length(name))
        told(taken)
        pairs += [[name, _query_text(one, name)] for one in many]
    return pairs


def _request(
    method: Value,
    url: Value,
    timeout: Value,
    body: Value,
    headers: Value,
    query: Value,
    auth: Value,
    private_service_name: Value,
    ca_certificate: Value,
) -> Value:
    if not expect(url, "url", str).lower().startswith(("http://", "https://")):
        raise raised("ValueError", f"url must start with http:// or https://; got: {url}")
    headers = expect(headers or {}, "headers", dict)
    pairs = query_pairs(expect(query or {}, "query", dict))
    if auth is not None and expect(auth, "auth", dict).get("type") not in {"OIDC", "OAuth2"}:
        raise raised("ValueError", "the type of auth must be OIDC or OAuth2")
    request = {
        "method": method,
        "url": url,
        "timeout": seconds(timeout, "timeout", HTTP_TIMEOUT_MAX_S),
        "body": body,
        "headers": {name: as_text(value) for name, value in headers.items()},
        "query": pairs,
        "auth": auth,
    }
    # A request that has them not is written as before they were known: a journal may hold it.
    rarely = {"private_service_name": private_service_name, "ca_certificate": ca_certificate}
    return request | {name: value for name, value in rarely.items() if value is not None}


def _http(name: str, method: str) -> None:
    @function(name, waits="http")
    def call(
        url: Value,
        timeout: Value = 300,
        body: Value = None,
        headers: Value = None,
        query: Value = None,
        auth: Value = None,
        private_service_name: Value = None,
        ca_certificate: Value = None,
    ) -> Value:
        more = private_service_name, ca_certificate
        return _request(method, url, timeout, body, headers, query, auth, *more)


for _method in ("get", "post", "put", "patch", "delete"):
    _http(f"http.{_method}", _method.upper())


@function("http.request", waits="http")
def http_request(
    method: Value,
    url: Value,
    timeout: Value = 300,
    body: Value = None,
    headers: Value = None,
    query: Value = None,
    auth: Value = None,
    private_service_name: Value = None,
    ca_certificate: Value = None,
) -> Value:
    """Send a request with any method."""
    if expect(method, "method", str).upper() not in METHODS:
        raise raised("ValueError", f"method must be one of {', '.join(METHODS)}; got: {method}")
    more = private_service_name, ca_certificate
    return _request(method.upper(), url, timeout, body, headers, query, auth, *more)


@function("events.create_callback_endpoint")
def create_callback_endpoint(context: Context, http_callback_method: Value = "POST") -> Value:
    """Open an address that the outside world can call."""
    method = expect(http_callback_method, "http_callback_method", str)
    if method not in METHODS:
        raise raised("ValueError", f"http_callback_method must be one of {', '.join(METHODS)}")
    return context.create_callback(method)


@function("events.await_callback", waits="await")
def await_callback(callback: Value, timeout: Value = 43200.0) -> Value:
    """Wait for a call of the address."""
    url = expect(callback, "callback", dict).get("url")
    if url is None:
        raise raised("ValueError", "callback must be what create_callback_endpoint returned")
    expect(url, "the url of callback", str)
    return {"url": url, "timeout": seconds(timeout, "timeout", YEAR_S)}


def _execution(workflow_id: Value, argument: Value, tag: str, timeout: Value) -> dict[str, Value]:
    """Say which execution to start; its argument is checked here as the Executions API would."""
    workflow = expect(workflow_id, "workflow_id", str)
    if argument is not None:
        expect(argument, "argument", int, float, bool, str, list, dict)
    if len(to_json(argument).encode(errors="replace")) > ARGUMENT_LIMIT:
        raise raised("HttpError", "the argument is larger than 32 KB", code=400)
    started = {"workflow": workflow, "argument": argument, "tag": tag}
    # What waits for the usual time is written as ever, so that a replay recognises it.
    return started if timeout == CHILD_TIMEOUT_S else {**started, "timeout": timeout}


def _here(location: Value, project_id: Value) -> None:
    """Check where a workflow is said to be; there is one project and one location on this machine."""
    for name, value in (("location", location), ("project_id", project_id)):
        if value is not None:
            expect(value, name, str)


@function("experimental.executions.run", waits="child")
def run(
    workflow_id: Value, location: Value = None, project_id: Value = None, argument: Value = None
) -> Value:
    """Start an execution, and wait for its result."""
    _here(location, project_id)
    return _execution(workflow_id, argument, "ExecutionError", CHILD_TIMEOUT_S)


@function("experimental.executions.map", waits="children")
def run_each(
    workflow_id: Value,
    arguments: Value,
    timeout: Value = CHILD_TIMEOUT_S,
    location: Value = None,
    project_id: Value = None,
) -> Value:
    """Start an execution for each argument, and wait for all results."""
    _here(location, project_id)
    limit_s = seconds(timeout, "timeout", YEAR_S)
    each = measured(expect(arguments, "arguments", list))
    return [_execution(workflow_id, one, "ExecutionError", limit_s) for one in each]


@function(
    "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run",
    waits="child",
    in_expressions=True,
)
def run_connector(
    workflow_id: Value,
    location: Value = None,
    project_id: Value = None,
    argument: Value = None,
    connector_params: Value = None,
) -> Value:
    """Start an execution, and wait for its result unless `skip_polling` is true; nothing is polled here."""
    _here(location, project_id)
    given = expect(connector_params or {}, "connector_params", dict)
    limit_s = seconds(given.get("timeout", CHILD_TIMEOUT_S), "timeout", YEAR_S)
    started = _execution(workflow_id, argument, "OperationError", limit_s)
    skips = expect(given.get("skip_polling", False), "skip_polling", bool)
    return {**started, "unawaited": True} if skips else started


@function("sys.get_env")
def get_env(context: Context, name: Value, default: Value = None) -> Value:
    """Read an environment variable of the execution."""
    expect(name, "name", str)
    if default is not None:
        expect(default, "default", str)
    return context.instant("env", [name, default], lambda: context.environment.get(name, default))


@function("sys.log", call_only=True)
def log(
    context: Context,
    data: Value = None,
    severity: Value = "DEFAULT",
    text: Value = None,
    json: Value = None,
    timeout: Value = None,
) -> None:
    """Write one entry to the log; the log of this machine never keeps it waiting for *timeout*."""
    severity = "DEFAULT" if severity is None else expect(severity, "severity", str)
    if severity not in SEVERITIES:
        raise raised("ValueError", f"severity must be one of {', '.join(SEVERITIES)}")
    if timeout is not None:
        seconds(timeout, "timeout", math.inf)
    given = [
        (name, v) for name, v in (("data", data), ("text", text), ("json", json)) if v is not None
    ]
    if len(given) != 1:
        raise raised("TypeError", "sys.log takes one of data, text and json")
    [(name, value)] = given
    expect(value, name, *((dict,) if name == "json" else (int, float, bool, str, list, dict)))
    if isinstance(value, list | dict):
        to_json(value)
    context.log(severity, value)


@function("sys.now")
def now(context: Context) -> Value:
    """Return the seconds since 1970."""
    return context.instant("now", None, context.now)


@function("sys.sleep", waits="sleep")
def sleep(seconds: Value) -> Value:
    """Wait."""
    return {"seconds": _duration(seconds)}


def _duration(value: Value) -> float:
    return seconds(value, "seconds", YEAR_S)


@function("sys.sleep_until", waits="sleep")
def sleep_until(time: Value) -> Value:
    """Wait until a moment, which may have passed, and lies at most a year ahead."""
    return {"until": moment(time, "time", zoned=False)}


@function("uuid.generate")
def generate(context: Context) -> Value:
    """Make a random UUID (RFC 9562 section 5.4)."""
    return context.instant("uuid", None, lambda: str(uuid.uuid4()))
