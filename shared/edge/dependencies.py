"""Look at what the platform depends on, from inside: each thing by the cheapest sign of life it gives."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING

from shared.actors import PLATFORM
from shared.documents import Documents, Key
from shared.edge.addresses import path
from shared.edge.auth import InvalidToken, KeySource
from shared.edge.settings import Settings
from shared.enforcing import Enforcement
from shared.errors import ProviderDown, Refusal
from shared.evidence import Signer
from shared.identity.models import VerificationKey
from shared.observability import HealthCheck
from shared.platform.rules.targets import TARGETS

if TYPE_CHECKING:
    from shared.edge.http_client import Caller

GIVEN_UP = {
    "files": ("storage", "iam-credentials"),
    "models": ("vertex",),
    "push": ("fcm",),
    "secrets": ("secret-manager",),
}
"""Whom the platform depends on and can only ask in earnest, by the breakers of those who do."""


class PortDependencies:
    """The `Dependencies` port."""

    def __init__(
        self,
        settings: Settings,
        documents: Documents,
        signer: Signer,
        token: Callable[[], str] | None = None,
        engine_trouble: Callable[[], str] = str,
        *,
        enforcing: Callable[[], Enforcement],
    ) -> None:
        """
        Say what to look at, and whose access token opens it: this process's own without one.

        *engine_trouble* says in a sentence what is wrong inside of the workflow engine where that is in this process;
        *enforcing* looks whether what happens is governed.
        """
        self._enforcing = enforcing
        self._settings, self._documents, self._signer = settings, documents, signer
        self._token, self._engine_trouble = token, engine_trouble

    def look(self) -> Sequence[HealthCheck]:
        """Look at each, one after the other."""
        looks: dict[str, Callable[[], None]] = {
            "store": self._store,
            "event_bus": self._event_bus,
            "workflow_engine": self._workflow_engine,
            "identity_keys": self._identity_keys,
            "signing_key": self._signing_key,
            "enforcement": self._enforcement,
        }
        if not self._settings.local:
            looks |= {name: partial(self._given_up, *those) for name, those in GIVEN_UP.items()}
        return [_looked(name, look) for name, look in looks.items()]

    def _store(self) -> None:
        from shared.platform.models.services import LATEST, Observation

        self._documents.get(Key(PLATFORM, Observation.collection, LATEST))

    def _event_bus(self) -> None:
        s = self._settings
        if s.bus != "pubsub":
            if not os.access(s.data, os.W_OK):
                raise ProviderDown("the folder of the tap cannot be written")
            return
        emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
        base = f"http://{emulator}" if emulator else "https://pubsub.googleapis.com"
        topic = path("projects", s.project, "topics", f"waooaw-{s.environment}-tap")
        self._read(self._pubsub, f"{base}/v1/{topic}")

    def _workflow_engine(self) -> None:
        s = self._settings
        parent = path("projects", s.project, "locations", s.location, "workflows", "agent_creation")
        url = s.reached(f"{s.executions}/v1/{parent}/executions?pageSize=1")
        self._read(self._workflows, url)
        trouble = self._engine_trouble()
        if trouble:
            raise ProviderDown(trouble)

    def _identity_keys(self) -> None:
        s = self._settings
        for location, target in ((s.people_keys, "people-keys"), (s.service_keys, "service-keys")):
            # No key has this id: whoever says so has read the keys.
            with suppress(InvalidToken):
                KeySource(location, target).key("")

    def _signing_key(self) -> None:
        kid, _ = self._signer.sign(b"a look at the platform's health")
        if self._documents.get(Key(PLATFORM, VerificationKey.collection, kid)) is None:
            raise ProviderDown(f"the public half of the writer key {kid} is not published")

    def _enforcement(self) -> None:
        found = self._enforcing()
        if found.level != "effective":
            raise ProviderDown(found.says, rule=found.rule)

    def _given_up(self, *targets: str) -> None:
        """Look whether those who call somebody gave up on them: there is nothing to ask them for."""
        from shared.platform.models.breakers import Circuit

        for target in targets:
            found = self._documents.get(Key(PLATFORM, Circuit.collection, target))
            opened_at = found and found.data["opened_at"]
            if opened_at:
                raise ProviderDown(f"{TARGETS[target]} has been left alone since {opened_at}")

    @cached_property
    def _pubsub(self) -> "Caller":
        return self._caller("pubsub")

    @cached_property
    def _workflows(self) -> "Caller":
        return self._caller("workflows")

    def _caller(self, target: str) -> "Caller":
        from shared.edge.google_token import google_token
        from shared.edge.http_client import Caller

        token = self._token or google_token
        return Caller(target, token=token, timeout_s=5.0, attempts=1)

    def _read(self, caller: "Caller", url: str) -> None:
        answer = caller.request("GET", url)
        if answer.status != 200:
            raise ProviderDown(f"it answered {answer.status}")


def _looked(name: str, look: Callable[[], None]) -> HealthCheck:
    started = time.monotonic()
    well, detail = True, ""
    try:
        look()
    except Exception as error:  # noqa: BLE001 - whatever it is, that is what was seen
        well, detail = False, error.detail if isinstance(error, Refusal) else type(error).__name__
    return HealthCheck(name, well, round((time.monotonic() - started) * 1000), detail)
