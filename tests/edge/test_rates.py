"""How often somebody may ask: never beyond the bound, whoever counts, and no more writes than lumps."""

import threading
import time
from datetime import timedelta

import pytest

from functions.identity.get_me import get_me
from functions.identity.list_keys import list_keys
from functions.platform.get_health import get_health
from shared.actors import PLATFORM, Actor, Role
from shared.documents import Contended, Query
from shared.edge.catalog import operations
from shared.edge.ports import connect
from shared.edge.rates import (
    HOUR,
    RATES,
    UNLIMITED,
    LimitReached,
    Paces,
    SharedPace,
    classes,
    network,
    rate,
)
from shared.edge.settings import Settings
from shared.errors import ProviderDown, RateLimited, StoreUnavailable
from tests.conftest import NOON
from tests.kernel.things import entries, problem

CUSTOMER = rate(1_000, HOUR, 50)


def let_in(paces, held, at, times, whose="acme"):
    """Ask so often at once; return how many were let in."""
    done = 0
    for _ in range(times):
        try:
            paces.under("customer", whose, held, at)
        except RateLimited:
            continue
        done += 1
    return done


def shared(documents):
    return documents.find(PLATFORM, Query(SharedPace.collection))


def test_a_burst_may_come_at_once_and_the_limit_in_its_time(documents):
    paces = Paces(documents)
    assert let_in(paces, CUSTOMER, NOON, 60) == 50
    assert let_in(paces, CUSTOMER, NOON + timedelta(seconds=3.5), 5) == 0
    assert let_in(paces, CUSTOMER, NOON + timedelta(seconds=3.6), 5) == 1
    # What was not told yet counts when it is.
    assert 50 - CUSTOMER.lump < let_in(paces, CUSTOMER, NOON + timedelta(hours=2), 60) <= 50


def test_no_hour_has_more_than_the_limit_and_the_burst(documents):
    paces, times = Paces(documents), [NOON + timedelta(minutes=m) for m in range(120)]
    done = {at: let_in(paces, CUSTOMER, at, 30) for at in times}
    hours = [times[n : n + 60] for n in range(60)]
    most = max(sum(done[at] for at in hour) for hour in hours)
    assert 1_000 <= most <= 1_050


@pytest.mark.parametrize("processes", [1, 4, 16])
def test_all_processes_together_are_over_by_no_more_than_a_lump_each(documents, processes):
    several = [Paces(documents) for _ in range(processes)]
    done = sum(let_in(paces, CUSTOMER, NOON, 1) for _ in range(120) for paces in several)
    assert 50 <= done <= 50 + (processes - 1) * (CUSTOMER.lump - 1)
    # Who is refused in a moment is not let in by whoever asks elsewhere.
    assert sum(let_in(paces, CUSTOMER, NOON, 20) for paces in several) == 0


def test_nobody_is_refused_for_what_nobody_asked(documents):
    """A process that is gone, or frozen, keeps nothing that others need."""
    for _ in range(40):
        assert let_in(Paces(documents), CUSTOMER, NOON, 1) == 1
    assert let_in(Paces(documents), CUSTOMER, NOON, 50) == 50


def test_who_asks_little_writes_nothing_and_who_asks_much_once_in_a_lump(documents):
    paces = Paces(documents)
    let_in(paces, CUSTOMER, NOON, CUSTOMER.lump - 1)
    assert shared(documents) == []
    writes = []
    commit = documents.commit
    documents.commit = lambda these: (writes.append(these), commit(these))
    at = NOON
    for _ in range(1_000):
        at += timedelta(seconds=3.6)
        assert let_in(paces, CUSTOMER, at, 1) == 1
    assert len(writes) == (1_000 + CUSTOMER.lump - 1) // CUSTOMER.lump


