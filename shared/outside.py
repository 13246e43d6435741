"""The ports to the world outside: what only a reaction may name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import SecretStr

from shared.observability import Backlog
from shared.ports import Outside
from shared.records import dataclass

if TYPE_CHECKING:
    from shared.language_models import Completion, Embedding, Endpoint, Prompt


class Acting(Outside, Protocol):
    """
    A port by which something happens in the world, and not only in evidence or notices of it.

    Nobody is given one while nothing is governed or everything is frozen: what would use it is tried again later.
    """


class Workflows(Acting, Protocol):
    """The engine that carries out workflows."""

    def start(self, workflow: str, argument: Mapping[str, Any]) -> str:
        """Start an execution and return its id."""

    def wake(self, callback_url: str) -> bool:
        """
        Call a waiting workflow back, and say whether it was there.

        One that is gone is not called again. Raises ProviderDown where it must be tried again.
        """

    def waits(self, callback_url: str) -> bool:
        """
        Say whether the execution still runs that waits at an address.

        Raises ProviderDown where nobody can say.
        """


Saw = Literal["well", "unwell", "silent", "unreachable"]


@dataclass(frozen=True)
class Look:
    """What one look at a release saw."""

    saw: Saw
    """`unwell`: it answered that it is not; `silent`: nothing came in time; `unreachable`: nobody was there."""

    took_ms: int
    status: int | None = None
    """The status of its answer; none where it gave none."""


class Probe(Outside, Protocol):
    """Looks at a deployed release from outside."""

    def look(self, release_id: str, *, timeout_s: float) -> Look:
        """Return what a look at the release saw; that nothing answered is an answer too."""


class EntryRelay(Outside, Protocol):
    """The way out for entries that were committed: to their topics and the tap."""

    def publish(self, tenant: str, entry_id: str) -> None:
        """Publish one entry, and what of the same entity waits before it."""

    def sweep(self) -> int:
        """Publish what was left behind, and return how much that was."""


class DueRelay(Outside, Protocol):
    """The way out for promises."""

    def release_dues(self) -> int:
        """Hand over every promise whose time has come, and return how many."""


class LetterRelay(Outside, Protocol):
    """The way out for what is sent again."""

    def resend(self, topic: str, tenant: str, id: str, *, consumer: str, replay: int) -> bool:
        """Publish an event once more for one consumer, and say whether it is still there to be published."""


class Backlogs(Outside, Protocol):
    """Sees what waits for its way out."""

    def backlog(self) -> Backlog:
        """Return how much waits for its way out, of all tenants, and for how long."""


@dataclass(frozen=True)
class Pushed:
    """What the provider said to one push message."""

    outcome: Literal["sent", "unregistered", "refused"]
    """`unregistered`: the device is gone for good; `refused`: the message itself is not good."""

    provider_id: str = ""


class Push(Outside, Protocol):
    """Shows messages on people's devices."""

    def send(self, message: Mapping[str, Any]) -> Pushed:
        """
        Hand one message of FCM's HTTP v1 shape to the provider.

        Raises ProviderDown where it must be tried again later.
        """


@dataclass(frozen=True)
class HttpResponse:
    """What somebody else's host answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in any case."""

    body: bytes = b""


class HttpClient(Acting, Protocol):
    """
    Calls addresses that customers named: public hosts by https, and nothing else (`shared/destinations.py`).

    Each host has a circuit breaker of the tenant's own. What is sent and where to stands in no log and no
    message but for the host's name.
    """

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | SecretStr] | None = None,
        body: bytes = b"",
        hosts: Collection[str] | None = None,
        redirects: int = 0,
        repeatable: bool | None = None,
        within_s: float = 10.0,
    ) -> HttpResponse:
        """
        Send a request and return the answer, whatever it says.

        Args:
            method: The HTTP method.

            url: Where to.

            headers: Its headers. A secret is sent to the origin of *url* alone, and so is every header that
                is not known to be harmless.

            body: What to send.

            hosts: The names that may be called, ``*.example.com`` for all below one; without them the one
                of *url*.

            redirects: How many redirections are followed, within *hosts*; one more is an answer.

            repeatable: Whether it may be sent again where nobody knows if it was done; without it, where the
                method says so (RFC 9110, 9.2.2).

            within_s: How long all of it may take.

        Raises:
            Forbidden: The address, or where it led to, is none that may be called.
            ProviderDown: There is no answer, or the host is left alone for now. Its rule is
                `outcome_unknown` where the request may have been done and must not be repeated.
        """

    def for_tenant(self, tenant: str) -> "HttpClient":
        """Return the part of one tenant; the kernel does so."""


class Models(Acting, Protocol):
    """
    Asks language models.

    What goes to a model and what comes back stands in no log; how much it was does.
    """

    def complete(
        self, by: "str | Endpoint", prompt: "Prompt", *, limit_micro_usd: int | None = None
    ) -> "Completion":
        """
        Return what a model says.

        Args:
            by: A class of models, as `small`, `standard` or `large`, or a customer's own.

            prompt: What it is asked.

            limit_micro_usd: What it may cost, judged before it is asked.

        Raises:
            Invalid: It would cost more (`cost_limit_exceeded`), no such class is configured and priced
                (`model_unknown`), or the provider refuses the content for good (`provider_refused`,
                `provider_rejected`).
            ProviderDown: It does not answer now.
            Forbidden: The customer's address is none that is called.
        """

    def embed(self, texts: Sequence[str], *, by: "str | Endpoint" = "embedding") -> "Embedding":
        """Return where texts are, at most 64 of them, in their order; raises likewise."""

    def for_tenant(self, tenant: str) -> "Models":
        """Return the part of one tenant; the kernel does so."""
