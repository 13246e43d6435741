"""A provider, a host of a customer's, pauses that take no time, and a clock that moves when it is told."""

import ssl

import pytest

from shared.edge.outbound import GuardedHttpClient
from shared.edge.pinned import Wire
from tests.edge.provider import providing
from tests.edge.strangers import PUBLIC, Web, certify, providing_tls


@pytest.fixture
def provider():
    with providing() as server:
        yield server


@pytest.fixture
def pauses():
    return []


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    return certify(folder, "hooks.example.com", "api.example.com")


@pytest.fixture
def host(certificates):
    with providing_tls(certificates[1]) as server:
        yield server


@pytest.fixture
def web(host):
    web = Web(host.server_port)
    web.names = {"hooks.example.com": [PUBLIC], "api.example.com": ["2600::1"]}
    return web


@pytest.fixture
def client(web, certificates, pauses):
    def tls():
        return ssl.create_default_context(cafile=str(certificates[0]))

    return GuardedHttpClient(wire=lambda: Wire(web.resolve, web.dial, tls), sleep=pauses.append)


@pytest.fixture
def here(provider, pauses):
    """A client that may reach one host of this machine."""
    return GuardedHttpClient([f"127.0.0.1:{provider.server_port}"], sleep=pauses.append)
