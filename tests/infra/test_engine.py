"""The stand-in for Pulumi's engine goes by the engine's rules, or what is tested with it says nothing."""

import signal
import subprocess
import time

import pytest

from infra.graph import Resource
from tests.infra.engine import Engine

SETTINGS = {"gcp:project": "p"}


def urn(name):
    return f"urn:pulumi:dev::waooaw::gcp:pubsub/topic:Topic::{name}"


def resource(name, *after, **inputs):
    return Resource("pubsub.Topic", name, inputs, urn(name), frozenset(map(urn, after)))


# What is asked for first waits for what is asked for last.
GRAPH = [
    resource("roof", "walls"),
    resource("walls", "ground"),
    resource("ground"),
    resource("tree"),
]


@pytest.fixture
def engine(tmp_path, monkeypatch):
    found = Engine(tmp_path).install(monkeypatch)
    found.stack("dev", SETTINGS)
    found.runs(GRAPH, {"address": ("https://house", "*::roof")})
    return found


def pulumi(*asked):
    return subprocess.run(["pulumi", *asked], capture_output=True, text=True, check=False)


def up(*more):
    return pulumi("up", "--stack", "dev", "--yes", "--skip-preview", *more)


def names(urns):
    return [one.rpartition("::")[2] for one in urns]


def test_everything_is_made_after_what_it_waits_for_and_once(engine):
    assert not up().returncode
    assert names(engine.made) == ["ground", "walls", "roof", "tree"]
    assert not up().returncode
    assert engine.steps[1] == []


def test_what_is_targeted_may_wait_for_nothing_that_is_not(engine):
    refused = up("--target", urn("walls"))
    assert refused.returncode == 255
    assert (
        f"Resource '{urn('walls')}' depends on '{urn('ground')}' which was was not specified in --target list."
        in refused.stderr
    )
    assert engine.made == []
    assert not up("--target", urn("ground"), "--target", urn("walls")).returncode
    assert not up("--target", urn("roof")).returncode, "what is there already need not be targeted"
    assert names(engine.made) == ["ground", "walls", "roof"]


@pytest.mark.parametrize(
    ("glob", "caught"),
    [
        ("**::gcp:pubsub/topic:Topic::*", ["ground", "walls", "roof", "tree"]),
        ("**::ground", ["ground"]),
        ("urn:pulumi:*::waooaw::gcp:pubsub/topic:Topic::tr*", ["tree"]),
        # One star passes no colon.
        ("urn:*::tree", []),
    ],
)
def test_a_target_is_a_glob_as_the_engine_reads_it(engine, glob, caught):
    assert not up("--target", glob).returncode
    assert names(engine.made) == caught


def test_a_target_by_name_must_exist(engine):
    refused = up("--target", urn("cellar"))
    assert f"Target '{urn('cellar')}' could not be found in the stack." in refused.stderr


def test_the_first_error_stops_everything_that_was_not_begun(engine):
    engine.fails("*::walls", times=1)
    assert up().returncode == 255
    assert names(engine.made) == ["ground"]
    assert not up().returncode, "and what was done stays done"
    assert names(engine.made) == ["ground", "walls", "roof", "tree"]


def test_going_on_after_an_error_leaves_out_what_waits_for_it(engine):
    engine.fails("*::walls")
    assert up("--continue-on-error").returncode == 255
    assert [(what, *names([it])) for what, it in engine.steps[0]] == [
        ("create", "ground"),
        ("fail", "walls"),
        ("skip", "roof"),
        ("create", "tree"),
    ]


def test_what_changes_is_updated_and_what_is_gone_is_deleted(engine):
    up()
    engine.runs([resource("ground", depth="2m")], {})
    up()
    assert [(what, *names([it])) for what, it in engine.steps[1]] == [
        ("update", "ground"),
        *(("delete", one) for one in ("tree", "roof", "walls")),
    ]


def test_an_output_has_its_value_as_soon_as_what_it_is_of_is_there(engine):
    up("--target", urn("ground"))
    assert pulumi("stack", "output", "address", "--stack", "dev").returncode == 255
    up()
    assert pulumi("stack", "output", "address", "--stack", "dev").stdout == "https://house\n"


def test_a_setting_on_the_command_line_is_saved_and_one_in_a_file_of_its_own_is_not(
    engine, tmp_path
):
    up("--config", "waooaw:image=i")
    assert engine.saved == [["Pulumi.dev.yaml", "waooaw:image"]]
    file = tmp_path / "copy.yaml"
    file.write_text("config:\n  gcp:project: p\n  waooaw:image: j\n")
    engine.runs([resource("ground", image="j")], {}, waooaw__image="j")
    up("--config-file", str(file))
    assert len(engine.saved) == 1
    assert names(engine.made) == ["ground"]


def test_two_resources_of_one_name_are_refused(engine):
    engine.runs([*GRAPH, resource("tree")], {})
    assert f"Duplicate resource URN '{urn('tree')}'" in up().stderr


def test_what_waits_for_something_that_is_not_there_is_not_looked_up(engine):
    asks = Resource("pubsub.getTopic", "0", {}, urn("asks"), frozenset({urn("ground")}))
    engine.runs([*GRAPH, asks], {})
    engine.fails("*::asks")
    assert not up("--target", urn("tree")).returncode
    assert "Running program failed" in up().stderr


def begun(engine):
    """Begin an ``up`` of which the first takes a second, and return it once it holds the lock."""
    engine.takes("*::ground", 1)
    found = subprocess.Popen(["pulumi", "up", "--stack", "dev", "--yes"], stderr=subprocess.PIPE)
    until = time.monotonic() + 10
    while engine.holder != found.pid and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)
    return found


def test_the_state_is_locked_while_it_is_changed(engine):
    one = begun(engine)
    refused = up()
    assert refused.returncode == 255
    assert "the stack is currently locked" in refused.stderr
    one.communicate()
    assert engine.holder is None
    assert not up().returncode


def test_what_is_told_to_end_ends_what_it_has_begun_saves_it_and_unlocks(engine):
    one = begun(engine)
    one.send_signal(signal.SIGINT)
    assert b"update canceled" in one.communicate()[1]
    assert names(engine.made) == ["ground"]
    assert engine.holder is None


@pytest.mark.parametrize("signals", [[signal.SIGKILL], [signal.SIGINT, signal.SIGINT]])
def test_what_is_killed_saves_nothing_and_leaves_its_lock_until_it_is_cancelled(engine, signals):
    one = begun(engine)
    for number in signals:
        one.send_signal(number)
        time.sleep(0.1)
    one.communicate()
    assert engine.made == []
    assert up().returncode == 255
    assert pulumi("cancel", "--stack", "dev").returncode == 255, "it asks for a yes"
    assert not pulumi("cancel", "--stack", "dev", "--yes").returncode
    assert not up().returncode


@pytest.mark.parametrize("asked", [["up", "--stack", "dev"], ["up", "--parallell", "3"], ["raise"]])
def test_what_pulumi_does_not_know_is_refused(engine, asked):
    assert pulumi(*asked).returncode == 255
    assert engine.calls[-1] == asked
