"""
The shapes of the connectors' requests: verb, path, arguments, body, and whether an operation follows.

They are facts of the services' discovery documents, which the package google-api-python-client (Apache
License 2.0) carries, written shorter by `generate`: a file for each service and version that
https://cloud.google.com/workflows/docs/reference/googleapis lists. A file is read when a source names a
connector of it, and not before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

TABLES = Path(__file__).parent


@dataclass(frozen=True)
class Method:
    """
    A method of a service; `{+name}` in its path keeps slashes, `{name}` does not.

    *waits* tells what is answered at first where the work goes on: an `operation`, which has a name and
    is done or not (google.longrunning); a `status`, an operation whose address is its selfLink; a `job` of
    BigQuery; or a `state`, a thing whose state says how its work ended. It is empty where the answer is all
    there is.
    """

    service: str
    verb: str
    path: str
    query: tuple[str, ...] = ()
    body: bool = False
    waits: str = ""


@lru_cache(maxsize=128)
def methods(service: str, version: str) -> Mapping[str, Method]:
    """Return the methods of a service by their names, such as `datasets.get`; none if it has no table."""
    found: dict[str, Method] = {}
    file = TABLES / f"{service}.{version}.txt"
    if not f"{service}{version}".isalnum() or not file.is_file():
        return found
    resource = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            resource = line
            continue
        name, verb, path, *more = line.split()
        found[f"{resource}.{name}".lstrip(".")] = Method(
            service,
            verb,
            path,
            tuple(part for word in more if word[0] == "?" for part in word[1:].split(",")),
            "body" in more,
            next((word[1:] for word in more if word[0] == ">"), ""),
        )
    return found


@cache
def services() -> Mapping[str, tuple[str, ...]]:
    """Return the versions of every service that has a table."""
    found: dict[str, list[str]] = {}
    for file in sorted(TABLES.glob("*.txt")):
        service, version = file.stem.split(".")
        found.setdefault(service, []).append(version)
    return {service: tuple(versions) for service, versions in found.items()}
