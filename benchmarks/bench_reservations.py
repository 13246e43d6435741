"""Many take from one limit at once: dealt out to shares, beside one document that is compared and set."""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from uuid import uuid4

from benchmarks.report import show
from local.emulators import FIRESTORE, Missing, running
from shared.actors import PLATFORM, Actor
from shared.audit.models import EntryExport
from shared.documents import Documents
from shared.edge.contention import settled
from shared.edge.firestore import FirestoreDocuments
from shared.edge.keys import FileSigner
from shared.edge.sqlite import SqliteDocuments
from shared.errors import StoreUnavailable
from shared.evidence import Signer
from shared.jobs import requested
from shared.operation import Call
from shared.reservations import Kept, Short, reserve, settle, use
from shared.shares import Limit

CALLERS, EACH = 24, 20
SHARES = (1, 4, 16)
ENOUGH, HALF = CALLERS * EACH * 2, CALLERS * EACH // 2
SOMEBODY = Actor(id="service:bench", tenant=PLATFORM, roles=frozenset())


class Rush:
    """Callers who all begin at once, each with some reservations of one unit."""

    marks: tuple[int, ...] = ()

    def __init__(
        self, documents: Documents, signer: Signer, shares: int, amount: int = ENOUGH
    ) -> None:
        """Prepare one on a limit of its own."""
        self._documents, self._signer = documents, signer
        self._limit = Limit(f"bench.{uuid4()}", amount, marks=self.marks, shares=shares)
        self._start = Barrier(CALLERS)
        self.tries = self.gave_up = self.kept = self.short = 0
        self.seconds = 0.0

    def run(self) -> "Rush":
        """Let them all reserve, and hold the limit to what they got."""
        before = time.perf_counter()
        with ThreadPoolExecutor(CALLERS) as pool:
            came = [one for some in pool.map(self._caller, range(CALLERS)) for one in some]
        self.seconds = time.perf_counter() - before
        self.kept = sum(isinstance(one, Kept) for one in came)
        self.short = sum(isinstance(one, Short) for one in came)
        self.gave_up = sum(one is None for one in came)
        with self._call().transaction() as txn:
            used = use(txn, self._limit)
        taken = used.reserved + used.spent
        if taken != self.kept or taken > self._limit.amount:
            raise AssertionError(f"{taken} are taken, and {self.kept} were told so")
        return self

    def _caller(self, n: int) -> list[Kept | Short | None]:
        self._start.wait()
        return [self._one(f"{self._limit.id}.{n}.{i}") for i in range(EACH)]

    def _one(self, id: str) -> Kept | Short | None:
        return self._reserved(id)

    def _reserved(self, id: str) -> Kept | Short | None:
        def attempt(_: int) -> Kept | Short:
            self.tries += 1
            call = self._call()
            work = EntryExport(since=call.now, until=call.now, format="csv")
            about = requested(work, id=id, by=SOMEBODY, tenant=PLATFORM, at=call.now)
            until = call.now + timedelta(minutes=15)
            with call.transaction() as txn:
                return reserve(txn, id, {self._limit: 1}, about=about, until=until)

        try:
            return settled(attempt)
        except StoreUnavailable:
            return None

    def _call(self) -> Call:
        now = datetime.now(UTC)
        return Call(
            actor=SOMEBODY,
            now=now.replace(microsecond=now.microsecond // 1000 * 1000),
            documents=self._documents,
            signer=self._signer,
            tenant=PLATFORM,
            operation="bench.reserve",
            correlation_id=str(uuid4()),
        )


class Settling(Rush):
    """The same, where each settles before the next, and five marks are passed."""

    marks = (70, 80, 85, 95, 100)

    def _one(self, id: str) -> Kept | Short | None:
        def attempt(_: int) -> Kept | Short:
            self.tries += 1
            call = self._call()
            with call.transaction() as txn:
                return settle(txn, id, at=call.now)

        found = self._reserved(id)
        with suppress(StoreUnavailable):
            # It is held, and would go back by itself.
            found = settled(attempt) if isinstance(found, Kept) else found
        return found


def main() -> int:
    """Measure, print, and return 1 where shares are no better than one document."""
    rows, better = list[list[str]](), True
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waooaw-")))
        signer = FileSigner(folder / "writer.pem")
        stores: dict[str, Callable[[], Documents]] = {
            "SQLite": lambda: SqliteDocuments(folder / "store.db")
        }
        try:
            stack.enter_context(running(FIRESTORE))
            stores["Firestore's emulator"] = lambda: FirestoreDocuments("bench")
        except Missing as missing:
            print(f"not measured on Firestore: {missing}")
        for name, opened in stores.items():
            documents = opened()
            one, *spread = [Rush(documents, signer, n, ENOUGH).run() for n in SHARES]
            rows += [
                _row(name, n, rush, one) for n, rush in zip(SHARES, (one, *spread), strict=True)
            ]
            end = Rush(documents, signer, SHARES[-1], HALF).run()
            rows.append(_row(f"{name}, half of it is there", SHARES[-1], end, one))
            alone, many = [
                Settling(documents, signer, n, HALF).run() for n in (SHARES[0], SHARES[-1])
            ]
            rows += [
                _row(f"{name}, settled, with marks", SHARES[0], alone, alone),
                _row(f"{name}, settled, with marks", SHARES[-1], many, alone),
            ]
            better = better and spread[-1].tries < one.tries and spread[-1].gave_up <= one.gave_up
            documents.close()  # type: ignore[attr-defined]
    header = [
        "store",
        "shares",
        "tries a reservation",
        "503 after eight tries",
        "refused",
        "a second",
    ]
    note = (
        f"{CALLERS} callers reserve {EACH} times each, one after the other, all at once from one limit; in brackets,"
        " beside one share, which is one document that is compared and set. Neither store slows down a document"
        " that is written more than once a second, as Firestore does. Half of it: the limit ends in the"
        " middle; settled: there too, each settles before the next, and marks stand at 70, 80, 85, 95 and 100 percent."
    )
    show("Reservations", header, rows, note)
    return 0 if better else 1


def _row(name: str, shares: int, rush: Rush, one: Rush) -> list[str]:
    asked = CALLERS * EACH
    pace, ratio = asked / rush.seconds, one.seconds / rush.seconds
    tries = f"{rush.tries / asked:.2f} ({rush.tries / one.tries:.2f} ×)"
    return [
        name,
        str(shares),
        tries,
        str(rush.gave_up),
        str(rush.short),
        f"{pace:.0f} ({ratio:.1f} ×)",
    ]


if __name__ == "__main__":
    sys.exit(main())
