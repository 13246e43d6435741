"""Every query that the code asks, taken down where it is asked, and every place in the code that asks one."""

import ast
import json
import os
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from itertools import combinations
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import pytest

from infra.indexes import Shape
from infra.stack import ROOT
from shared.actors import PLATFORM, Role
from shared.edge.calling import given
from shared.edge.catalog import operations
from shared.edge.sqlite import SqliteDocuments
from shared.errors import Refusal
from shared.streams import Place
from tests.conftest import NOON

ASKED_OF = {"txn", "loosely", "documents", "_documents", "platform", "each_tenant", "reads"}
"""What queries are asked of, as the code calls it."""

NOT_QUERIES = {
    *("_Described", "admission", "before", "decision", "found", "left", "losing", "named", "names"),
    *("sending", "source", "using", "value"),
}
"""What else has a `find` or a `count`."""

BENEATH = {
    ROOT / "shared" / name
    for name in (
        *("queries.py", "store.py"),
        *("edge/firestore.py", "edge/meter.py", "edge/sides.py", "edge/sqlite.py"),
    )
}
"""What hands a query on and asks none itself."""


TOGETHER = 3
"""A list with no more filters has an index for each way to choose some of them: an index is paid for by every write."""

SUITES = (
    "tests/agents/test_stopping.py",
    "tests/agents/test_undo_release.py",
    "tests/approvals/test_load.py",
    "tests/approvals/test_operations.py",
    "tests/identity/test_roles.py",
    "tests/kernel/test_delivery.py",
    "tests/mobile/test_deciding.py",
    "tests/policy/test_attestations.py",
    "tests/precedents/test_operations.py",
)
"""The tests that ask what a calm day does not: a veto sent twice, a queue that is full, a third objection."""


@contextmanager
def taken_down():
    """Yield what is asked meanwhile: each shape, with the places that asked for it."""
    asked = defaultdict(set)

    def taking(method):
        def take(self, tenant, query):
            place = _place(sys._getframe(1))
            if place:
                asked[Shape.of(tenant, query)].add(place)
            return method(self, tenant, query)

        return take

    with pytest.MonkeyPatch.context() as patch:
        for name in ("find", "count"):
            patch.setattr(SqliteDocuments, name, taking(getattr(SqliteDocuments, name)))
        yield asked


def _place(frame):
    while frame:
        file = Path(frame.f_code.co_filename)
        if file not in BENEATH and file.is_relative_to(ROOT):
            within = file.relative_to(ROOT)
            # What one machine asks for itself, and what tests ask, is not deployed.
            return (
                (str(within), frame.f_lineno)
                if within.parts[0] in {"functions", "shared"}
                else None
            )
        frame = frame.f_back
    return None


def asked_by_suites(folder):
    """Run the suites in a process of their own, and return what they ask."""
    file = folder / "asked.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.infra.recording", *SUITES]
    done = subprocess.run(
        [*command, "-m", "not emulator"],
        env={**os.environ, "RECORD": str(file)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return {
        Shape(
            collection, everywhere, frozenset(equal), tuple(map(tuple, order)), frozenset(items)
        ): set(map(tuple, places))
        for collection, everywhere, equal, order, items, places in json.loads(file.read_text())
    }


def places():
    """Return every place that asks a query: its file, and its first and last line."""
    found, unknown = [], []
    for folder in ("functions", "shared"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if file in BENEATH:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Attribute(
                            attr="find" | "page" | "first" | "all" | "count", value=value
                        )
                    ):
                        named = value.func if isinstance(value, ast.Call) else value
                        name = (
                            named.id if isinstance(named, ast.Name) else getattr(named, "attr", "")
                        )
                        where = (str(file.relative_to(ROOT)), node.lineno, node.end_lineno)
                        if name in ASKED_OF:
                            found.append(where)
                        elif name not in NOT_QUERIES:
                            unknown.append(where)
    return found, unknown


def ask_every_list(call_as, ports):
    """
    Ask every list with each of its filters by itself, and with up to three of them in every way.

    Firestore merges the indexes of filters that are asked together. The embedded store has one for them all, or takes
    the largest that is a part of it.
    """
    for op in operations():
        if op.mutates:
            continue
        path = dict.fromkeys(op.in_path, "00000000-0000-4000-8000-000000000001")
        # Whoever was told nothing yet asks nothing of a stream but its summary.
        for last in (None, str(Place(NOON))) if op.tells else (None,):
            path |= dict.fromkeys(op.in_headers, last)
            for body in _bodies(op.in_query):
                with suppress(Refusal):
                    op.function(call_as(*Role), **path, **body, **given(op, ports, PLATFORM))


def _bodies(in_body):
    if not in_body:
        return [{}]
    ((name, model),) = in_body.items()
    filters = [n for n in model.model_fields if n not in {"limit", "cursor"}]
    together = len(filters) if len(filters) <= TOGETHER else 1
    chosen = [some for n in range(together + 1) for some in combinations(filters, n)]
    examples = [{n: _example(model.model_fields[n].annotation) for n in some} for some in chosen]
    # What a filter's text must look like is not what its index depends on.
    return [{name: model.model_construct(**given)} for given in examples]


def _example(kind):
    while get_origin(kind) in {Annotated, Union, UnionType}:
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) is tuple:
        return (_example(get_args(kind)[0]),)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if kind is bool:
        return True
    if kind is datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)
    return 1 if kind is int else "00000000-0000-4000-8000-000000000001"
