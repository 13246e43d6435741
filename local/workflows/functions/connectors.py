"""
The connectors: functions that are one request to a service of Google Cloud.

Their names, arguments, verbs and paths are those of the services' discovery documents, which
`local.workflows.discovery` has. What carries the requests is in `local.workflows.connectors`, and what
goes on after an answer in `local.workflows.polling`.
"""

import base64
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from local.workflows import discovery
from local.workflows.errors import raised
from local.workflows.functions.effects import YEAR_S, query_pairs, seconds
from local.workflows.functions.registry import REQUIRED, Function, expect, function
from local.workflows.values import Value

_TIMEOUT_S = 1800
_PART = re.compile(r"{(\+?)(\w+)}")
_UPLOAD = "/upload/"
_POLLING = {"initial_delay": 1.0, "multiplier": 1.25, "max_delay": 60.0}

ANSWERED = frozenset(
    f"googleapis.{name}"
    for name in (
        "cloudtasks.v2.projects.locations.queues.tasks.create",
        "firestore.v1.projects.databases.documents.createDocument",
        "firestore.v1.projects.databases.documents.delete",
        "firestore.v1.projects.databases.documents.get",
        "firestore.v1.projects.databases.documents.patch",
        "pubsub.v1.projects.topics.publish",
        "secretmanager.v1.projects.secrets.addVersionString",
        "secretmanager.v1.projects.secrets.versions.access",
        "secretmanager.v1.projects.secrets.versions.accessString",
        "storage.v1.objects.delete",
        "storage.v1.objects.get",
        "storage.v1.objects.insert",
        "workflowexecutions.v1.projects.locations.workflows.executions.run",
    )
)
"""What this machine answers itself."""

_SYSTEM = ("alt", "fields", "key", "prettyPrint", "quotaUser", "uploadType", "userIp")
"""What every method takes besides (https://cloud.google.com/apis/docs/system-parameters)."""

BESIDES = frozenset({"location", "query", "region"})
"""
What connectors take besides: more of the query, and the region whose address is called, of which this
machine has none.
"""

_ELSEWHERE = (
    "gke.await_job",
    "gke.create_job",
    "gke.delete_job",
    "gke.request",
    "shell.gcloud",
    "shell.kubectl",
)
"""What Google's documentation and samples call besides, and this machine has nothing for."""


