"""What each function and the creation of an agent take, as docs/costs lists it; COSTS=write lists it anew."""

import os

import pytest

from benchmarks import bill, costs, counts
from shared.edge.catalog import catalog
from shared.operation import Operation
from tests.e2e import counting
from tests.rehearsals import uncalled

pytestmark = pytest.mark.slow

DECISIONS = (
    "approvals.approve_approval",
    "approvals.reject_approval",
    "approvals.request_approval_changes",
    "approvals.create_veto",
    "approvals.veto_approval",
)
WITHOUT_STORE = {"genesis.get_spec_schema", "genesis.list_reference_agents", "identity.get_me"}
"""What is answered without a look at the store."""

DECIDED_ALONE = {"genesis.run_reference_agent", "genesis.validate_spec"}
"""What is answered without one too, and is a POST: its decision alone looks, at what policies of the tenant are in force."""

NOTES_WHO_LOOKED = {"approvals.get_approval", "mobile.get_approval_detail"}
"""Opening a question is noted once for each approver, so that unread approvals show."""

CPU_TIMES = 4
"""How much more CPU a run may take here than where the list was written, before the list is wrong."""


@pytest.fixture(scope="module")
def found(rehearsed, tmp_path_factory):
    found = counting.measured(rehearsed.seen, tmp_path_factory.mktemp("costs"))
    if os.environ.get("COSTS"):
        counts.keep(found, cpu=os.environ["COSTS"] == "cpu")
        costs.PAGE.write_text(costs.page(counts.kept()))
    return found


@pytest.fixture(scope="module")
def most(found):
    return found["functions"]


def more(name, now, listed):
    """Say what takes more than is listed, or less, and by how much."""
    return [
        f"{name} takes {now[kind]} {kind}, {now[kind] - listed[kind]:+d} against {listed[kind]}"
        " as listed; bring it back, or run: make costs"
        for kind in now
        if now[kind] != listed[kind]
    ]


def test_every_function_was_called(most):
    lacking = list(uncalled(set(most) | counting.MOVES_MANY))
    assert not lacking, "\n".join(lacking)


def test_what_needs_no_store_asks_for_none(most):
    taken = {id: most[id]["reads"] or most[id]["writes"] for id in WITHOUT_STORE}
    assert not any(taken.values()), taken


def test_what_is_decided_alone_looks_at_the_policies_of_the_tenant_and_at_nothing_else(most):
    taken = {
        id: (most[id]["reads"], most[id]["index_reads"], most[id]["writes"]) for id in DECIDED_ALONE
    }
    # Which are in force, and the one that is; the rehearsal has one in force.
    assert all(now <= (2, 0, 0) for now in taken.values()), taken


@pytest.mark.parametrize("id", DECISIONS)
def test_a_decision_stays_within_four_reads_and_four_writes(found, most, id):
    # A yes may let a late veto count, which is another decision; here it is the one that makes an agent.
    taken = found["main_job"]["functions"].get(id, most[id])
    reads = taken["reads"] + taken["index_reads"] + found["main_job"]["reads_for_who_asks"]
    assert reads <= 4, f"{id} takes {reads} reads with its caller's sign-in: {reads - 4} too many"
    writes = taken["writes"]
    assert writes <= 4, f"{id} takes {writes} writes: {writes - 4} too many"


def test_a_read_writes_nothing_but_that_a_question_was_opened(most):
    reads = {f.id for f in catalog() if isinstance(f, Operation) and not f.mutates}
    assert {id for id in reads & set(most) if most[id]["writes"]} <= NOTES_WHO_LOOKED


def test_every_function_takes_what_is_listed(most):
    listed = counts.kept()["functions"]
    other = sorted(most.keys() ^ listed.keys())
    assert not other, f"docs/costs does not list what there is; run: make costs\n{other}"
    wrong = [line for id, now in most.items() for line in more(id, now, listed[id])]
    assert not wrong, "\n".join(wrong)


def test_the_creation_of_an_agent_takes_what_is_listed(found):
    now, listed = found["main_job"], counts.kept()["main_job"]
    assert now["functions"].keys() == listed["functions"].keys(), "run: make costs"
    whole = (
        *("steps", "external_steps", "requests_of_people"),
        *("reads_for_who_asks", "reads_for_the_rules"),
    )
    wrong = more("it", {kind: now[kind] for kind in whole}, listed)
    for id, count in now["functions"].items():
        wrong += more(f"in the creation of an agent, {id}", count, listed["functions"][id])
    assert not wrong, "\n".join(wrong)


def test_what_runs_by_itself_takes_what_is_listed(found):
    for kind in ("schedules", "relay"):
        assert found[kind] == counts.kept()[kind], "run: make costs"


def test_the_cpu_time_is_about_what_is_listed(found):
    listed = counts.kept()["cpu_ms"]
    assert sum(found["cpu_ms"].values()) <= CPU_TIMES * sum(listed.values())


def test_the_creation_of_an_agent_stays_within_its_price():
    whole = sum(bill.creation(counts.kept()).values(), bill.Bill())
    billed = bill.usd(whole.times(1000), free=True) / 1000
    assert billed <= costs.AGENT_USD, f"${billed:.6f} an agent is above ${costs.AGENT_USD}"
    plain = bill.usd(whole)
    assert plain <= costs.AGENT_LIST_USD, f"${plain:.6f} an agent is above ${costs.AGENT_LIST_USD}"
