"""What a command prints can be pasted, what ends it is a sentence, and nothing is removed that it did not make."""

import ast
import errno
import fcntl
import inspect
import io
import os
import re
import shlex
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from local import __main__ as command_line
from local import backup, emulators, hints, made
from local.__main__ import main
from local.accounts import SignIn
from local.failures import Failure, sentence
from local.lines import wrapped
from local.workflows.errors import LockedError
from shared.edge import settings
from shared.edge.settings import Settings
from shared.errors import StoreUnavailable
from tests.conftest import pytest_terminal_summary
from tests.emulators import free_port

LOCAL = Path(__file__).parents[2] / "local"


@pytest.fixture
def taken():
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def demo(data, port):
    return main(["demo", "--data", str(data), "--port", str(port)])


# --- what is printed -----------------------------------------------------------------------------


def test_a_printed_command_has_the_settings_in_force():
    assert hints.make("run", DATA=".data", PORT=8080) == "make run"
    assert hints.make("run", DATA="my data", PORT=9) == "make run DATA='my data' PORT=9"
    token = hints.local("token governor", DATA="x", PORT=8080, PROJECT="p")
    assert token == "DATA=x PROJECT=p .venv/bin/python -m local token governor"


def test_commands_are_printed_by_one_function_alone():
    """Whoever writes one out forgets the settings, but for a docstring, or a script that sets them itself."""
    literal = re.compile(r"\.venv/bin/python|\bmake (run|demo|clean)\b|python -m local |\brm -r")
    trees = {
        file.name: ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(LOCAL.rglob("*.py"))
    }
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees.items()
        for node in _written_out(tree)
        if name != "hints.py" and literal.search(node.value) and "DATA=" not in node.value
    ]
    found += [
        page.name
        for page in sorted((LOCAL / "templates").glob("*.html"))
        if literal.search(page.read_text(encoding="utf-8"))
    ]
    assert found == []


def _written_out(tree):
    """Return the texts of a file that are no docstrings."""
    documented = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in documented
    ]


def test_a_setting_that_is_empty_is_none():
    empty = dict.fromkeys(("DATA", "PORT", "PROJECT", "STORE", "BUS"), "")
    assert Settings(empty).data == Path(".data")
    assert Settings(empty).served == "http://127.0.0.1:8080"
    assert (Settings(empty).store, Settings(empty).bus) == ("sqlite", "local")


def test_an_emulated_sign_in_is_of_a_project_of_its_own():
    """Firebase's tools take a project whose name begins so for none in the cloud."""
    parsed = command_line._parser().parse_args(["serve", "--auth", "firebase"])
    assert command_line._settings(parsed)["PROJECT"] == "demo-local"
    named = command_line._parser().parse_args(["serve", "--auth=firebase", "--project=demo-mine"])
    assert command_line._settings(named)["PROJECT"] == "demo-mine"
    assert command_line._settings(command_line._parser().parse_args(["serve"]))["AUTH"] == "local"


# --- what is removed -----------------------------------------------------------------------------


def test_the_demo_removes_nothing_before_it_finds_the_port_taken(tmp_path, taken, capsys):
    old = tmp_path / "demo"
    made.clear(old)
    (old / "store.db").write_text("the story before")
    assert demo(tmp_path, taken) == 1
    assert (old / "store.db").read_text() == "the story before"
    assert f"make demo DATA={tmp_path} PORT={taken + 1}" in capsys.readouterr().err


def test_a_story_that_was_served_since_is_kept_and_both_ways_on_are_told(
    tmp_path, capsys, monkeypatch
):
    data = tmp_path / "my data"
    made.clear(data / "demo")
    (data / "demo" / "store.db").write_text("the story before, and more")
    made.keep(data / "demo")
    port = free_port()
    assert demo(data, port) == 1
    assert (data / "demo" / "store.db").exists()
    said = capsys.readouterr().err
    assert said.startswith(f"{data}/demo was served since it was made")
    forget, elsewhere = re.findall("`(.*?)`", said)
    assert elsewhere == f"make demo DATA='{data}-2' PORT={port}"
    assert subprocess.run(shlex.split(forget), check=True).returncode == 0
    monkeypatch.setattr("local.demo._told", lambda *_, **__: 0)
    assert demo(data, port) == 0


@pytest.mark.parametrize("name", ["store.db", "letter.txt"])
def test_the_demo_leaves_a_folder_alone_that_it_did_not_make(tmp_path, capsys, name):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / name).write_text("mine")
    assert demo(tmp_path, free_port()) == 1
    assert (tmp_path / "demo" / name).read_text() == "mine"
    assert "is left as it is" in capsys.readouterr().err