class Connector(Function):
    """A function that takes whatever it is given, as the services do; *shape* is None of an unknown one."""

    def named(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Bind the arguments, of which more may be given than are known."""
        missing = [n for n, v in self.parameters.items() if v is REQUIRED and n not in values]
        if missing:
            raise raised("TypeError", f"{self.name} needs the argument {', '.join(missing)}")
        return {**self.parameters, **values}


@lru_cache(maxsize=1024)
def find(name: str) -> Connector | None:
    """Return the connector of a name, known or not; None if the name is that of no connector."""
    first, *parts = name.split(".", 3)
    if name not in _ELSEWHERE and (first != "googleapis" or len(parts) != 3):
        return None
    method = discovery.methods(parts[0], parts[1]).get(parts[2]) if len(parts) == 3 else None
    service = parts[0] if first == "googleapis" else first
    return Connector(
        name=name,
        parameters={} if method is None else _parameters(method),
        body=_Unknown(name, service) if method is None else _Known(name, method),
        waits="connector",
        call_only=first != "googleapis",
        wants_context=False,
    )


def _parameters(method: discovery.Method) -> dict[str, Value]:
    """Return what a method takes; of a query argument with dots, a map of the first part too."""
    found: dict[str, Value] = {name: REQUIRED for _, name in _PART.findall(method.path)}
    if method.body:
        found["body"] = None if _UPLOAD in method.path else {}
    groups = [name.partition(".")[0] for name in method.query if "." in name]
    return found | dict.fromkeys((*method.query, *groups, *_SYSTEM, "connector_params"))


@dataclass(frozen=True)
class _Known:
    """The request of a method."""

    name: str
    method: discovery.Method

    def __call__(self, **given: Value) -> Value:
        """Return the request as it is journaled."""
        method = self.method
        path = _PART.sub(lambda found: _part(found[1], found[2], given[found[2]]), method.path)
        present = {name: value for name, value in given.items() if value is not None}
        names = (*method.query, *_SYSTEM)
        query = {name: _asked(name, present) for name in names if name in present or "." in name}
        if "query" not in names:
            query |= expect(present.get("query") or {}, "query", dict)
        return {
            "service": method.service,
            "method": method.verb,
            "path": path,
            "query": query_pairs(
                {name: value for name, value in query.items() if value is not None}
            ),
            "body": given.get("body"),
            "timeout": _timeout(given["connector_params"]),
            "secret": False,
            **({} if self.name in ANSWERED else {"connector": self.name}),
            **_polled(method, given["connector_params"]),
        }


@dataclass(frozen=True)
class _Unknown:
    """The request of a connector whose method is not known: its name and its arguments."""

    name: str
    service: str

    def __call__(self, **given: Value) -> Value:
        """Return the request as it is journaled."""
        return {
            "service": self.service,
            "method": "",
            "path": self.name,
            "query": [],
            "body": given,
            "timeout": _timeout(given.get("connector_params")),
            "secret": False,
            "connector": self.name,
        }


def _part(keeps_slashes: str, name: str, value: Value) -> str:
    """Return an argument as a part of a path; most are words and numbers, of which nothing is to be escaped."""
    text = str(expect(value, name, str) if keeps_slashes else expect(value, name, str, int))
    if text.isascii() and text.isalnum():
        return text
    return quote(text, safe="/:@!$&'()*+,;=") if keeps_slashes else quote(unquote(text), safe="")


def _asked(name: str, given: Mapping[str, Value]) -> Value:
    """Return what is given for an argument of a query, by its name or in maps by the parts of it."""
    value = given.get(name)
    group, _, rest = name.partition(".")
    if value is not None or not rest:
        return value
    inside = expect({} if given.get(group) is None else given[group], group, dict)
    return _asked(rest, inside)


def _timeout(connector_params: Value) -> float:
    given = expect(connector_params or {}, "connector_params", dict)
    return seconds(given.get("timeout", _TIMEOUT_S), "timeout", YEAR_S)


def _polled(method: discovery.Method, connector_params: Value) -> dict[str, Value]:
    """Return how an operation that goes on is asked for, if it is."""
    given = connector_params or {}
    if not method.waits or given.get("skip_polling") is True:
        return {}
    asked = expect(given.get("polling_policy") or {}, "polling_policy", dict)
    policy = {
        name: float(expect(asked.get(name, default), name, int, float))
        for name, default in _POLLING.items()
    }
    if not all(number > 0 for number in policy.values()):
        raise raised(
            "ValueError", "the delays and the multiplier of polling_policy must be positive"
        )
    return {"poll": {"answers": method.waits, **policy}}


def nearest(name: str) -> str:
    """Return the name of a connector that was perhaps meant, or nothing."""
    parts = name.split(".", 3)
    if len(parts) != 4:
        return ""
    _, service, version, method = parts
    known = discovery.services()
    for service_ in difflib.get_close_matches(service, known, 1, 0.8):
        versions = (version,) if version in known[service_] else known[service_]
        for version_ in versions:
            for method_ in difflib.get_close_matches(
                method, discovery.methods(service_, version_), 1, 0.8
            ):
                return f"googleapis.{service_}.{version_}.{method_}"
    return ""


# --- what the service has no single method for --------------------------------------------------


def _secret(method: str, path: str, body: Value, connector_params: Value) -> Value:
    return {
        "service": "secretmanager",
        "method": method,
        "path": path,
        "query": [],
        "body": body,
        "timeout": _timeout(connector_params),
        "secret": method == "GET",
    }


@function(
    "googleapis.secretmanager.v1.projects.secrets.versions.accessString",
    waits="connector",
    in_expressions=True,
)
def access_string(
    secret_id: Value,
    version: Value = "latest",
    project_id: Value = None,
    connector_params: Value = None,
) -> Value:
    """Read a version of a secret as a string."""
    secret = _secret_name(project_id, secret_id)
    version = version if isinstance(version, int) else expect(version, "version", str)
    return _secret("GET", f"/v1/{secret}/versions/{version}:access", None, connector_params)


@function(
    "googleapis.secretmanager.v1.projects.secrets.addVersionString",
    waits="connector",
    in_expressions=True,
)
def add_version_string(
    secret_id: Value, data: Value, project_id: Value = None, connector_params: Value = None
) -> Value:
    """Add a version to a secret."""
    path = f"/v1/{_secret_name(project_id, secret_id)}:addVersion"
    encoded = base64.b64encode(expect(data, "data", str).encode(errors="replace")).decode()
    return _secret("POST", path, {"payload": {"data": encoded}}, connector_params)


def _secret_name(project: Value, secret: Value) -> str:
    if project is None:
        raise raised("ValueError", "project_id must name the project of the secret")
    names = expect(project, "project_id", str), expect(secret, "secret_id", str)
    return "projects/{}/secrets/{}".format(*(quote(name, safe="") for name in names))
