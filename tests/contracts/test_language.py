"""Areas, also those not yet written, are written in a language in which no wall can be got around."""

import pytest

from tests.contracts.language import beyond
from tests.contracts.test_walls import AREAS, ROOT
from tests.contracts.walls import crossings, ways_around


def test_areas_are_written_in_a_small_language():
    found = {}
    for file in AREAS:
        name = str(file.relative_to(ROOT))
        if wrong := beyond(file.read_text(), name):
            found[name] = wrong
    assert not found, (
        "business code needs none of this; where it does, say so in tests/contracts/language.py,"
        f" where it is reviewed: {found}"
    )


WAYS = {
    # to the store, past the port
    "a database": "import sqlite3\nsqlite3.connect('store.db')",
    "a file": "def f(): open('.data/store.db')",
    "a path": "from pathlib import Path\nPath('.data/store.db').read_bytes()",
    "the environment": "import os\nos.environ['DATA']",
    "another process": "import subprocess",
    "the network": "from urllib.request import urlopen",
    "a socket": "import socket",
    "a module by its name": "import pkgutil\npkgutil.resolve_name('shared.edge.sqlite:SqliteDocuments')",
    "a module that runs": "import runpy",
    "a module that is looked up": "from pydoc import locate",
    "a module found by name": "from importlib import import_module",
    "an import that is called": "def f(): __import__('shared.edge')",
    "a relative import": "from ..edge import sqlite",
    "a relative package": "from .. import edge",
    "all there is": "from shared.operation import *",
    "all dataclasses has": "from dataclasses import *",
    "the port, handed on by the kernel": "from shared.store import Documents",
    "the port, by the call's module": "from shared.operation import Documents",
    "the port, by the queries'": "from shared.queries import Documents",
    "the process": "from shared.edge.ports import process",
    # to what a call keeps to itself
    "a getter by another name": "def f(call):\n g = getattr\n g(call, '_docu' + 'ments')",
    "a getter that is handed on": "def f(call): list(map(getattr, [call], ['_documents']))",
    "a fold of getters": "from functools import reduce\ndef f(call): reduce(getattr, ['_documents'], call)",
    "a getter by parts": "def f(call): getattr(call, '_docu' 'ments')",
    "the object's getter": "def f(call): object.__getattribute__(call, '_documents')",
    "a pattern": "def f(call):\n match call:\n  case object(_documents=d): return d",
    "a method's globals": "def f(call): call.transaction.__func__.__globals__",
    "what a method wraps": "def f(call): call.transaction.__wrapped__",
    "a closure": "def f(call): call._open.__closure__[0].cell_contents",
    "a generator's frame": "def f(call):\n g = call.transaction()\n g.gen.gi_frame.f_locals",
    "a traceback": "def f():\n try: 1/0\n except Exception as e: e.__traceback__.tb_frame",
    "an asynchronous look": "async def f(c): c._documents",
    "everything it has": "def f(c): vars(c)['_documents']",
    "its names": "def f(c): dir(c)",
    "its dictionary": "def f(c): c.__dict__",
    "a dump of all members": "import json\ndef f(c): json.dumps(c, default=vars)",
    "a deep copy of its members": "from dataclasses import asdict\ndef f(call): asdict(call)",
    "the holder's call": "def f(holder): holder.call._documents",
    "the method's own object": "def f(call): call.transaction.__self__",
    # to another tenant, with the call at hand
    "a call that is made": "from shared.operation import Call\ndef f(): Call(tenant='x')",
    "a call by another name": "from shared.operation import Call\nC = Call\ndef f(): C(tenant='x')",
    "a call by its module": "from shared import operation\ndef f(call): operation.Call(tenant='x')",
    "another of its class": "def f(c): type(c)(tenant='x')",
    "its class": "def f(c): c.__class__(tenant='x')",
    "a kind of call": "from shared.operation import Call\nclass Mine(Call):\n def x(self): self._documents",
    "a kind of transaction": "from shared.store import Transaction\nclass T(Transaction):\n x = 1",
    "a kind of reader": "from shared.queries import Reads\nclass T(Reads):\n x = 1",
    "a class made at run time": "def f(t): type('T', (t,), {})",
    "a copy by another name": "from dataclasses import replace\ndef f(c):\n g = replace\n g(c, tenant='x')",
    "a copy that is half made": (
        "from functools import partial\nfrom dataclasses import replace\n"
        "def f(c): partial(replace, c)(tenant='x')"
    ),
    "a tenant that is set": "def f(c): c.tenant = 'x'",
    "one set in a loop": "def f(call):\n for c in [call]: c.tenant = 'x'",
    "one set by taking apart": "def f(call):\n (c,) = (call,)\n c.tenant = 'x'",
    "one set in passing": "def f(call):\n (c := call)\n c.tenant = 'x'",
    "one that is deleted": "def f(call): del call.tenant",
    "one set by a function": "def f(c): setattr(c, 'tenant', 'x')",
    "one set by the builtins": "def f(c): __builtins__['setattr'](c, 'tenant', 'x')",
    "one set through globals": "def f(): globals()['x'] = 1",
    "one set through locals": "def f(call): locals()['call'].tenant",
    "a program that is evaluated": "e = exec\ndef f(): e('1')",
    # what the kernel writes down
    "a crossing that is forgotten": "def f(call): call.crossings.clear()",
    "an entry that is added": "def f(txn): txn.entries.append(1)",
    "a write that is added": "def f(txn): txn.writes.append(1)",
    "a crossing by another name": "def f(call):\n p = call.platform\n with p('x'): pass",
    "a crossing that is handed on": "def f(call, go): go(call.within)",
    # what one call leaves for the next, of another tenant
    "a dictionary of all": "SEEN = {}\ndef f(call, id): SEEN[id] = call.now",
    "a list of all": "SEEN = []\ndef f(call): SEEN.append(call.now)",
    "a class's dictionary": "class A:\n kept = {}\ndef f(call): A.kept['x'] = 1",
    "a name of all": "LAST = 0\ndef f(call):\n global LAST\n LAST = call.now",
    "an attribute of a function": "def f(call): f.last = call.now",
    "the heap": "import gc",
    "threads": "import threading",
}
"""Ways to what is not one's own, by what they use."""


@pytest.mark.parametrize("way", WAYS)
def test_a_way_around_is_not_of_the_language(way):
    assert beyond(WAYS[way]) or ways_around(WAYS[way])


@pytest.mark.parametrize(
    "source",
    [
        "def f(given: Call):\n with given.platform(''): pass",
        "def f(c):\n with c.within('x', ''): pass",
        "def f(r: ReactionCall): r.each_tenant('')",
        "def f(holder): holder.call.within('x')",
    ],
)
def test_a_crossing_is_seen_whatever_the_call_is_called(source):
    assert [reason for _, reason in crossings(source)] == [False]


@pytest.mark.parametrize(
    "source",
    [
        "from shared.entity import Timestamp\nfrom shared.approvals import rules",
        "from dataclasses import dataclass, replace\ndef f(x): return replace(x, a=1)",
        "def f(thing, name): return getattr(thing, name) or type(thing) is int",
        "class A:\n def __init__(self, call: Call): self._kept, self.call = {}, call",
        "def f(call: Call):\n kept = {}\n kept['x'] = call.now\n return kept",
        "import json\nfrom uuid import uuid5\nX = json.dumps({})",
    ],
)
def test_plain_code_is_of_the_language(source):
    assert beyond(source) == []
