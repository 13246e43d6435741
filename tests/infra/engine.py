"""
A stand-in for Pulumi's engine: a command of that name, which goes by the engine's rules on a graph that was taken down.

It knows which flags there are, whose targets wait for what is not targeted, what the first error leaves undone, and what
``--config`` saves, who holds the lock, and how SIGINT ends an ``up``: in order. What it knows it keeps in its folder, so each call goes on from where the one before ended. The rules are
those of pulumi/pulumi: `UrnTargets`, `validateSteps` and `doesStepDependOn` in ``pkg/resource/deploy``, and ``up.go``.
"""

import json
import os
import re
import signal
import stat
import sys
import time
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

FAILED = 255
FOREVER = -1


# --- what a test sees ------------------------------------------------------------------------------------------------


@dataclass
class Engine:
    """The command in its folder, what it is told and what it did."""

    folder: Path

    def install(self, monkeypatch: Any) -> "Engine":
        """Put the command first on the path."""
        command = self.folder / "bin" / "pulumi"
        command.parent.mkdir(parents=True)
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -I {__file__} {self.folder} "$@"\n')
        command.chmod(command.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
        self.tell(
            signed_in=True,
            backend="gs://state",
            stacks={},
            plans=[],
            failing={},
            slow={},
            outputs={},
            state={},
            log=[],
            lock=str(self.folder / "lock"),
        )
        return self

    def tell(self, **known: Any) -> None:
        """Have it know other things than before."""
        file = self.folder / "known.json"
        before = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(before | known))

    def known(self, name: str) -> Any:
        """Return what it knows by now."""
        return json.loads((self.folder / "known.json").read_text())[name]

    def stack(self, name: str, settings: Mapping[str, str]) -> None:
        """Have a stack of a name, with these settings beside those of its file."""
        self.tell(stacks=self.known("stacks") | {name: dict(settings)})

    def runs(
        self, graph: Iterable[Any], outputs: Mapping[str, tuple[str, str]], /, **when: str
    ) -> None:
        """
        Have the program ask for this graph, where the settings are these (``waooaw__api="…"``); the last that fits counts.

        Each output has its value as soon as there is something that is called so: ``{"api": ("https://…", "*::Gateway::*")}``.
        """
        taken = [
            {"urn": one.urn, "after": sorted(one.after), "looked_up": one.looked_up}
            | {"inputs": json.loads(json.dumps(one.inputs, default=str))}
            for one in graph
        ]
        plan = {"graph": taken, "outputs": dict(outputs)}
        plan["when"] = {name.replace("__", ":"): value for name, value in when.items()}
        self.tell(plans=[*self.known("plans"), plan])

    def fails(self, pattern: str, times: int = FOREVER) -> None:
        """Have whatever is called so (``*::Topic::tap``) fail so many times."""
        self.tell(failing=self.known("failing") | {pattern: times})

    def takes(self, pattern: str, seconds: float) -> None:
        """Have whatever is called so take so long."""
        self.tell(slow=self.known("slow") | {pattern: seconds})

    @property
    def holder(self) -> int | None:
        """The process that holds the lock on the state, alive or not."""
        lock = self.folder / "lock"
        return int(lock.read_text()) if lock.exists() else None

    @property
    def calls(self) -> list[list[str]]:
        """What was asked for, word by word."""
        return [one["asked"] for one in self.known("log")]

    @property
    def steps(self) -> list[list[list[str]]]:
        """What each ``up`` did, in its order: ``create``, ``update``, ``delete``, ``fail`` or ``skip``, and the urn."""
        return [one["steps"] for one in self.known("log") if "steps" in one]

    @property
    def made(self) -> list[str]:
        """The urns of what there is, in the order in which it was made."""
        return list(self.known("state"))

    @property
    def saved(self) -> list[list[str]]:
        """What was written into which file of settings."""
        return [pair for one in self.known("log") for pair in one.get("saved", ())]


# --- the command -----------------------------------------------------------------------------------------------------


class Refused(Exception):
    """What it says on its way out."""


@dataclass(frozen=True)
class Targets:
    """Which resources an ``up`` is for, as `UrnTargets` reads it."""

    given: Sequence[str]

    def __contains__(self, urn: str) -> bool:
        return not self.given or any(self._fits(one, urn) for one in self.given)

    @property
    def literal(self) -> list[str]:
        """Those that name one resource."""
        return [one for one in self.given if "*" not in one]

    def _fits(self, one: str, urn: str) -> bool:
        segments = ["[^:]*".join(re.escape(part) for part in s.split("*")) for s in one.split("**")]
        return re.fullmatch(".*".join(segments), urn) is not None if "*" in one else one == urn


