"""
Spend from budgets in several processes at once, kill them between reserve and settle, and count what came of it.

    python -m benchmarks.spends --count 1000 --workers 8

Four agents of one customer spend around the limits of their budgets, the customer's and a block of the platform's.
Every tenth spend kills its process with SIGKILL after it was reserved and before it is settled, and others are killed
at any moment; others take their places and go on, with half of what was left so by its id again, and the other half
forgotten, which its timer gives back. In the end no budget is or was beyond its limit, nothing is lost, and each
threshold was told once.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks import spent
from functions.budgets.expire_reservation import expire_reservation
from local.emulators import FIRESTORE, Missing, running
from shared.actors import PLATFORM, Actor, Role
from shared.budgets.actions import dealing, looking, spending
from shared.budgets.actions.spending import Waiting
from shared.budgets.events.budgets import BudgetOpened
from shared.budgets.models.blocks import Block
from shared.budgets.rules import limits, setting
from shared.budgets.rules.limits import Taken
from shared.budgets.rules.spending import Spend
from shared.documents import Documents
from shared.edge.contention import settled
from shared.edge.firestore import FirestoreDocuments
from shared.edge.keys import FileSigner
from shared.edge.sqlite import SqliteDocuments
from shared.errors import BudgetExceeded, Conflict, StoreUnavailable
from shared.operation import Call
from shared.reaction import ReactionCall
from shared.shares import Reservation, ReservationDeadline

TENANT = "acme"
AGENTS = tuple(f"{TENANT}.{n:08d}-0000-4000-8000-000000000000" for n in range(4))
CUSTOMER = f"customer:{TENANT}"
EACH = 1_000
"""What one spend reserves, in micro-USD; 400 to all of it is really spent."""

DIES, FORGOTTEN = 10, 2
"""Every so manyeth spend kills its process; of these, every so manyeth is forgotten."""

KILLS = 10
"""By how many spends there is one kill at any moment; without an end of them a slow machine would come to none."""

SOMEBODY = Actor(id="service:bench", tenant=PLATFORM, roles=frozenset({Role.SERVICE}))


@dataclass
class Bench:
    """One store, and everything that spends from it."""

    opened: Callable[[], Documents]
    folder: Path
    count: int
    workers: int
    seed: int = 14
    killed: int = 0

    def __post_init__(self) -> None:
        """Set the budgets: all agents together may spend more than the customer, and all more than they do."""
        self.signer = FileSigner(self.folder / "writer.pem")
        self.log = self.folder / f"log-{uuid4()}"
        self.log.mkdir()
        self.begun = _now()
        whole = self.count * EACH
        asked = {f"agent:{agent}": whole // 5 for agent in AGENTS} | {CUSTOMER: whole // 2}
        with self._call(self.opened(), commits=True).transaction() as txn:
            for scope, amount in asked.items():
                usual = limits.usual(scope, at=self.begun)
                new = usual.model_copy(update={"limit_micro_usd": amount})
                opened = BudgetOpened(scope_kind=new.scope_kind, **setting.amounts(new))
                txn.create(new, opened)

    # --- who spends ------------------------------------------------------------------------------

    def work(self, mine: int) -> None:
        """Spend what is this worker's, going on after whoever was killed before."""
        documents = self.opened()
        done = self._done(mine)
        with (self.log / f"{mine}").open("ab", buffering=0) as log:

            def note(n: int, what: str) -> None:
                log.write(f"{n} {what}\n".encode())

            for n in range(mine, self.count, self.workers):
                before = done.get(n, set())
                if before & {"settled", "refused"} or self._forgets(n, before):
                    continue
                self._spend(documents, n, note, before)

    def _spend(
        self, documents: Documents, n: int, note: Callable[[int, str], None], before: set[str]
    ) -> None:
        spend = Spend(agent_id=AGENTS[n % len(AGENTS)], micro_usd=EACH, begins=False)
        try:
            while isinstance(
                self._tried(documents, lambda call: self._hold(call, n, spend)), Waiting
            ):
                self._tried(documents, dealing.take, subject=f"{Block.collection}/block:{TENANT}")
        except BudgetExceeded:
            note(n, "refused")
            return
        except Conflict:
            if "held" not in before:
                raise
            # Whoever held it was killed when it was settled, and before that was written down.
            note(n, "settled")
            return
        note(n, "held")
        if n % DIES == 0 and "dies" not in before:
            note(n, "dies")
            os.kill(os.getpid(), signal.SIGKILL)
        self._tried(documents, lambda call: self._settle(call, n))
        note(n, "settled")

    def _hold(self, call: Call, n: int, spend: Spend) -> Reservation | Waiting:
        with call.transaction() as txn:
            return spending.hold(txn, f"spend-{n}", spend, at=call.now)

    def _settle(self, call: Call, n: int) -> None:
        with call.transaction() as txn:
            came = spending.settle(txn, f"spend-{n}", {"micro_usd": self.real(n)}, at=call.now)
        if came.reservation.beyond:
            raise AssertionError(f"{n} was held and had no cover: {came}")

    def real(self, n: int) -> int:
        """Return what a spend really is."""
        return random.Random(f"{self.seed} {n}").randint(EACH * 2 // 5, EACH)

    def _tried(self, documents: Documents, act: Callable[[Any], Any], subject: str = "") -> Any:
        """Do something in one commit, as the kernel does, as often as somebody else is in the way."""

        def once(_: int) -> Any:
            call = self._call(documents, subject=subject)
            came = act(call)
            documents.commit(call.writes)
            return came

        while True:
            try:
                return settled(once)
            except StoreUnavailable:
                time.sleep(random.random() / 20)

    def _done(self, mine: int) -> dict[int, set[str]]:
        found = dict[int, set[str]]()
        file = self.log / f"{mine}"
        for line in file.read_text().splitlines() if file.exists() else ():
            n, what = line.split()
            found.setdefault(int(n), set()).add(what)
        return found

    @staticmethod
    def _forgets(n: int, before: set[str]) -> bool:
        return "dies" in before and n // DIES % FORGOTTEN == 0

    # --- who kills, and who looks ----------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        """Let all spend until all is spent or refused, killing some; return what was counted."""
        began = time.monotonic()
        watcher = self._child(self._watch)
        at_work = {self._child(self.work, mine): mine for mine in range(self.workers)}
        try:
            self._attend(at_work, watcher)
        except BaseException:
            # Whoever reads what all of them print would wait for them.
            for pid in (watcher, *at_work):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise
        seconds = time.monotonic() - began
        (self.log / "over").touch()
        _, status = os.waitpid(watcher, 0)
        if status:
            raise AssertionError("a budget was beyond its limit")
        return self._counted() | {"seconds": round(seconds, 1)}

    def _attend(self, at_work: dict[int, int], watcher: int) -> None:
        """Kill who is at work now and then, and put others in the places of the killed, until all is done."""
        chance, next_kill = random.Random(self.seed), time.monotonic() + 0.5
        while at_work:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in at_work:
                mine = at_work.pop(pid)
                if os.WIFSIGNALED(status):
                    at_work[self._child(self.work, mine)] = mine
                elif status:
                    raise AssertionError(f"a worker ended with {status}")
            elif pid == watcher:
                raise AssertionError("a budget was beyond its limit")
            elif self.killed < self.count // KILLS and time.monotonic() > next_kill:
                os.kill(chance.choice(list(at_work)), signal.SIGKILL)
                self.killed += 1
                next_kill = time.monotonic() + 0.2 + chance.random()
            else:
                time.sleep(0.002)

    def _watch(self) -> None:
        documents, looks = self.opened(), 0
        while not (self.log / "over").exists():
            self._beyond(documents)
            looks += 1
            time.sleep(0.01)
        (self.log / "looks").write_text(str(looks))

    def _beyond(self, documents: Documents) -> dict[str, Taken]:
        """Return what was spent and is held of the money of each budget, none of which is beyond its limit."""
        found = dict[str, Taken]()
        for tenant, scopes in (
            (TENANT, [f"agent:{a}" for a in AGENTS] + [CUSTOMER]),
            (PLATFORM, ["platform"]),
        ):
            with self._call(documents, tenant=tenant).transaction() as txn:
                for scope in scopes:
                    budget = looking.budget(txn, scope, at=self.begun)
                    for one in looking.taken(txn, budget, at=self.begun):
                        if one.spent + one.reserved > one.limit or min(one.spent, one.reserved) < 0:
                            raise AssertionError(f"{scope}: {one}")
                        if one.measure == "micro_usd":
                            found[scope] = one
        return found

    @staticmethod
    def _child(act: Callable[..., None], *given: Any) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            act(*given)
            status = 0
        except BaseException as error:  # noqa: BLE001 - the process ends here
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(status)

    # --- what came of it -------------------------------------------------------------------------

    def _counted(self) -> dict[str, Any]:
        documents = self.opened()
        said = {n: what for mine in range(self.workers) for n, what in self._done(mine).items()}
        kept = spent.kept(documents, TENANT)
        left = sum(one.status == "held" for one in kept.values())
        before = self._beyond(documents)
        self._expire(documents)
        after = self._beyond(documents)
        in_all = sum(spent.money(one) for one in kept.values() if one.status == "settled")
        told = spent.told(documents, TENANT)
        customer = after[CUSTOMER]
        in_the_end = (customer.spent, customer.reserved)
        problems = [
            *spent.lost(
                said,
                kept,
                real=self.real,
                forgotten=lambda n: self._forgets(n, said.get(n, set())),
                count=self.count,
            ),
            *(
                []
                if in_the_end == (in_all, 0)
                else [f"{in_all} is settled, and {in_the_end} are spent and held"]
            ),
            *(f"{key} was told {times} times" for key, times in told.items() if times != 1),
            *spent.untold(after, told),
            *spent.breaks(documents, self.signer),
        ]
        return {
            "spends": self.count,
            "settled": sum(one.status == "settled" for one in kept.values()),
            "refused": sum("refused" in what for what in said.values()),
            "forgotten, and given back by their timers": left,
            "killed between reserve and settle": sum("dies" in what for what in said.values()),
            "killed at any moment": self.killed,
            "looks at all budgets meanwhile": int((self.log / "looks").read_text()),
            "the customer's limit, in micro-USD": self.count * EACH // 2,
            "spent and held of it before the timers": before[CUSTOMER].spent
            + before[CUSTOMER].reserved,
            "spent of it in the end": customer.spent,
            "held of it in the end": customer.reserved,
            "thresholds told": len(told),
            "told more than once": sum(times > 1 for times in told.values()),
            "problems": problems,
        }

    def _expire(self, documents: Documents) -> None:
        """Let the timers come of what nobody settled."""
        for due in spent.timers(documents, TENANT):
            event = ReservationDeadline.from_stored(due.data, due.data_version)
            call = self._call(documents, subject=due.entity, later=timedelta(minutes=30))
            expire_reservation(call, event)
            documents.commit(call.writes)

    def _call(
        self,
        documents: Documents,
        *,
        tenant: str = TENANT,
        subject: str = "",
        later: timedelta = timedelta(),
        commits: bool = False,
    ) -> ReactionCall:
        return ReactionCall(
            actor=SOMEBODY,
            now=_now() + later,
            documents=documents,
            signer=self.signer,
            tenant=tenant,
            operation="bench.spend",
            correlation_id=str(uuid4()),
            subject=subject,
            commits=commits,
        )


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@contextmanager
def stores(names: list[str]) -> Iterator[dict[str, Callable[[Path], Callable[[], Documents]]]]:
    """Yield how each store is opened, in any process."""
    with ExitStack() as stack:
        found: dict[str, Callable[[Path], Callable[[], Documents]]] = {}
        if "sqlite" in names:
            found["SQLite"] = lambda folder: lambda: SqliteDocuments(folder / "store.db")
        if "firestore" in names:
            try:
                stack.enter_context(running(FIRESTORE))
                project = f"bench-{uuid4().hex[:8]}"
                found["Firestore's emulator"] = lambda _: lambda: FirestoreDocuments(project)
            except Missing as missing:
                print(f"not measured on Firestore: {missing}")
        yield found


def main() -> int:
    """Measure, print, and return 1 where a budget was exceeded, something was lost, or told twice."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=int(os.environ.get("COUNT", "1000")))
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--stores", nargs="*", default=["sqlite", "firestore"])
    parser.add_argument("--json", action="store_true", help="print what was counted as JSON")
    told = parser.parse_args()
    counted = dict[str, dict[str, Any]]()
    with stores(told.stores) as opening, tempfile.TemporaryDirectory(prefix="waooaw-") as root:
        for name, opened in opening.items():
            folder = Path(root) / name.replace(" ", "-")
            folder.mkdir()
            counted[name] = Bench(opened(folder), folder, told.count, told.workers).run()
    if told.json:
        print(json.dumps(counted))
    else:
        for name, found in counted.items():
            print(name, *(f"  {what}: {value}" for what, value in found.items()), sep="\n")
    return int(not counted or any(found["problems"] for found in counted.values()))


if __name__ == "__main__":
    sys.exit(main())