def test_threads_of_a_process_take_no_more_than_there_is(documents):
    paces, done = Paces(documents), []
    threads = [
        threading.Thread(target=lambda: done.append(let_in(paces, CUSTOMER, NOON, 20)))
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(done) == 50


def slowly(documents, *, contended=0):
    """Commit only after a while, and first be in somebody's way so often."""
    commit, left = documents.commit, [contended]

    def slow(these):
        time.sleep(0.02)
        if left[0]:
            left[0] -= 1
            raise Contended("somebody was faster")
        commit(these)

    documents.commit = slow


@pytest.mark.parametrize("processes", [2, 4])
def test_while_a_process_tells_nobody_else_is_let_through(documents, processes):
    """The bound is one of what is untold, however slow it is to tell and whoever is in the way."""
    slowly(documents, contended=3)
    several, done = [Paces(documents) for _ in range(processes)], []
    threads = [
        threading.Thread(target=lambda paces=paces: done.append(let_in(paces, CUSTOMER, NOON, 20)))
        for paces in several
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert 50 <= sum(done) <= 50 + (processes - 1) * (CUSTOMER.lump - 1)


def test_a_crossing_that_could_not_be_noted_is_noted_by_the_next_refusal(documents):
    paces, commit = Paces(documents), documents.commit
    let_in(paces, CUSTOMER, NOON, 50)

    def first():
        with pytest.raises(LimitReached) as refused:
            paces.under("customer", "acme", CUSTOMER, NOON)
        return refused.value.first

    def down(_):
        raise StoreUnavailable("down")

    documents.commit = down
    assert not first()
    documents.commit = commit
    assert [first(), first()] == [True, False]


def test_a_store_that_is_down_lets_a_process_count_by_itself(documents):
    class Down:
        def get(self, _):
            raise StoreUnavailable("down")

    assert let_in(Paces(Down()), CUSTOMER, NOON, 80) == 50


def test_a_refusal_says_when_to_come_again_and_is_then_true(documents):
    paces = Paces(documents)
    let_in(paces, CUSTOMER, NOON, 50)
    with pytest.raises(LimitReached) as refused:
        paces.under("customer", "acme", CUSTOMER, NOON)
    after = refused.value.retry_after_s
    assert (after, refused.value.standing.remaining) == (4, 0)
    assert let_in(paces, CUSTOMER, NOON + timedelta(seconds=after), 3) == 1


def test_a_crossing_is_the_first_once_in_a_window_for_all_processes(documents):
    firsts = 0
    for at in (NOON, NOON + timedelta(minutes=30), NOON + timedelta(minutes=61)):
        for paces in (Paces(documents), Paces(documents)):
            for _ in range(70):
                try:
                    paces.under("customer", "acme", CUSTOMER, at)
                except LimitReached as refusal:
                    firsts += refusal.first
    assert firsts == 2


def test_a_clock_that_was_put_back_keeps_nobody_out_for_ever(documents):
    paces = Paces(documents)
    let_in(paces, CUSTOMER, NOON + timedelta(days=365), 50)
    assert let_in(paces, CUSTOMER, NOON, 1) == 0
    assert let_in(paces, CUSTOMER, NOON + timedelta(hours=2), 1) == 1


def test_of_nothing_nobody_takes(documents):
    with pytest.raises(RateLimited) as refused:
        Paces(documents).take("tool:mail", 0, 60, NOON)
    assert refused.value.retry_after_s == 60


def test_an_obligation_takes_of_the_same_paces(documents):
    paces = Paces(documents)
    for left in (1, 0):
        assert paces.take("tool:mail", 2, 60, NOON).remaining == left
    with pytest.raises(RateLimited, match="2 requests in a minute"):
        paces.take("tool:mail", 2, 60, NOON)
    assert paces.take("tool:other", 2, 60, NOON).remaining == 1


ADMIN = Actor(id="ann", tenant=PLATFORM, roles=frozenset({Role.ADMIN, Role.VIEWER}))
NOBODY = Actor(id="anonymous", tenant=PLATFORM, roles=frozenset())


@pytest.mark.parametrize(
    ("operation", "actor", "expected"),
    [
        ("identity.get_me", ADMIN, {"admin": "ann"}),
        ("identity.get_me", {Role.VIEWER}, {"staff": "ann"}),
        ("identity.get_me", {Role.GENESIS}, {"agent": "ann"}),
        ("identity.get_me", {Role.SERVICE}, {}),
        ("identity.get_me", NOBODY, {"anonymous": "192.0.2.7"}),
        ("identity.list_keys", NOBODY, {"documentation": "192.0.2.7"}),
        ("platform.get_health", NOBODY, {}),
        (
            "approvals.reject_approval",
            {Role.GOVERNOR},
            {"staff": "ann", "governance": "platform ann"},
        ),
        ("audit.get_export", ADMIN, {"admin": "ann", "audit": "ann"}),
    ],
)
def test_a_request_is_in_the_classes_of_who_asks_and_of_what_for(operation, actor, expected):
    op = next(op for op in operations() if op.id == operation)
    if isinstance(actor, set):
        actor = ADMIN.model_copy(update={"roles": frozenset(actor)})
    assert dict(classes(op, actor, "192.0.2.7")) == expected


def goes_out(paces, what, tenant, times, at=NOON):
    done = 0
    for _ in range(times):
        try:
            paces.leave(what, tenant, at)
        except ProviderDown as over:
            assert (over.violations[0].rule, over.retry_after_s) == ("rate_limit", 4)
            continue
        done += 1
    return done


def test_calls_of_models_and_of_others_go_out_so_often_for_a_customer(documents):
    """The limit and its burst in an hour, each kind by itself, and no less for the others."""
    paces = Paces(documents)
    assert goes_out(paces, "model", "acme", 1_010) == 1_000
    assert goes_out(paces, "integration", "acme", 10) == 10
    assert goes_out(paces, "model", "globex", 10) == goes_out(paces, "model", PLATFORM, 10) == 10


def test_no_more_goes_out_than_all_together_may(documents, monkeypatch):
    monkeypatch.setitem(RATES, "integrations", (rate(20, 80),))
    paces = Paces(documents)
    assert [goes_out(paces, "integration", one, 8) for one in ("acme", "globex", "initech")] == [
        8,
        8,
        4,
    ]
    assert goes_out(paces, "integration", PLATFORM, 1) == 0


def test_what_the_kernel_hands_out_is_paced(tmp_path, documents):
    ports = connect(Settings({"DATA": str(tmp_path), "EASED": "1"}), lambda: NOON, documents)
    models = ports.models.for_tenant("acme")
    for what, call in (
        ("model", lambda: models.embed(["a"])),
        (
            "integration",
            lambda: ports.http_client.for_tenant("acme").send("GET", "https://api.example.com/"),
        ),
    ):
        assert goes_out(ports.rates, what, "acme", 1_000) == 1_000
        with pytest.raises(ProviderDown) as refused:
            call()
        assert refused.value.violations[0].rule == "rate_limit"


def test_customers_of_one_tenant_share_their_pace():
    op = next(op for op in operations() if op.id == "identity.get_me")
    both = [
        Actor(id=id, tenant="acme", roles=frozenset({Role.CUSTOMER_USER})) for id in ("ann", "bob")
    ]
    assert [dict(classes(op, one, "")) for one in both] == [{"customer": "acme"}] * 2


def test_what_nobody_limits_is_there():
    assert {op.id for op in operations()} >= UNLIMITED


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("evil", "unknown"),
    ],
)
def test_of_ipv6_a_household_is_one(address, expected):
    assert network(address) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "127.0.0.1"),
        ({"ENVIRONMENT": "prod"}, "192.0.2.7"),
        ({"ENVIRONMENT": "prod", "HOPS": "1"}, "198.51.100.1"),
    ],
)
def test_what_a_caller_writes_of_where_they_are_counts_for_nothing(environment, expected):
    forwarded = "203.0.113.9, 192.0.2.7, 198.51.100.1"
    assert Settings(environment).origin("127.0.0.1", forwarded) == expected


