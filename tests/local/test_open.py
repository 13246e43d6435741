"""What one machine serves besides the API: what of it is open to whoever reaches the port, and that nothing else is."""

import re

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from shared.edge.catalog import operations

pytestmark = pytest.mark.slow

OPEN = {
    "/": "leads to the description",
    "/docs": "describes the API",
    "/openapi.json": "describes the API",
    "/console": "shows how executions go, and by whom, and nobody's words",
    "/local/releases/<release_id>/health": "says of a release whether it is well, as a release does",
    "/static": "there are no such files",
}
"""The addresses that ask nobody who they are, with all that is below them, and why."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    platform = Platform(tmp_path_factory.mktemp("data"), port=free_port())
    platform.sign_in.publish()
    platform.runtime.start()
    yield platform._app()
    platform.runtime.stop()
    platform.documents.close()


@pytest.fixture(scope="module")
def rules(app):
    """Return the rules that are no operation's: those have a contract of their own."""
    paths = {re.sub(r"{(\w+)}", r"<\1>", op.path) for op in operations()}
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule not in paths and not rule.rule.startswith("/functions/")
    ]


def test_whoever_merely_reaches_the_port_is_let_in_nowhere_else(app, rules):
    client, let_in = app.test_client(), set()
    for rule in rules:
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = client.open(path, method=method, json=None if method == "GET" else {})
            assert not re.search(r"eyJ[\w-]+\.eyJ", answer.text), (
                f"{method} {rule.rule} hands out a token"
            )
            if answer.status_code not in {401, 403, 410}:
                let_in.add(rule.rule)
    told = {next((name for name in OPEN if below(name, rule)), rule) for rule in let_in}
    assert told == OPEN.keys(), "say in OPEN which addresses ask nobody who they are, and why"


def below(name, rule):
    return rule == name or (name != "/" and rule.startswith(f"{name}/"))
