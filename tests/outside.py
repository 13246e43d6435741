"""Fakes of the ports of the outside: each does what the suite over all adapters of its port asks."""

from typing import Any

from pydantic import SecretStr

from shared.destinations import destination
from shared.errors import ProviderDown
from shared.outside import HttpResponse


class FakeFiles:
    """Keeps documents in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def keep(self, name, content):
        self.kept.setdefault(name, content)


class FakeHttpClient:
    """Answers for hosts as `answers` says, follows no redirection, and remembers what was sent; the rest does not answer."""

    def __init__(self) -> None:
        self.answers: dict[str, HttpResponse] = {}
        self.sent: list[tuple[str, str, dict[str, str], bytes]] = []

    def for_tenant(self, tenant):
        return self

    def send(self, method, url, *, headers=None, body=b"", hosts=None, **how):
        place = destination(url, hosts=hosts)
        given = {
            name: said.get_secret_value() if isinstance(said, SecretStr) else said
            for name, said in (headers or {}).items()
        }
        self.sent.append((method, url, given, body))
        if place.host not in self.answers:
            raise ProviderDown(f"{place.host} does not answer now", rule="no_answer")
        return self.answers[place.host]