def test_the_demo_leaves_a_folder_alone_that_somebody_serves(tmp_path, capsys):
    made.clear(tmp_path / "demo")
    (tmp_path / "demo" / "store.db").write_text("the story before")
    with (tmp_path / "demo" / made.LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert demo(tmp_path, free_port()) == 1
    assert (tmp_path / "demo" / "store.db").exists()
    said = capsys.readouterr().err
    assert "stop it first" in said
    assert "rm -r" not in said


def test_a_folder_is_cleared_but_for_what_links_lead_to(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    folder = tmp_path / "made"
    made.clear(folder)
    (folder / "link").symlink_to(tmp_path / "mine")
    (folder / "inner").mkdir()
    made.clear(folder)
    assert [entry.name for entry in folder.iterdir()] == [made.MARK]
    made.remove(folder)
    assert (tmp_path / "mine" / "letter.txt").exists()
    assert not folder.exists()


def test_a_folder_that_holds_more_by_now_is_not_ours_any_more(tmp_path):
    folder = tmp_path / "made"
    made.clear(folder)
    (folder / "store.db").write_text("served since")
    made.keep(folder)
    with pytest.raises(made.NotOurs):
        made.clear(folder)
    with pytest.raises(made.NotOurs):
        made.remove(folder)


# --- what ends a command -------------------------------------------------------------------------


@pytest.mark.parametrize("port", ["abc", "80000", "0", "-1", "8_0", "²", "9" * 5000])
@pytest.mark.parametrize("command", [["demo"], ["serve"], ["token", "viewer"]])
def test_a_port_that_is_none_is_said(monkeypatch, capsys, command, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    assert "PORT is a number from 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REACHABLE", "10.0.0.1:80", "REACHABLE names hosts of this machine"),
        ("MODELS", '{"model": "m"}', "MODELS is JSON of classes, models and prices"),
        ("MODELS", "m", "MODELS is JSON of classes, models and prices"),
        ("EASED", "often", "EASED is a whole number from 1 on"),
    ],
)
def test_a_setting_of_what_is_outside_that_says_nothing_is_said(
    tmp_path, monkeypatch, capsys, name, value, said
):
    monkeypatch.setenv(name, value)
    assert main(["serve", "--data", str(tmp_path), "--port", str(free_port())]) != 0
    assert said in capsys.readouterr().err


def test_each_setting_is_said_in_the_environment_or_somewhere_else():
    """A setting that nothing here passes on would be read, documented and deaf."""
    read = set(
        re.findall(r'environ(?:\.get\(|\[)\s*["\']([A-Z_]+)["\']', inspect.getsource(settings))
    )
    options = {"DATA", "PORT", "ORIGINS", "STORE", "BUS", "PROJECT"}
    of_the_cloud = {
        *("ACCOUNT", "API", "CONTROLLERS", "ENVIRONMENT", "FUNCTION", "FUNCTION_ADDRESS", "HOPS"),
        *("LOCATION", "PEOPLE_KEYS", "RELEASES", "SERVICE_KEYS", "TELEMETRY", "UPLOADS"),
        *("WORKFLOW_EXECUTIONS", "WRITER_KEY"),
    }
    assert read == {*settings.SAID_HERE} | options | of_the_cloud


def test_a_file_in_place_of_the_data_folder_is_said(tmp_path, capsys):
    file = tmp_path / "data"
    file.write_text("mine")
    assert demo(file, free_port()) == 1
    assert main(["serve", "--data", str(file), "--port", str(free_port())]) == 1
    said = capsys.readouterr().err
    assert said.count("this is a file, and a folder is needed") == 2
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space", "/data/x"), "/data/x: the disk is full"),
        (OSError(errno.EROFS, "Read-only", "/data"), "/data: this may only be read"),
        (PermissionError(errno.EACCES, "Denied", "/data"), "you may not write"),
        (OSError(errno.EADDRINUSE, "in use"), "another program listens"),
        (LockedError("another process runs"), "another process runs."),
        (StoreUnavailable("the disk is full", retry_after_s=5), "full. make room"),
        (Failure("it cannot go on"), "it cannot go on."),
    ],
)
def test_what_a_person_can_do_something_about_is_a_sentence(monkeypatch, capsys, error, said):
    def fail(_):
        raise error

    monkeypatch.setitem(command_line._COMMANDS, "verify", fail)
    assert main(["verify"]) == 1
    shown = capsys.readouterr().err
    assert said.casefold() in shown.casefold()
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ["demo", "--data=x"],
            "nothing runs any more, and `make demo DATA=x` begins the story anew",
        ),
        (["backup", "there"], "nothing is left at there"),
        (["verify"], "nothing was changed"),
    ],
)
def test_an_interrupted_command_says_what_it_left(monkeypatch, capsys, command, said):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setitem(command_line._COMMANDS, command[0], interrupted)
    assert main(command) == 130
    assert capsys.readouterr().err == f"Interrupted; {said}.\n"


