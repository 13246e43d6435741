"""
Where tenants' secrets are kept: Secret Manager, by its REST API; a folder of private files on one machine.

What replaced a secret less than `GRACE` ago has not ended it yet. When something was replaced is told by when its
successor was made, so that one that is sent twice takes nothing from the one before.
"""

import base64
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shared.edge.addresses import path
from shared.edge.checksums import crc32c
from shared.edge.http_client import Caller, reading
from shared.edge.http_pool import Answer
from shared.edge.keys import keep_private
from shared.edge.secrets import GOOGLE, SecretManager
from shared.entity import written
from shared.errors import NotFound, ProviderDown
from shared.secrets import GRACE

PREFIX = "kept-"
"""How the names of tenants' secrets begin: the rights of who keeps and reads them are for these alone."""


class FolderVault:
    """
    A vault of private files, one for each secret.

    They are not encrypted: the key would lie beside them, as the writer's does, and keep out nobody who may read
    the folder.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        """Name the folder, which is made for the first secret, and say what time it is."""
        self._folder, self._clock = folder, clock

    def keep(self, id: str, value: bytes) -> None:
        """Keep a secret, unless there is one."""
        with self._locked():
            if not self._file(id).exists():
                self._write(id, [self._made(value)])

    def rotate(self, id: str, value: bytes, *, at_once: bool) -> None:
        """Replace a secret."""
        with self._locked():
            made = self._read(id)
            if not made:
                raise NotFound("there is no such secret", rule="secret_unknown")
            old = [] if at_once else made[: _good(_times(made), self._clock())]
            self._write(id, [self._made(value), *old])

    def forget(self, id: str) -> None:
        """Forget a secret."""
        with self._locked():
            self._file(id).unlink(missing_ok=True)

    def good(self, id: str, most: int) -> Sequence[bytes]:
        """Return what is good."""
        made = self._read(id)
        good = min(most, _good(_times(made), self._clock()))
        return [one["value"].encode() for one in made[:good]]

    def _made(self, value: bytes) -> dict[str, str]:
        return {"value": value.decode(), "createTime": written(self._clock())}

    def _read(self, id: str) -> list[dict[str, str]]:
        try:
            found: list[dict[str, str]] = json.loads(self._file(id).read_bytes())
        except FileNotFoundError:
            return []
        return found

    def _write(self, id: str, made: list[dict[str, str]]) -> None:
        keep_private(self._file(id), json.dumps(made).encode())

    def _file(self, id: str) -> Path:
        return self._folder / f"{id}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one change after the other happen, of whatever process."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class ManagedVault:
    """A vault in Secret Manager."""

    def __init__(
        self,
        project: str,
        location: str,
        clock: Callable[[], datetime],
        base: str = GOOGLE,
        **options: Any,
    ) -> None:
        """
        Say where it is; nothing is connected before the first secret.

        Args:
            project: The project.

            location: Where what is kept stays.

            clock: The time, by which what was replaced ends.

            base: The address of Secret Manager.

            options: How it is called, as `Caller` takes it.
        """
        self._secrets = f"{base}/v1/{path('projects', project, 'secrets')}"
        self._base, self._location, self._clock = base, location, clock
        self._caller = Caller("secret-manager", **options)
        self._reader = SecretManager(base, **options)

    def keep(self, id: str, value: bytes) -> None:
        """Keep a secret; who was interrupted before it had a version goes on."""
        replicas = {"userManaged": {"replicas": [{"location": self._location}]}}
        url = f"{self._secrets}?secretId={_name(id)}"
        made = self._asked("POST", url, {"replication": replicas}, also={409})
        if made.status == 409 and self._versions(id):
            return
        self._add(id, value)

    def rotate(self, id: str, value: bytes, *, at_once: bool) -> None:
        """Replace a secret, and have what is no longer good destroyed."""
        made = self._versions(id)
        if not made:
            raise NotFound("there is no such secret", rule="secret_unknown")
        self._add(id, value)
        for one in made[0 if at_once else _good(_times(made), self._clock()) :]:
            self._asked("POST", f"{self._base}/v1/{one['name']}:destroy", {}, also={400, 404})

    def forget(self, id: str) -> None:
        """Forget a secret."""
        self._asked("DELETE", f"{self._secrets}/{_name(id)}", also={404})

    def good(self, id: str, most: int) -> Sequence[bytes]:
        """Return what is good."""
        made = self._versions(id)
        good = min(most, _good(_times(made), self._clock()))
        return [self._reader.access(one["name"]) for one in made[:good]]

    def _add(self, id: str, value: bytes) -> None:
        payload = {
            "data": base64.b64encode(value).decode(),
            "dataCrc32c": str(crc32c(value)),
        }
        self._asked("POST", f"{self._secrets}/{_name(id)}:addVersion", {"payload": payload})

    def _versions(self, id: str) -> list[dict[str, str]]:
        """Return the versions that may be read, the newest first."""
        url = f"{self._secrets}/{_name(id)}/versions?filter=state:ENABLED&pageSize=100"
        answer = self._asked("GET", url, also={404})
        if answer.status == 404:
            return []
        with reading("Secret Manager"):
            found: list[dict[str, str]] = answer.parsed.get("versions", [])
            if not all(f"/secrets/{_name(id)}/versions/" in one["name"] for one in found):
                raise ValueError("another secret")
            _times(found)
            return sorted(found, key=lambda one: -int(one["name"].rpartition("/")[2]))

    def _asked(
        self, method: str, url: str, body: Any = None, also: frozenset[int] | set[int] = frozenset()
    ) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        answer = self._caller.request(method, url, body=data, headers=headers)
        if answer.status not in {200, *also} or (answer.status == 200 and answer.parsed is None):
            raise ProviderDown(f"Secret Manager answered {answer.status}", retry_after_s=10)
        return answer


def _name(id: str) -> str:
    """Return what Secret Manager calls a secret, which takes no dot."""
    return PREFIX + id.replace(".", "_")


def _times(made: Sequence[dict[str, str]]) -> list[datetime]:
    return [datetime.fromisoformat(one["createTime"]) for one in made]


def _good(times: Sequence[datetime], now: datetime, grace: timedelta = GRACE) -> int:
    """Return how many are good, of what was made at these times, the newest first."""
    return len(times[:1]) + sum(successor + grace > now for successor in times[:-1])
