"""The walls hold in every area, also in those not yet written: what opens another's documents is refused."""

from pathlib import Path

import pytest

from shared.actors import PLATFORM
from shared.edge.catalog import operations
from tests.contracts.walls import crossings, dropped, ways_around

ROOT = Path(__file__).parents[2]
AREAS = sorted(
    file
    for folder in ("functions", "shared")
    for file in (ROOT / folder).glob("*/**/*.py")
    if "edge" not in file.relative_to(ROOT).parts
)

CROSSED = {
    "functions/approvals/find_stranded.py": {"each_tenant", "within"},
    "functions/approvals/report_unused.py": {"within"},
    "shared/budgets/actions/dealing.py": {"within"},
    "functions/approvals/settle_stranded.py": {"within"},
    "functions/mobile/silence_devices.py": {"each_tenant", "within"},
    "functions/platform/forget_jobs.py": {"each_tenant", "within"},
    "functions/policy/begin_drift_watch.py": {"each_tenant"},
    "functions/policy/record_denial.py": {"within"},
    "functions/policy/watch_drift.py": {"each_tenant", "within"},
    "shared/policy/actions/bundles.py": {"within"},
    "functions/precedents/judge_seeds.py": {"within"},
    "functions/precedents/list_deciding_seeds.py": {"platform"},
    "functions/precedents/match_precedent_seeds.py": {"platform"},
    "functions/precedents/predict_approval.py": {"within"},
    "shared/agents/actions/makers.py": {"platform"},
    "shared/policy/actions/freezing.py": {"platform"},
    "shared/agents/actions/recorded.py": {"platform"},
    "shared/approvals/actions/answerable.py": {"platform"},
    "shared/mobile/actions/signing.py": {"platform"},
    "shared/notifications/actions/push_delivery.py": {"within"},
    "shared/notifications/actions/telling.py": {"within", "platform"},
    "shared/platform/actions/rebuilding.py": {"each_tenant", "within"},
    "shared/precedents/actions/figures.py": {"within"},
    "shared/precedents/actions/reading.py": {"platform"},
    "shared/precedents/actions/reopening.py": {"each_tenant", "within"},
}
"""Every place that looks or acts outside its own tenant; a new one is reviewed by being written here."""


KERNEL = {
    *(
        "answers",
        "actors",
        "attesting",
        "believing",
        "bus",
        "canonical",
        "constitution",
        "currencies",
        "deciding",
        "destinations",
        "detectors",
        "documents",
        "enforcing",
        "entity",
        "errors",
        "evidence",
        "examples",
    ),
    *("answers", "dialects", "inputs"),
    *(
        "facts",
        "files",
        "instants",
        "masking",
        "obligations",
        "observability",
        "operation",
        "outside",
        "ports",
        "principles",
        "promises",
        "signature",
    ),
    *(
        "guarding",
        "handling",
        "here",
        "job",
        "jobs",
        "judged",
        "names",
        "numbers",
        "language_models",
        "merkle",
        "notes",
        "projection",
        "projections",
        "queries",
        "records",
        "reaction",
        "release",
        "reservations",
        "schedules",
        "secrets",
        "shares",
        "store",
        "streams",
        "tables",
        "tallies",
        "texts",
        "tiles",
        "verification",
        "waiting",
        "wording",
    ),
    "impartial",
}
"""The modules that keep the walls themselves; a new one is reviewed by being written here."""


def test_what_belongs_to_no_area_is_the_kernel():
    beside = {file.stem for file in (ROOT / "shared").glob("*.py")} - {"__init__"}
    assert beside == KERNEL, "business code lives in an area: a folder of shared"
    assert {file.name for file in (ROOT / "functions").glob("*.py")} == {"__init__.py"}


def test_an_operation_acts_for_its_caller_or_for_the_platform():
    others = {op.id for op in operations() if op.tenant not in {None, PLATFORM}}
    assert not others, "the tenant comes from whoever asks, or from the id that they name"


def test_no_area_reaches_around_its_tenant():
    found = {
        str(file.relative_to(ROOT)): ways
        for file in AREAS
        if (ways := ways_around(file.read_text()))
    }
    assert not found, (
        "an operation sees its own tenant: read the platform's by `call.platform(why)`; a reaction"
        f" goes `within(tenant, why)`, and looks everywhere by `each_tenant(why)`: {found}"
    )


def test_every_crossing_is_known_and_says_why():
    found = {}
    for file in AREAS:
        made = crossings(file.read_text())
        name = str(file.relative_to(ROOT))
        assert all(reason for _, reason in made), f"{name} crosses without saying why"
        if made:
            found[name] = {verb for verb, _ in made}
    assert found == CROSSED, "write the crossing into CROSSED, so that it is reviewed"


def test_no_rest_of_a_list_is_dropped():
    found = {
        str(file.relative_to(ROOT)): places
        for file in AREAS
        if (places := dropped(file.read_text()))
    }
    assert not found, (
        "a page is a part: ask for `all`, or the `first`, or hand on where the next page begins"
        f" (`next_cursor`): {found}"
    )