def test_a_command_that_is_interrupted_before_it_is_read_says_so(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_parser", interrupted)
    assert main(["serve"]) == 130
    assert capsys.readouterr().err == "Interrupted; nothing was changed.\n"


def test_an_interrupted_backup_leaves_nothing(monkeypatch, tmp_path):
    def interrupted(_, to):
        (to / "keys").mkdir(parents=True)
        raise KeyboardInterrupt

    (tmp_path / "store.db").write_text("")
    monkeypatch.setattr(backup, "backup", interrupted)
    assert main(["backup", "--data", str(tmp_path), str(tmp_path / "copy")]) == 130
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("data", ["/proc/x", "/proc", "/dev/null/x", "x" * 300])
def test_a_data_folder_that_cannot_be_is_said(capsys, data):
    for command in ("demo", "serve"):
        assert main([command, "--data", data, "--port", str(free_port())]) == 1
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert "choose another" in said
        assert "DATA=…" in said


@pytest.mark.parametrize("command", [["token", "governor"], ["link"], ["verify"], ["backup", "to"]])
def test_what_only_looks_makes_nothing_and_says_what_is_missing(tmp_path, capsys, command):
    data = tmp_path / "nobody's"
    assert main([*command, "--data", str(data)]) > 0
    shown = capsys.readouterr()
    said = shown.out + shown.err
    assert str(data) in said
    assert not data.exists()
    if command[0] in {"token", "link"}:
        assert f"`{hints.make('run', DATA=data)}` starts one" in said


def test_a_defect_is_shown_whole(monkeypatch):
    def wrong(_):
        raise ZeroDivisionError

    monkeypatch.setitem(command_line._COMMANDS, "demo", wrong)
    assert sentence(ZeroDivisionError()) is None
    with pytest.raises(ZeroDivisionError):
        main(["demo"])


def test_a_terminal_of_few_letters_ends_nothing(monkeypatch, tmp_path):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["verify", "--data", str(tmp_path / "größer")]) == 2
    assert b"There is no store in" in terminal.buffer.getvalue()


def test_a_token_is_good_at_every_port(tmp_path, monkeypatch, capsys):
    import jwt

    monkeypatch.setattr(os, "environ", {"PATH": os.environ["PATH"]})
    SignIn(Settings({"DATA": str(tmp_path)})).publish()
    for more in ([], ["--port", "18455"]):
        assert main(["token", "genesis", "--data", str(tmp_path), *more]) == 0
        assert Settings({"PORT": "18456"}).addressed(audience(jwt, capsys))


def audience(jwt, capsys):
    return jwt.decode(capsys.readouterr().out.strip(), options={"verify_signature": False})["aud"]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_lines_are_broken_between_words(width):
    text = "job role JOB-HC-001 “Healthcare Content Writer” certified by Genesis, 9 checks passed"
    lines = wrapped(text, width, begin="  29 Nov 07:49:05  ").splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()) == f"29 Nov 07:49:05 {text}"
    assert all(line.startswith("    ") for line in lines[1:])


# --- what the tests say of themselves --------------------------------------------------------------


def test_what_was_left_out_is_told():
    told = []
    config = SimpleNamespace(option=SimpleNamespace(markexpr="not emulator", keyword=""))
    reporter = SimpleNamespace(stats={"deselected": [1] * 147}, write_line=told.append)
    pytest_terminal_summary(reporter, config)
    assert told[0].startswith("147 tests were left out: `make emulators` runs those")
    reporter.stats.clear()
    pytest_terminal_summary(reporter, config)
    assert len(told) == 1


def test_what_the_emulators_need_is_looked_for_before_anything_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    others = (emulators.FIRESTORE.variable, emulators.PUBSUB.variable)
    for variable in others:
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(emulators.Missing, match="there is no java here"):
        emulators.there()
    for variable in others:
        monkeypatch.setenv(variable, "127.0.0.1:1")
    with pytest.raises(emulators.Missing, match="there is no node here"):
        emulators.there()
    gate = (LOCAL.parent / "Makefile").read_text()
    assert re.search(r"^ci: begin ", gate, re.MULTILINE)
    assert "begin: .venv/dev\n\t@$(BIN)/python -m local.emulators\n" in gate
