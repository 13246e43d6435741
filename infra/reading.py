"""How checks read what a stack consists of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infra.graph import Resource
from infra.stack import Environment

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


def mounted(service: Resource) -> set[str]:
    """Return the secrets that a service finds as files."""
    volumes = service.inputs["template"].get("volumes") or ()
    return {volume["secret"]["secret"] for volume in volumes if volume.get("secret")}


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
