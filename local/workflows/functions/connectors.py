"""
The connectors: functions that are one request to a service of Google Cloud.

Their names, arguments, verbs and paths are those of the services' discovery documents. What carries
the requests is in `local.workflows.connectors`.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from local.workflows.errors import raised
from local.workflows.functions.effects import query_pairs, seconds
from local.workflows.functions.registry import FUNCTIONS, REQUIRED, Function, expect, function
from local.workflows.values import Value

_TIMEOUT_S, _TIMEOUT_MAX_S = 1800, 31_536_000
_PART = re.compile(r"{(\+?)(\w+)}")


@dataclass(frozen=True)
class _Connector:
    """A method of a service; `{+name}` in its path keeps slashes, `{name}` does not."""

    service: str
    verb: str
    path: str
    query: tuple[str, ...] = ()
    body: bool = False

    def parameters(self) -> dict[str, Value]:
        """Return what it takes; of a query argument with a dot, a map of the first part too."""
        found: dict[str, Value] = {name: REQUIRED for _, name in _PART.findall(self.path)}
        if self.body:
            found["body"] = REQUIRED
        groups = [name.partition(".")[0] for name in self.query if "." in name]
        return found | dict.fromkeys((*self.query, *groups, "connector_params"))

    def request(self, given: Mapping[str, Value]) -> Value:
        """Return the request as it is journaled."""

        def part(found: re.Match[str]) -> str:
            value = expect(given[found[2]], found[2], str)
            return (
                quote(value, safe="/:@!$&'()*+,;=") if found[1] else quote(unquote(value), safe="")
            )

        query: dict[str, Value] = {}
        for name in self.query:
            group, _, key = name.partition(".")
            inside = expect(given[group] or {}, group, dict) if key else {}
            value = inside.get(key) if given[name] is None else given[name]
            if value is not None:
                query[name] = value
        return {
            "service": self.service,
            "method": self.verb,
            "path": _PART.sub(part, self.path),
            "query": query_pairs(query),
            "body": given.get("body"),
            "timeout": _timeout(given["connector_params"]),
            "secret": False,
        }


def _timeout(connector_params: Value) -> float:
    given = expect(connector_params or {}, "connector_params", dict)
    return seconds(given.get("timeout", _TIMEOUT_S), "timeout", _TIMEOUT_MAX_S)


_DOCUMENTS = "firestore.v1.projects.databases.documents"
_PRECONDITION = ("currentDocument.exists", "currentDocument.updateTime")
_CONNECTORS = {
    f"{_DOCUMENTS}.get": _Connector("firestore", "GET", "/v1/{+name}", ("mask.fieldPaths",)),
    f"{_DOCUMENTS}.patch": _Connector(
        "firestore",
        "PATCH",
        "/v1/{+name}",
        ("updateMask.fieldPaths", "mask.fieldPaths", *_PRECONDITION),
        body=True,
    ),
    f"{_DOCUMENTS}.createDocument": _Connector(
        "firestore",
        "POST",
        "/v1/{+parent}/{collectionId}",
        ("documentId", "mask.fieldPaths"),
        body=True,
    ),
    f"{_DOCUMENTS}.delete": _Connector("firestore", "DELETE", "/v1/{+name}", _PRECONDITION),
    "pubsub.v1.projects.topics.publish": _Connector(
        "pubsub", "POST", "/v1/{+topic}:publish", body=True
    ),
    "cloudtasks.v2.projects.locations.queues.tasks.create": _Connector(
        "cloudtasks", "POST", "/v2/{+parent}/tasks", body=True
    ),
    "secretmanager.v1.projects.secrets.versions.access": _Connector(
        "secretmanager", "GET", "/v1/{+name}:access"
    ),
    "storage.v1.objects.get": _Connector(
        "storage", "GET", "/storage/v1/b/{bucket}/o/{object}", ("alt",)
    ),
    "storage.v1.objects.insert": _Connector(
        "storage", "POST", "/upload/storage/v1/b/{bucket}/o", ("name", "uploadType"), body=True
    ),
    "storage.v1.objects.delete": _Connector(
        "storage", "DELETE", "/storage/v1/b/{bucket}/o/{object}"
    ),
}


def _declare(name: str, connector: _Connector) -> None:
    def body(**given: Any) -> Value:
        return connector.request(given)

    FUNCTIONS[name] = Function(
        name, connector.parameters(), body, waits="connector", call_only=False, wants_context=False
    )


for _name, _connector in _CONNECTORS.items():
    _declare(f"googleapis.{_name}", _connector)


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
