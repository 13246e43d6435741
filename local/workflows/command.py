"""Execute or check sources from the command line, without a server and without a network of ours."""

import json
import logging
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from local.clock import Clock
from local.workflows.errors import LoadError, Problem
from local.workflows.http import Home
from local.workflows.loader import load
from local.workflows.records import ACTIVE, SUCCEEDED
from local.workflows.runtime import Runtime, argument_size
from local.workflows.values import ARGUMENT_LIMIT
from shared.edge import workflow_source

_NOWHERE = "http://127.0.0.1:8080"
# How often it is looked whether an execution can still go on.
_PATIENCE_S = 1.0


def run(file: Path, data: str, trace: bool) -> int:
    """
    Execute a source on a folder of its own, and print its result as JSON.

    Returns 0; 1 when the execution failed, after printing `{"error": …}`; 2 when there was nothing
    to execute. With *trace* the steps it took are listed on the standard error.
    """
    try:
        argument = json.loads(data)
    except ValueError:
        print("--data must be a JSON text", file=sys.stderr)
        return 2
    if argument_size(argument) > ARGUMENT_LIMIT:
        print("--data is larger than 32 KB", file=sys.stderr)
        return 2
    source = _source(file)
    if source is None:
        return 2
    try:
        _said(source, load(source, str(file)).warnings, sys.stderr)
    except LoadError as error:
        return _refused(source, error)
    logging.getLogger("workflows").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        runtime = Runtime(Path(folder), clock=Clock(), home=Home(_NOWHERE), env={"API": _NOWHERE})
        runtime.start()
        try:
            runtime.deploy(file.stem, source)
            execution = runtime.execute(file.stem, argument)
            found = runtime.wait(execution, _PATIENCE_S)
            while found["state"] == ACTIVE:
                found = runtime.wait(execution, _PATIENCE_S)
            if trace:
                _trace(runtime, found["name"])
        finally:
            runtime.stop()
    if found["state"] == SUCCEEDED:
        print(found["result"])
        return 0
    error_map = found.get("error") or {"context": found["state"]}
    print(json.dumps({"error": error_map}, ensure_ascii=False))
    return 1


def check(files: list[Path]) -> int:
    """Print the problems and warnings of sources; return 2 if one of them cannot be executed."""
    worst = 0
    for file in files:
        source = _source(file)
        if source is None:
            worst = 2
            continue
        try:
            _said(source, load(source, str(file)).warnings, sys.stdout)
        except LoadError as error:
            worst = _refused(source, error)
    return worst


def _source(file: Path) -> str | None:
    try:
        if file.is_file() and file.resolve().parent == workflow_source.FOLDER:
            # A workflow of this repository is deployed with the subworkflows it shares with others.
            return workflow_source.assembled(file.stem)
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"{file} cannot be read: {error}", file=sys.stderr)
    except workflow_source.BadCall as error:
        print(f"{file} cannot be assembled: {error}", file=sys.stderr)
    return None


def _refused(source: str, error: LoadError) -> int:
    _said(source, error.problems, sys.stderr)
    return 2


def _said(source: str, problems: Iterable[Problem], to: TextIO) -> None:
    lines = source.splitlines()
    for problem in problems:
        print(problem, file=to)
        # The line is one of the assembled text, which nobody has in front of them.
        if problem.position.line <= len(lines):
            print(f"    {lines[problem.position.line - 1].strip()}", file=to)


def _trace(runtime: Runtime, name: str) -> None:
    """List the steps an execution took."""
    parts = name.split("/")
    for entry in runtime.views.all_steps(parts[7], parts[5]):
        which = entry["stepEntryMetadata"].get("progressNumber", "")
        where = f"{entry['routine']}.{entry['step']}" + (f" {which}" if which else "")
        print(
            f"{entry['entryId']:>5}  {where:40} {entry['state'].removeprefix('STATE_')}",
            file=sys.stderr,
        )
