"""
Write the tables of connectors anew.

    pip install google-api-python-client      (in an environment of its own: it has a hundred megabytes)
    python -m local.workflows.discovery.generate [FOLDER]

The folder is the package's googleapiclient/discovery_cache/documents, which is looked for if none is named.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from local.workflows.discovery import TABLES

SERVICES = frozenset(
    {
        *("aiplatform", "batch", "bigquery", "bigquerydatatransfer", "cloudbuild"),
        *("cloudfunctions", "cloudresourcemanager", "cloudscheduler", "cloudtasks", "compute"),
        *("container", "dataflow", "documentai", "firestore", "forms"),
        *("integrations", "language", "ml", "pubsub", "run"),
        *("secretmanager", "sheets", "spanner", "sqladmin", "storage"),
        *("storagetransfer", "transcoder", "translate", "workflowexecutions", "workflows"),
    }
)
"""What the reference of connectors lists, but `gke`, which has no discovery document."""

_VERSION = re.compile(r"v\d+(b\d+|beta\d*)?")
_PART = re.compile(r"{\+?\w+}")
# The content of an object is sent as it is, to another path than its description.
_UPLOADED = {"storage.v1.objects.insert"}
_JOBS = {
    "aiplatform": (
        *("batchPredictionJobs", "customJobs", "hyperparameterTuningJobs", "nasJobs"),
        *("pipelineJobs", "trainingPipelines", "tuningJobs"),
    ),
    "batch": ("jobs",),
    "transcoder": ("jobs",),
}
"""What is begun by `create`, and has a state that tells how it ended."""
_ORDER = ("updateMask", "mask", "currentDocument", "requestOptions")


def documents() -> Path | None:
    """Return the folder of the package, if it is installed here."""
    package = find_spec("googleapiclient")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "discovery_cache" / "documents"


def tables(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every table."""
    for file in sorted(folder.glob("*.json")):
        service, _, version = file.stem.partition(".")
        if service in SERVICES and _VERSION.fullmatch(version):
            document = json.loads(file.read_text(encoding="utf-8"))
            head = f"# {document['title']} {version}, revision {document['revision']}"
            yield f"{service}.{version}.txt", "\n".join((head, *_lines(document), ""))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    whole = f"{document['name']}.{document['version']}"
    for resource, methods in sorted(_resources(document, "")):
        yield resource
        for name, method in sorted(methods.items()):
            yield " " + " ".join(_words(document, method, f"{whole}.{resource}.{name}"))


def _resources(node: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "methods" in node and name:
        yield name, node["methods"]
    for part, inner in node.get("resources", {}).items():
        yield from _resources(inner, f"{name}.{part}".lstrip("."))


def _words(document: Mapping[str, Any], method: Mapping[str, Any], whole: str) -> Iterator[str]:
    path = "/" + document["servicePath"] + method["path"]
    if whole in _UPLOADED:
        path = method["mediaUpload"]["protocols"]["simple"]["path"]
    parameters = method.get("parameters", {})
    assert "{" not in _PART.sub("", path), f"{whole} has a path of another form: {path}"  # noqa: S101
    yield from (whole.rpartition(".")[2], method["httpMethod"], path)
    query = sorted(name for name, found in parameters.items() if found["location"] == "query")
    if whole == "firestore.v1.projects.databases.documents.patch":
        # The order in which earlier releases sent them, which a running execution's journal has.
        query.sort(key=lambda name: _ORDER.index(name.partition(".")[0]))
    if query:
        yield "?" + ",".join(query)
    if "request" in method or whole in _UPLOADED:
        yield "body"
    waits = _waits(document, method, whole)
    if waits:
        yield ">" + waits


def _waits(document: Mapping[str, Any], method: Mapping[str, Any], whole: str) -> str:
    """Tell what a method answers whose work goes on; asking for an operation does not begin one."""
    answer = method.get("response", {}).get("$ref", "")
    if method["httpMethod"] == "GET" or not answer:
        return ""
    if whole == "bigquery.v2.jobs.insert":
        return "job"
    has = document["schemas"][answer].get("properties", {})
    if {"name", "done", "response"} <= has.keys():
        return "operation"
    if answer == "Operation" and {"selfLink", "status"} <= has.keys():
        return "status"
    service, *_, resource, name = whole.split(".")
    return "state" if name == "create" and resource in _JOBS.get(service, ()) else ""


def main() -> int:
    """Write the tables; return 2 if there is nothing to read."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else documents()
    if folder is None or not folder.is_dir():
        print("there are no discovery documents: name their folder", file=sys.stderr)
        return 2
    for old in TABLES.glob("*.txt"):
        old.unlink()
    for name, text in tables(folder):
        (TABLES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
