"""Make calls out of the ports of a process: the one place where a function is given what it names."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from shared.actors import Actor
from shared.edge.ports import Ports
from shared.edge.sides import Shown
from shared.errors import EnforcementUnavailable
from shared.files import FileReader, FileRemover, Files, OwnFiles
from shared.observability import Memory
from shared.operation import Call, DecisionPoint, Operation
from shared.outside import Acting, HttpClient, Models
from shared.ports import SecretReader, SecretWriter, is_port
from shared.projections import Projections

if TYPE_CHECKING:
    from shared.job import JobStep
    from shared.reaction import Reaction, ReactionCall


FROZEN_S = 60
"""After how many seconds what would act in the world is tried again while everything is frozen."""


def request_call(ports: Ports, *, actor: Actor, tenant: str, operation: str, **said: Any) -> Call:
    """
    Return the call of a request.

    Args:
        ports: The process.

        actor: Who asks.

        tenant: Which tenant it may open.

        operation: What is asked for, as ``area.name``.

        said: What else a `Call` says of the request.
    """
    return Call(**_common(ports), actor=actor, tenant=tenant, operation=operation, **said)


def reaction_call(
    ports: Ports, *, actor: Actor, tenant: str, operation: str, **said: Any
) -> "ReactionCall":
    """Return the call of a reaction, likewise."""
    from shared.reaction import ReactionCall

    return ReactionCall(**_common(ports), actor=actor, tenant=tenant, operation=operation, **said)


def step_call(ports: Ports, *, actor: Actor, tenant: str, operation: str, **said: Any) -> "JobStep":
    """Return the call of one step of a job, likewise."""
    from shared.job import JobStep

    return JobStep(**_common(ports), actor=actor, tenant=tenant, operation=operation, **said)


def given(declared: "Operation | Reaction", ports: Ports, tenant: str) -> dict[str, Any]:
    """
    Return the ports that a function names, by parameter; what it remembers and keeps is its tenant's own.

    Raises:
        EnforcementUnavailable: It would act in the world, and nothing is governed now, or everything is frozen.
    """
    if any(Acting in kind.__mro__ for kind in declared.ports.values()):
        state = ports.enforcement.state(ports.clock())
        state.demand()
        if state.frozen:
            said = "everything is frozen; this is done once a Governor lifts that"
            raise EnforcementUnavailable(said, rule="frozen", retry_after_s=FROZEN_S)
    return {name: _own(kind, _port(kind, ports), tenant) for name, kind in declared.ports.items()}


def _port(kind: type, ports: Ports) -> Any:
    if kind is Projections:
        # It is made of all the others, and only a rebuild names it.
        from shared.edge.folding import Rebuilding

        return Rebuilding(ports)
    if kind is DecisionPoint:
        # What decides loads what only changes need.
        from shared.edge.decision_point import RulesInForce

        return RulesInForce(ports)
    return getattr(ports, _names()[kind])


def _own(kind: type, port: Any, tenant: str) -> Any:
    if kind in {HttpClient, Memory, Models, SecretReader, SecretWriter}:
        return port.for_tenant(tenant)
    return OwnFiles(port, tenant) if kind in {FileReader, FileRemover, Files} else port


def check(declared: "Operation | Reaction") -> None:
    """
    Refuse to start what names a port that nobody provides.

    Raises:
        TypeError: There is no such port.
    """
    missing = sorted(kind.__name__ for kind in declared.ports.values() if kind not in _names())
    if missing:
        raise TypeError(f"{declared.id} names {', '.join(missing)}, which Ports does not have")


def _common(ports: Ports) -> Mapping[str, Any]:
    now = ports.clock()
    return {
        "now": now.replace(microsecond=now.microsecond // 1000 * 1000),
        "documents": Shown(ports),
        "signer": ports.signer,
        "commits": False,
    }


@cache
def _names() -> Mapping[type, str]:
    """Return under which name a process has each port; two are made of all the others."""
    own = {kind: name for name, kind in get_type_hints(Ports).items() if is_port(kind)}
    return {**own, DecisionPoint: "", Projections: ""}
