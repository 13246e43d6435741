"""How a deployed process gets its access token, from a metadata server over a real socket."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shared.edge.google_token import EARLY_S, WITHIN_S, AccessToken
from shared.errors import ProviderDown
from tests.edge.provider import Reply

FLAVOR = {"Metadata-Flavor": "Google"}


def token(name="t1", seconds=3600):
    return Reply(200, {"access_token": name, "expires_in": seconds, "token_type": "Bearer"}, FLAVOR)


@pytest.fixture
def environ(provider):
    return {"K_SERVICE": "agents-get-agent", "GCE_METADATA_HOST": provider.address[7:]}


@pytest.fixture
def access(environ, clock, pauses):
    return AccessToken(environ, clock, pauses.append)


def test_it_is_asked_for_as_google_documents_it(provider, access):
    provider.replies = [token()]

    assert access() == "t1"
    (seen,) = provider.seen
    assert seen.method == "GET"
    assert seen.path == "/computeMetadata/v1/instance/service-accounts/default/token"
    assert seen.headers["Metadata-Flavor"] == "Google"


def test_it_is_kept_until_shortly_before_its_end(provider, access, clock):
    provider.replies = [token("first"), token("second")]

    assert access() == "first"
    clock.now += 3600 - EARLY_S - 1
    assert access() == "first"
    clock.now += 1
    assert access() == "second"
    assert len(provider.seen) == 2


def test_all_attempts_share_one_time_limit(provider, environ, clock):
    def sleep(_):
        clock.now += WITHIN_S / 2

    provider.replies = [Reply(503)]
    with pytest.raises(ProviderDown):
        AccessToken(environ, clock, sleep)()
    assert len(provider.seen) == 2


def test_many_at_once_ask_once(provider, access):
    provider.replies = [token()]
    barrier = threading.Barrier(8)
    given = []

    def ask():
        barrier.wait()
        given.append(access())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == ["t1"] * 8
    assert len(provider.seen) == 1


def test_one_that_was_refused_is_replaced_once_for_all(provider, access):
    provider.replies = [token("first"), token("second")]

    first = access()
    assert [access.instead_of(first) for _ in range(3)] == ["second"] * 3
    assert len(provider.seen) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, {}, FLAVOR),
        Reply(404, {}, FLAVOR),
        Reply(200, b"<html>", FLAVOR),
        Reply(200, [], FLAVOR),
        Reply(200, {"expires_in": 1}, FLAVOR),
        Reply(200, {"access_token": "t", "expires_in": "soon"}, FLAVOR),
        Reply(200, {"access_token": "of a stranger", "expires_in": 3600}),
        Reply(cut=True),
    ],
)
def test_without_a_good_answer_there_is_no_token(provider, access, pauses, reply):
    provider.replies = [reply]

    with pytest.raises(ProviderDown, match=r"the metadata server gives no token .*; try again"):
        access()
    assert len(provider.seen) == 4
    assert len(pauses) == 3


def test_a_server_that_is_busy_starting_is_asked_again(provider, access):
    provider.replies = [Reply(503), token()]

    assert access() == "t1"


def test_who_has_credentials_of_their_own_uses_them(environ, monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    named = environ | {"GOOGLE_APPLICATION_CREDENTIALS": "x"}

    with pytest.raises(
        ProviderDown, match=r"no Google credentials .*DefaultCredentialsError.*; run"
    ):
        AccessToken(named)()


def test_a_deployed_process_loads_no_google_auth(provider, environ):
    provider.replies = [token()]
    program = (
        "import sys; from shared.edge.google_token import google_token; print(google_token(),"
        " [name for name in sys.modules if name.startswith(('google.auth', 'cryptography', 'urllib3'))])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert said.stdout.strip() == "t1 []"