def test_no_setting_loosens_the_rates_of_the_cloud():
    assert Settings({"ENVIRONMENT": "prod", "EASED": "1000"}).eased == 1
    assert Settings({"EASED": "1"}).eased == 1
    with pytest.raises(ValueError, match="whole number"):
        _ = Settings({"EASED": "0"}).eased


@pytest.fixture
def strict(world):
    """Give the world the cloud's rates."""
    world.ports.rates = Paces(world.ports.documents)
    return world


def test_whoever_asks_is_told_how_they_stand(strict):
    answer = strict.call(get_me, "/v1/me", as_="viewer")
    said = {name: answer.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")}
    assert said == {"Limit": "1000", "Remaining": "99", "Reset": "4"}
    assert "X-RateLimit-Limit" not in strict.call(get_health, "/v1/health").headers


def test_too_many_requests_are_refused_and_one_of_them_is_in_the_evidence(strict):
    answers = [strict.call(get_me, "/v1/me", as_="customer_user@acme") for _ in range(53)]
    assert [one.status_code for one in answers] == [200] * 50 + [429] * 3
    problem(answers[-1], 429, "rate_limited", "rate_limit")
    headers = answers[-1].headers
    assert (headers["Retry-After"], headers["X-RateLimit-Remaining"]) == ("4", "0")
    (crossed,) = entries(strict, action="auth.limit_crossed")
    assert (crossed.tenant, crossed.data["limited"]) == ("acme", "customer")
    # Another tenant's pace is its own.
    assert strict.call(get_me, "/v1/me", as_="customer_user@globex").status_code == 200


def test_bad_tokens_are_counted_by_where_they_come_from(strict):
    bad = {"headers": {"Authorization": "Bearer x.y.z"}}
    answers = [strict.call(get_me, "/v1/me", **bad).status_code for _ in range(25)]
    assert answers == [401] * 20 + [429] * 5
    assert strict.call(get_me, "/v1/me", as_="viewer").status_code == 200
    assert strict.call(list_keys, "/.well-known/jwks.json").status_code == 200