class Update:
    """One ``up`` of a graph."""

    def __init__(self, known: dict[str, Any], given: Namespace) -> None:
        self._failing: dict[str, int] = known["failing"]
        self._slow: dict[str, float] = known["slow"]
        self._cancelled = False
        self._state: dict[str, Any] = known["state"]
        self._outputs: dict[str, str] = known["outputs"]
        self._steps: list[list[str]] = known["log"][-1].setdefault("steps", [])
        self._targets = Targets(given.target)
        self._goes_on: bool = given.continue_on_error
        self._untargeted: set[str] = set()
        self._undone: set[str] = set()

    def run(self, plan: Mapping[str, Any]) -> None:
        """
        Do what the graph asks for, one after another, and write down each step as it is done.

        Raises:
            Refused: Something failed; what was done before it stays done.
        """
        # What is under way ends, and nothing else begins; a second time it ends at once.
        signal.signal(signal.SIGINT, self._cancel)
        graph = _ordered(plan["graph"])
        for one in graph:
            if self._cancelled:
                raise Refused("error: update canceled")
            if one["looked_up"]:
                self._look_up(one)
            elif one["urn"] in self._targets:
                self._make(one)
            elif one["urn"] not in self._state:
                self._untargeted.add(one["urn"])
        for name, (value, pattern) in plan["outputs"].items():
            if any(fnmatchcase(urn, pattern) for urn in self._state):
                self._outputs[name] = value
        there = {one["urn"] for one in graph}
        for urn in self._targets.literal:
            if urn not in there | self._state.keys():
                raise Refused(f"error: Target '{urn}' could not be found in the stack.")
        if self._undone:
            raise Refused("error: update failed")
        for urn in [one for one in reversed(self._state) if one not in there]:
            if urn in self._targets:
                self._steps.append(["delete", urn])
                del self._state[urn]

    def _cancel(self, *_: object) -> None:
        self._cancelled = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def _look_up(self, one: Mapping[str, Any]) -> None:
        # What waits for something that is not there is not looked up, and nobody knows the answer.
        waits = not self._untargeted.union(self._undone).isdisjoint(one["after"])
        if not waits and self._fails(one["urn"]):
            raise Refused("error: Running program failed with an unhandled exception")

    def _make(self, one: Mapping[str, Any]) -> None:
        urn, after = one["urn"], set(one["after"])
        if missing := sorted(after & self._untargeted):
            raise Refused(
                f"error: Resource '{urn}' depends on '{missing[0]}' which was was not specified in --target list."
            )
        if after & self._undone:
            self._undone.add(urn)
            self._steps.append(["skip", urn])
        elif self._state.get(urn) == one["inputs"]:
            return
        elif self._fails(urn):
            self._undone.add(urn)
            self._steps.append(["fail", urn])
            if not self._goes_on:
                raise Refused(f"error: {urn} failed; update failed")
        else:
            time.sleep(sum(s for pattern, s in self._slow.items() if fnmatchcase(urn, pattern)))
            self._steps.append(["update" if urn in self._state else "create", urn])
            self._state[urn] = one["inputs"]

    def _fails(self, urn: str) -> bool:
        for pattern, times in self._failing.items():
            if times and fnmatchcase(urn, pattern):
                self._failing[pattern] = times - 1 if times > 0 else times
                return True
        return False


def _ordered(graph: Sequence[Any]) -> list[Any]:
    """
    Return a graph with everything after what it waits for, and otherwise as it was asked for.

    Raises:
        Refused: Two are called the same.
    """
    by_urn: dict[str, Any] = {}
    for one in graph:
        if one["urn"] in by_urn:
            raise Refused(
                f"error: Duplicate resource URN '{one['urn']}'; try giving it a unique name"
            )
        by_urn[one["urn"]] = one
    found: dict[str, Any] = {}

    def find(one: Any) -> None:
        for urn in one["after"]:
            if urn not in found:
                find(by_urn[urn])
        found.setdefault(one["urn"], one)

    for one in graph:
        find(one)
    return list(found.values())


class Parser(ArgumentParser):
    """Says what is wrong with a command line and goes on its way as Pulumi does."""

    def error(self, message: str) -> Any:
        """Refuse it."""
        raise Refused(f"error: {message}")


