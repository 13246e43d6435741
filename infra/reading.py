"""How checks read what a stack consists of."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from infra.graph import Resource
from infra.stack import Environment
from shared.edge.settings import Settings

Graph = Sequence[Resource]
Check = Callable[[Graph, Environment], Iterator[str]]
"""Reads the resources as the program asks for them, and says, in sentences, what is wrong."""


def of(graph: Graph, type: str) -> list[Resource]:
    """Return the resources of a type."""
    return [one for one in graph if one.type == type]


def granted(graph: Graph) -> Iterator[tuple[Resource, str, set[str]]]:
    """Yield every grant with its role and whom it is given to."""
    for one in graph:
        if "role" in one.inputs and ("member" in one.inputs or "members" in one.inputs):
            members: Any = one.inputs.get("members") or [one.inputs["member"]]
            yield one, str(one.inputs["role"]), set(members)


def named(role: str) -> str:
    """Return a role as `ROLES_OF_PORT` names it: one of our own by its id alone."""
    return role if role.startswith("roles/") else role.rpartition("/")[2]


def account_of(member: str) -> str:
    """Return the id of an account that policies name."""
    return member.rpartition(":")[2].partition("@")[0]


def container(service: Resource) -> Mapping[str, Any]:
    """Return what a service runs."""
    found: Mapping[str, Any] = service.inputs["template"]["containers"][0]
    return found


def told(service: Resource) -> dict[str, str]:
    """Return what a service finds in its environment."""
    return {one["name"]: one["value"] for one in container(service)["envs"]}


def described(config: Resource) -> dict[str, Any]:
    """Return what a gateway's configuration describes, in OpenAPI 2.0."""
    found: dict[str, Any] = json.loads(
        base64.b64decode(config.inputs["openapiDocuments"][0]["document"]["contents"])
    )
    return found


def function_at(address: str) -> str:
    """Return which function is at an address, which begins with its name and the number of its project."""
    return (urlsplit(address).hostname or "").partition(".")[0].rpartition("-")[0]


def seconds(duration: str) -> float:
    """Return how long a duration is, as the provider writes it: ``60s``."""
    return float(duration.removesuffix("s"))


def mounted(service: Resource) -> set[str]:
    """Return the secrets that a service finds as files."""
    volumes = service.inputs["template"].get("volumes") or ()
    return {volume["secret"]["secret"] for volume in volumes if volume.get("secret")}


def addresses(graph: Graph) -> dict[str, str]:
    """Return where each function is, by its name, as it is told itself."""
    return {
        one.inputs["name"]: Settings(told(one)).address(one.inputs["name"])
        for one in of(graph, "cloudrunv2.Service")
    }


def compared(
    account: str, verb: str, needed: set[str] | frozenset[str], has: set[str]
) -> Iterator[str]:
    """Say what an account needs and has not, and what it has for nothing."""
    for missing in sorted(needed - has):
        yield f"{account} must be one that {verb} {missing}, for its functions need it"
    for more in sorted(has - needed):
        yield f"{account} {verb} {more}, which none of its functions needs"


def said(inputs: Any, member: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text among the inputs of a resource, with the member that it is of."""
    if isinstance(inputs, str):
        yield member, inputs
    elif isinstance(inputs, Mapping):
        for name, value in inputs.items():
            yield from said(value, name)
    elif isinstance(inputs, Sequence):
        for value in inputs:
            yield from said(value, member)


def switches(inputs: Any, member: str = "") -> Iterator[tuple[str, bool]]:
    """Yield whatever switches a resource, or a part of it, on or off."""
    if isinstance(inputs, bool) and member in {"enabled", "disabled"}:
        yield member, inputs
    elif isinstance(inputs, Mapping):
        for name, value in inputs.items():
            yield from switches(value, name)
    elif isinstance(inputs, Sequence) and not isinstance(inputs, str):
        for value in inputs:
            yield from switches(value, member)
