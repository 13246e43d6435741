"""
Ports: what a function reaches besides documents.

A function has what its signature names, by type, and nothing else; its account in the cloud may do what
that takes, and nothing else. Adapters are in `shared/edge`.
"""

from collections.abc import Callable, Mapping
from inspect import get_annotations
from typing import Any, Protocol

from pydantic import SecretStr

from shared.records import dataclass


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


class SecretWriter(Port, Protocol):
    """
    Keeps secrets, and cannot read them.

    An operation may name it though it is outside the store: done twice, each of these is done once.
    """

    def keep(self, id: str, value: SecretStr) -> str:
        """
        Keep a secret under an id of the tenant's, unless there is one, and return its reference.

        Raises:
            Invalid: It is empty, or too long.
            ProviderDown: It is not kept; try again.
        """

    def rotate(self, reference: str, value: SecretStr, *, at_once: bool = False) -> None:
        """
        Replace a secret; the one before is good for a day more, unless it must end *at_once*.

        Raises:
            Invalid: It is empty, or too long.
            NotFound: The tenant has no such secret.
            ProviderDown: It is not replaced; try again.
        """

    def forget(self, reference: str) -> None:
        """
        Forget a secret with all that it replaced; one that is gone already is forgotten.

        Raises:
            NotFound: It is another tenant's.
            ProviderDown: It is not forgotten; try again.
        """


class SecretReader(Port, Protocol):
    """Uses secrets, each at the moment when it is needed, and keeps none."""

    def use(self, reference: str, form: str = "{}") -> SecretStr:
        """
        Return what is sent in place of a secret: the secret in *form*, as ``Bearer {}``.

        Raises:
            NotFound: The tenant has no such secret.
            ProviderDown: It cannot be had now.
        """

    def sign(self, reference: str, message: bytes) -> tuple[str, ...]:
        """Return a message's HMAC-SHA256 in hex, by the secret and then by what it replaced lately; raises likewise."""

    def signed(self, reference: str, message: bytes, signature: str) -> bool:
        """Say whether a signature is one of those that `sign` gives; raises likewise."""