def _parser() -> Parser:
    everywhere = Parser(add_help=False, allow_abbrev=False)
    everywhere.add_argument("--cwd", "-C", type=Path, default=SUPPRESS)
    everywhere.add_argument("--non-interactive", action="store_true")
    everywhere.add_argument("--color", default=SUPPRESS)
    stack = Parser(add_help=False, allow_abbrev=False)
    stack.add_argument("--stack", "-s")
    stack.add_argument("--config-file", type=Path)
    stack.add_argument("--json", "-j", action="store_true")
    parser = Parser(prog="pulumi", allow_abbrev=False, parents=[everywhere])
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)

    def command(name: str, *parents: Parser) -> ArgumentParser:
        return commands.add_parser(name, parents=[everywhere, *parents], allow_abbrev=False)

    whoami = command("whoami")
    whoami.add_argument("--json", "-j", action="store_true")
    whoami.set_defaults(act=_whoami)
    command("config", stack).set_defaults(act=_config)
    output = command("stack", stack)
    output.add_argument("what", choices=("output",))
    output.add_argument("property", nargs="?")
    output.add_argument("--show-secrets", action="store_true")
    output.set_defaults(act=_output)
    up = command("up", stack)
    up.add_argument("--config", "-c", action="append", default=[])
    up.add_argument("--target", "-t", action="append", default=[])
    up.add_argument("--message", "-m")
    up.add_argument("--parallel", "-p", type=int)
    for flag in ("--yes", "-y"), ("--skip-preview", "-f"), ("--diff",), ("--refresh", "-r"):
        up.add_argument(*flag, action="store_true")
    for name in ("continue-on-error", "suppress-outputs", "suppress-progress", "show-full-output"):
        up.add_argument(f"--{name}", action="store_true")
    up.set_defaults(act=_up)
    cancel = command("cancel", stack)
    cancel.add_argument("--yes", "-y", action="store_true")
    cancel.set_defaults(act=_cancel)
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _whoami(known: dict[str, Any], given: Namespace) -> None:
    if not known["signed_in"]:
        raise Refused(
            "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"
        )
    user = {"user": "somebody", "url": known["backend"]}
    _say(json.dumps(user) if given.json else user["user"])


def _config(known: dict[str, Any], given: Namespace) -> None:
    _say(
        json.dumps(
            {name: {"value": v, "secret": False} for name, v in _settings(known, given).items()}
        )
    )


def _output(known: dict[str, Any], given: Namespace) -> None:
    _named(known, given)
    if given.property is None:
        _say(json.dumps(known["outputs"]))
    elif given.property not in known["outputs"]:
        raise Refused(f"error: current stack does not have output property '{given.property}'")
    else:
        value = known["outputs"][given.property]
        _say(json.dumps(value) if given.json else value)


def _cancel(known: dict[str, Any], given: Namespace) -> None:
    _named(known, given)
    if not given.yes:
        raise Refused("error: confirmation required: use --yes in non-interactive mode")
    Path(known["lock"]).unlink(missing_ok=True)


def _up(known: dict[str, Any], given: Namespace) -> None:
    if not given.yes and not given.skip_preview:
        raise Refused(
            "error: --yes or --skip-preview must be passed in to proceed when running in non-interactive mode"
        )
    settings = _settings(known, given)
    for pair in given.config:
        name, _, value = pair.partition("=")
        settings[name] = value
        known["log"][-1].setdefault("saved", []).append([str(_file(known, given)), name])
    fitting = [one for one in known["plans"] if one["when"].items() <= settings.items()]
    if not fitting:
        raise Refused(f"error: nobody said what the program asks for with {settings}")
    lock = Path(known["lock"])
    try:
        with lock.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        raise Refused("error: the stack is currently locked by 1 lock(s).") from None
    try:
        known["log"][-1]["settings"] = settings
        Update(known, given).run(fitting[-1])
    finally:
        lock.unlink()


def _named(known: dict[str, Any], given: Namespace) -> str:
    """Return the stack that is meant."""
    if given.stack not in known["stacks"]:
        raise Refused(f"error: no stack named '{given.stack}' found")
    return str(given.stack)


def _file(known: dict[str, Any], given: Namespace) -> Path:
    name = f"Pulumi.{_named(known, given)}.yaml"
    return Path(given.config_file or Path(getattr(given, "cwd", ".")) / name)


def _settings(known: dict[str, Any], given: Namespace) -> dict[str, str]:
    """Return what a stack says: what a test says of it, or what is in the file that is named."""
    import yaml

    name = _named(known, given)
    if given.config_file is None:
        return dict(known["stacks"][name])
    if not given.config_file.is_file():
        raise Refused(f"error: open {given.config_file}: no such file or directory")
    said = yaml.safe_load(given.config_file.read_text())["config"]
    return {name: v if isinstance(v, str) else json.dumps(v) for name, v in said.items()}


def main(folder: Path, asked: Sequence[str]) -> int:
    """Do what is asked, and keep what came of it."""
    file = folder / "known.json"
    known = json.loads(file.read_text())
    known["log"].append({"asked": list(asked)})
    try:
        given = _parser().parse_args(asked)
        given.act(known, given)
    except Refused as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    finally:
        file.write_text(json.dumps(known))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
