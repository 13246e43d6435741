"""Fakes of the ports of the outside: each does what the suite over all adapters of its port asks."""

from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from shared.destinations import destination
from shared.edge.language_models import Placed, PricedModels, Said
from shared.edge.local_models import TABLE
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

    def remove_all(self, under):
        for name in [one for one in self.kept if one.startswith(f"{under}/")]:
            del self.kept[name]


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


class FakeProvider:
    """Says what it is told to, counts as it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.said = Said("said", whole=True, tokens_in=7, tokens_out=3)
        self.placed = Placed(((1.0, 0.0),), tokens_in=7)
        self.failing: Exception | None = None

    def complete(self, model, prompt):
        self.asked.append((model, prompt))
        if self.failing:
            raise self.failing
        return self.said

    def embed(self, model, texts):
        self.asked.append((model, tuple(texts)))
        if self.failing:
            raise self.failing
        return self.placed


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


def fake_models(clock, provider=None):
    """Return models whose provider, also at customers' endpoints, is a fake."""
    provider = provider or FakeProvider()
    return PricedModels(
        lambda: (TABLE, provider), lambda endpoint, client: provider, FakeHttpClient(), clock
    )