WAYS = {
    "copies the call": "from dataclasses import replace\ndef f(call):\n replace(call, tenant='x')",
    "copies it by another name": (
        "from dataclasses import replace as other\ndef f(c: Call):\n other(c, tenant='x')"
    ),
    "imports dataclasses whole": "import dataclasses\ndef f(call): dataclasses.replace(call)",
    "copies with copy": "import copy\ndef f(call): copy.copy(call)",
    "sets the tenant": "def f(call):\n call.tenant = 'x'",
    "sets it of what is a call": "def f(c: 'Call'):\n c.tenant = 'x'",
    "sets it of the transaction": "def f(txn):\n txn.tenant = 'x'",
    "sets it with others": "def f(call):\n a, call.tenant = 1, 'x'",
    "sets through object": "def f(call):\n object.__setattr__(call, 'tenant', 'x')",
    "imports the port": "from shared.documents import Query",
    "imports the port's module": "from shared import documents",
    "imports an adapter": "from shared.edge.sqlite import SqliteDocuments",
    "imports shared whole": "import shared.documents as d",
    "reaches for the store": "def f(call): call._documents.find(None, 1)",
    "reaches for the transaction's": "def f(txn): txn._documents",
    "takes it by name": "def f(call): getattr(call, '_documents')",
    "takes it by a variable": "def f(call, name): getattr(call, name)",
    "takes all it has": "def f(call): vars(call)",
    "takes its dictionary": "def f(call): call.__dict__['x']",
    "takes its class": "def f(call): call.__class__(tenant='x')",
    "takes its type": "def f(call): type(call)(tenant='x')",
    "takes it by attrgetter": "from operator import attrgetter\nattrgetter('_documents')",
    "makes a transaction": "from shared.store import Transaction\ndef f(): Transaction(1, 2)",
    "makes one by another name": "from shared.store import Transaction as T\ndef f(): T(1, 2)",
    "makes a call": "def f(call): Call(tenant='x')",
    "makes a reader": "from shared.queries import Reads\ndef f(d): Reads(d, None)",
    "evaluates": "def f(call): eval('call.x')",
    "looks at frames": "import sys\ndef f(): sys._getframe()",
    "looks at the heap": "import gc\ndef f(): gc.get_objects()",
    "writes elsewhere": "def f(txn): txn._writes.append(1)",
    "renames the call": "def f(call):\n c = call\n c.tenant = 'x'",
    "calls it its own": "def f(self): self._documents",
    "calls it its own in a class": "class A:\n def f(self): return self._documents\nA.f(call)",
    "remembers for another": "def f(call, memory): memory.for_tenant('x')",
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_around_is_found(way):
    assert ways_around(WAYS[way])


@pytest.mark.parametrize(
    "source",
    [
        "def f(call):\n with call.transaction() as txn:\n  return txn.get(Thing, call.tenant)",
        "def f(call):\n with call.platform('seeds are the platform\\'s') as p: return p.all(Seed)",
        "from dataclasses import replace\ndef f(story): return replace(story, agent=1)",
        "class A:\n def __init__(self, call): self.call = call",
        "def f(entity): return type(entity).model_validate({})",
    ],
)
def test_what_stays_inside_is_let_be(source):
    assert ways_around(source) == []


@pytest.mark.parametrize(
    ("source", "says_why"),
    [
        ("def f(call): call.platform('seeds belong to the platform')", True),
        ("def f(call): call.within(tenant, OF_THE_PLATFORM)", True),
        ("def f(call): call.within(tenant)", False),
        ("def f(call): call.platform('')", False),
        ("def f(call, why): call.each_tenant(why)", False),
    ],
)
def test_a_reason_is_a_sentence_or_a_named_one(source, says_why):
    ((_, reason),) = crossings(source)
    assert reason is says_why


@pytest.mark.parametrize(
    ("source", "lost"),
    [
        ("def f(txn): return txn.find(A)", False),
        ("def f(txn):\n page = txn.find(A)\n return B(page.items, page.next_cursor)", False),
        ("def f(txn):\n page = txn.find(A)\n return page", False),
        ("def f(txn): return txn.page(A, q).map(g)", False),
        ("def f(txn):\n page = txn.page(A, q)\n return page.map(g)", False),
        ("def f(txn): return txn.page(A, q).map(g).items", True),
        ("def f(txn): return txn.page(A, q).items", True),
        ("def f(txn):\n for one in txn.page(A, q).items: use(one)", True),
        ("def f(txn): return txn.find(A).items", True),
        ("def f(txn): return txn.find(A, limit=300).items[0]", True),
        ("def f(txn):\n page = txn.find(A)\n return page.items", True),
        ("def f(txn):\n for one in txn.find(A).items: use(one)", True),
        ("def f(txn): return recall(lambda: txn.find(A).items)", True),
        ("async def f(txn): return txn.find(A).items", True),
        ("async def f(txn): return txn.find(A)", False),
        ("x = txn.find(A)", True),
        ("def f(txn):\n look = txn.find\n return look(A)", True),
        ("def f(txn):\n page = txn.find(A)\n page.next_cursor\n return page.items", True),
        (
            (
                "def f(txn):\n page = txn.find(A)\n page = txn.find(B)\n"
                " return L(page.items, page.next_cursor)"
            ),
            True,
        ),
        ("def f(txn): return g(txn).items", True),
        ("def f(each): return dict(each.items())", False),
    ],
)
def test_a_dropped_rest_is_found(source, lost):
    assert bool(dropped(source)) is lost
