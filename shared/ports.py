"""
Ports: what a function reaches besides documents.

A function has what its signature names, by type, and nothing else; its account in the cloud may do what
that takes, and nothing else. Adapters are in `shared/edge`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import get_annotations
from typing import Any, Protocol


class Port(Protocol):
    """Something that a function may name in its signature to be given it."""


class Outside(Port, Protocol):
    """A port to the world outside, which only a reaction may name: an operation is run again when contended."""


def is_port(kind: Any) -> bool:
    """Say whether a parameter of this type is given by the kernel."""
    return isinstance(kind, type) and Port in kind.__mro__


def named(function: Callable[..., Any]) -> dict[str, type]:
    """Return the ports that a function names, by parameter."""
    hints = get_annotations(function, eval_str=True)
    return {name: kind for name, kind in hints.items() if name != "return" and is_port(kind)}


@dataclass(frozen=True)
class Deployment(Port):
    """Which deployment of the platform this is."""

    environment: str = "local"
    """One of `local`, `dev`, `staging`, `prod`."""

    callbacks: str = ""
    """How the address of every callback of this project's workflows begins."""


class SignatureCheck(Port, Protocol):
    """Checks the signatures of people's own keys."""

    def __call__(self, public_key: str, message: bytes, signature: str) -> bool:
        """Say whether the owner of a key made a signature; both are base64url without padding."""


@dataclass(frozen=True)
class Signed:
    """A statement of ours, and what proves it."""

    message: bytes
    """The statement's canonical bytes (RFC 8785)."""

    kid: str
    signature: str


class Tickets(Port, Protocol):
    """Signs what is to hold away from the store: a permission, a report. It signs no entry of evidence."""

    def signed(self, statement: Mapping[str, Any]) -> Signed:
        """
        Return a statement with the signature of this function's key.

        Args:
            statement: It says in `typ` what it is; ``event/v1`` is refused.
        """
