"""What each function reads and writes, as ``docs/costs.md`` lists it; COSTS=write writes the list anew."""

import os
from pathlib import Path
from typing import get_origin

import pytest

from shared.edge.catalog import catalog, reactions
from shared.operation import Operation
from tests.e2e.everything import call_everything

pytestmark = pytest.mark.slow

FILE = Path("docs/costs.md")
DECISIONS = (
    "approvals.approve_approval",
    "approvals.reject_approval",
    "approvals.request_approval_changes",
    "approvals.create_veto",
)
INTERNAL = {reaction.id for reaction in reactions() if reaction.every or reaction.stored}
"""What moves many entries at once: its cost is that of the entries."""

WITHOUT_STORE = {
    "genesis.get_spec_schema",
    "genesis.list_reference_agents",
    "genesis.run_reference_agent",
    "genesis.validate_spec",
    "identity.get_me",
}
"""What is answered without a look at the store."""

NOTES_WHO_LOOKED = {"approvals.get_approval", "mobile.get_approval_detail"}
"""Opening a question is noted once for each approver, so that unread approvals show."""

SHARDED = {"mobile.get_dashboard", "precedents.get_seed_metrics"}
"""What adds up the shards that exist: some twenty at most."""

HEAD = """\
# What each function costs

Documents read, written and deleted by the costliest run of each function, with its audit entries, its stored answer (a request with an
`Idempotency-Key`). Once a minute for each person and instance, every five seconds for governance, one read more tells whether the
sign-in was ended. Counted by a meter at the store while every function is
called; `make costs` writes this list, and a test holds every function to it.
"""


def lists(function):
    if not isinstance(function, Operation):
        return False
    result = function.result
    fields = getattr(get_origin(result) or result, "model_fields", {})
    return "items" in fields or get_origin(result) is tuple


def table(most):
    rows = ["| function | reads | writes | deletes |", "|---|---|---|---|"]
    for function in sorted(catalog(), key=lambda one: one.id):
        if function.id not in INTERNAL:
            count = most[function.id]
            reads = "one for each item" if lists(function) else str(count.reads)
            reads = "one for each shard" if function.id in SHARDED else reads
            rows.append(f"| `{function.id}` | {reads} | {count.writes} | {count.deletes} |")
    return HEAD + "\n" + "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def most(tmp_path_factory):
    from benchmarks.spawn import free_port
    from local.platform import Platform

    platform = Platform(tmp_path_factory.mktemp("costs"), port=free_port()).start()
    call_everything(platform)
    platform.stop()
    return dict(platform.meter.most)


def test_every_function_was_called(most):
    assert {function.id for function in catalog()} - INTERNAL - set(most) == WITHOUT_STORE


@pytest.mark.parametrize("id", DECISIONS)
def test_a_decision_stays_within_four_reads_and_four_writes(most, id):
    assert most[id].reads + most["edge.identify"].reads <= 4
    assert most[id].writes <= 4


def test_a_read_writes_nothing_but_that_a_question_was_opened(most):
    reads = {f.id for f in catalog() if isinstance(f, Operation) and not f.mutates}
    assert {id for id in reads & set(most) if most[id].writes} <= NOTES_WHO_LOOKED


def test_every_function_costs_what_is_listed(most):
    from shared.edge.meter import Count

    written = table({id: most.get(id, Count()) for id in {f.id for f in catalog()}})
    if os.environ.get("COSTS") == "write":
        FILE.write_text(written)
    assert FILE.read_text().splitlines() == written.splitlines(), "run: make costs"
