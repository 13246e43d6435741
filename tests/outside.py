"""Fakes of the ports of the outside: each does what the suite over all adapters of its port asks."""

from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from shared.destinations import destination
from shared.errors import NotFound, ProviderDown
from shared.outside import HttpResponse


class FakeFiles:
    """Keeps documents in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def keep(self, name, content):
        self.kept.setdefault(name, content)

    def read(self, name):
        if name not in self.kept:
            raise NotFound("there is no such file", rule="file_unknown")
        return self.kept[name]

    def link(self, name, filename, *, lasts):
        return f"/files/{name}?{urlencode({'filename': filename, 'lasts': lasts})}"

    def remove(self, name):
        self.kept.pop(name, None)


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


class FakeVault:
    """Keeps secrets in memory; what was replaced is good until it is to end at once."""

    def __init__(self) -> None:
        self.kept: dict[str, list[bytes]] = {}

    def keep(self, id, value):
        self.kept.setdefault(id, [value])

    def rotate(self, id, value, *, at_once):
        if id not in self.kept:
            raise NotFound("there is no such secret", rule="secret_unknown")
        self.kept[id] = [value] if at_once else [value, *self.kept[id]]

    def forget(self, id):
        self.kept.pop(id, None)

    def good(self, id, most):
        return self.kept.get(id, [])[:most]
