"""
Drive all executions, one thread at a time, which never waits for anything but the disk.

What is on disk is always a prefix of what happened: results are handed to the journal before they
are delivered, and an effect begins only once the journal holds that it is about to begin, and with
it all that led there. A killed process therefore continues as if it had been slow.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from local.clock import Clock
from local.workflows import records
from local.workflows.agenda import Act, Agenda, Message, nothing
from local.workflows.billing import Steps
from local.workflows.boundary import within
from local.workflows.callbacks import Callbacks, Payload
from local.workflows.connectors import Connectors
from local.workflows.effects import Effects
from local.workflows.errors import (
    DivergenceError,
    DroppedError,
    Failure,
    Fatal,
    NewerError,
    UnavailableError,
    raised,
)
from local.workflows.http import Http
from local.workflows.journal import Journal
from local.workflows.lasting import Lasting
from local.workflows.live import Ends, Live
from local.workflows.operations import Operations
from local.workflows.outcomes import error_json, outcome_json
from local.workflows.restoring import Restorer
from local.workflows.scheduler import FATAL, RAISED, RAN, Outcome, Working
from local.workflows.timers import Timers
from local.workflows.values import Value, dump, kept

# So many threads for what takes long; more would only take turns at the processors.
_BESIDE_MAX = 2
_LIVES_MAX, _RESTS_MAX = 500, 8
_log = logging.getLogger("workflows")


def _nothing_more(_: sqlite3.Connection) -> None:
    """Write nothing but the steps that were taken meanwhile."""


class Engine:
    """Run executions."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        http: Http,
        connectors: Connectors,
        restorer: Restorer,
        callbacks: Callbacks,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._restorer = restorer
        self.lives: dict[str, Live] = {}
        self.timers = Timers(self._waits)
        self.agenda = Agenda(journal, clock, self.timers)
        self._operations = Operations(self, clock, http, connectors, restorer, callbacks)
        self._beside = Effects(_BESIDE_MAX, later=self.agenda.shortly)
        # What waits for long is not kept in memory: of those, only the operations are known.
        self._resting: dict[str, tuple[str, ...]] = {}
        self._oldest: deque[str] = deque()
        self.lasting = Lasting(self.agenda, clock, self.append, self._record)
        self.ends = Ends()
        # The billable steps of the executions that ended last.
        self.billed: deque[tuple[str, Steps]] = deque(maxlen=1000)
        self._thread = threading.Thread(target=self._loop, name="workflows-engine", daemon=True)

    # --- from other threads -------------------------------------------------------------------

    def start(self) -> None:
        """Take up what is unfinished."""
        rows = self._journal.read("SELECT id FROM executions WHERE state = 'ACTIVE' ORDER BY n")
        unfinished = iter([row["id"] for row in rows])
        self.agenda.post(lambda: self._take_up(unfinished))
        self._clock.on_jump(partial(self.agenda.post, nothing))
        self._thread.start()

    def stop(self) -> None:
        """End the thread; the journal keeps what was going on."""
        self.agenda.end()
        self._thread.join()
        self._operations.stop()
        self._beside.stop()

    def begin(self, execution: str) -> None:
        """Start an execution that is in the journal, or take it up again."""
        self.agenda.post(lambda: self._begin(execution))

    def drop(self, execution: str) -> None:
        """Forget an execution that ended from outside; from now on it has no effects."""
        live = self.lives.pop(execution, None)
        self._resting.pop(execution, None)
        if live is not None:
            self.agenda.post(partial(self.lasting.leave, live))
        self._announce(execution, live)

    def idle(self) -> bool:
        """Tell whether everything waits for a timer or a callback."""
        deadline = self.timers.next()
        return not self.agenda.busy and (deadline is None or deadline > self._clock.now())

    def next_deadline(self) -> datetime | None:
        """Return the earliest moment an execution waits for."""
        return self.timers.next()

    def _waits(self, execution: str, op: str) -> bool:
        live = self.lives.get(execution)
        if live is not None:
            return op in live.run.pending
        return op in self._resting.get(execution, ())

    # --- the thread ---------------------------------------------------------------------------

    def _loop(self) -> None:
        while self.agenda.wait():
            self.go_on()
        self.lasting.write()

    def go_on(self, stays: Callable[[], bool] = lambda: True, *, due: bool = True) -> None:
        """Do what is to be done while the thread *stays*, unless another does."""
        if not self.agenda.take():
            return
        try:
            while (message := self.agenda.next(stays)) is not None:
                self._do(message)
                for execution, op in self.timers.due(self._clock.now()) if due else ():
                    self.agenda.count(1)
                    self._do((partial(self._expire, execution, op), None))
                self._rest()
        except BaseException:  # noqa: BLE001 - the next message must be done
            _log.exception("the workflow engine met an error of its own")
            self.agenda.let_go()

    def go_on_once(self) -> None:
        """Do one thing that is to be done, unless another thread is at it; the rest is for the thread that waits."""
        left = iter((True,))
        self.go_on(lambda: next(left, False), due=False)

    def _do(self, message: Message) -> None:
        """Do what a message says; what needs a journal that cannot be read now is done again later."""
        act, live = message
        try:
            act()
        except UnavailableError:
            self.agenda.put_off(message)
            return
        except BaseException as error:  # noqa: BLE001 - one execution's trouble must not stop the others
            if live is None:
                _log.exception("the workflow engine met an error of its own")
            else:
                self.defect(live.run.id, error)
        self.agenda.done(message)

    def _expire(self, execution: str, op: str) -> None:
        """Complete an operation that has come due."""

        def expire(live: Live) -> None:
            if op in live.run.pending:
                self._operations.expired(live, op)

        self.reach(execution, expire)

    def _rest(self) -> None:
        """Let go of what waits for long, oldest first; the journal has all of it."""
        for _ in range(min(len(self.lives) - _LIVES_MAX, _RESTS_MAX)):
            execution = self._oldest.popleft()
            live = self.lives.get(execution)
            if live is None:
                continue
            if not live.may_rest:
                self._oldest.append(execution)
                return
            self._resting[execution] = tuple(live.run.pending)
            if self.lives.pop(execution, None) is None:
                self._resting.pop(execution, None)

    def awake(self, execution: str) -> Live | None:
        """Return an execution that is active, restored if it was resting."""
        if execution in self._resting:
            self._begin(execution)
        return self.lives.get(execution)

    def reach(self, execution: str, act: Callable[[Live], None]) -> None:
        """Do something with an execution if it is active; a defect in it ends that execution and no other."""
        if (live := self.awake(execution)) is None:
            return
        try:
            act(live)
        except UnavailableError:
            raise
        except BaseException as error:  # noqa: BLE001 - a defect ends one execution and no other
            self.defect(execution, error)

    def append(
        self,
        live: Live,
        work: Callable[[sqlite3.Connection], object],
        done: Callable[[], None] | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """Journal something of an execution with the steps it took if they are many, and if *whole* with all, and those it is in."""
        run, entries = live.run, live.run.recorder.take(whole=whole)
        self.lasting.note(live)
        number = live.handed

        def write(db: sqlite3.Connection) -> None:
            # A result is delivered before it is on disk, so what follows may be in the commit that refuses it.
            if live.refused is not None and live.refused < number:
                raise RuntimeError("what it follows was refused")
            live.refused = number
            records.write_entries(db, run.id, entries)
            work(db)
            live.refused = None

        def after() -> None:
            if done is not None and self.lives.get(run.id) is live:
                try:
                    done()
                except BaseException as error:  # noqa: BLE001 - a defect ends one execution and no other
                    self._broke(live, error)
            live.written += 1
            self.agenda.count(-1)

        def failed(error: Exception) -> None:
            live.broken = True
            self._broke(live, error)
            self.agenda.count(-1)

        self.agenda.count(1)
        live.handed += 1
        self._journal.append(write, after, failed)

    def _broke(self, live: Live, error: BaseException) -> None:
        """End an execution by a defect, soon; from here on nothing of it begins, whatever was handed over or is due."""
        self.lives.pop(live.run.id, None)
        self.agenda.post(partial(self.defect, live.run.id, error, live))

    def _take_up(self, unfinished: Iterator[str]) -> None:
        """Restore one execution after the other, so that those which only wait can rest again."""
        for execution in unfinished:
            self.begin(execution)
            self.agenda.post(lambda: self._take_up(unfinished))
            return

    def _begin(self, execution: str) -> None:
        if execution in self.lives:
            return
        try:
            restored = self._restorer.restore(execution, self._operations)
        except UnavailableError:
            raise
        except NewerError as error:
            self._resting.pop(execution, None)
            self._mark(execution, str(error))
            return
        except BaseException as error:  # noqa: BLE001 - a record that cannot be read
            self.defect(execution, error)
            return
        self._resting.pop(execution, None)
        if restored is None:
            return
        if restored.marked:
            self._record(lambda db: records.mark(db, execution, None), nothing)
        live = Live(restored.run, restored.inbox, is_child=restored.is_child)
        self.lives[execution] = live
        self._oldest.append(execution)
        if len(self._oldest) > 2 * (len(self.lives) + _LIVES_MAX):
            self._oldest = deque(id for id in self._oldest if id in self.lives)
        self._turn(live)

    def _turn(self, live: Live) -> None:
        """Let an execution go on until it waits."""
        run = live.run
        if self.lives.get(run.id) is not live:
            return
        try:
            run.advance()
            if run.work is not None:
                self._work(live, run.work)
                return
            if run.paused:
                self._pause(live)
                return
            if not live.restored:
                if run.replay():
                    self.agenda.post(lambda: self._turn(live), live)
                    return
                live.restored = True
                self._operations.recover(live)
            if run.outcome is not None:
                self._finish(live)
            else:
                self.lasting.note(live)
        except UnavailableError:
            raise
        except BaseException as error:  # noqa: BLE001 - a defect ends one execution and no other
            self.defect(run.id, error)
            return
        if live.backlog:
            self._next(live)

    def _pause(self, live: Live) -> None:
        """Give others their turn; the next one waits for the disk, so that a busy loop cannot flood the journal."""
        again = partial(self.agenda.post, partial(self._turn, live), live)
        if live.is_kept:
            again()
        else:
            self.append(live, _nothing_more, again)

    def _work(self, live: Live, work: Working) -> None:
        """Have something done on another thread that takes long, while other executions go on."""
        self.agenda.count(1)

        def worked(outcome: Outcome) -> None:
            live.run.worked(work, outcome)
            self.agenda.post(partial(self._turn, live), live)

        def do() -> None:
            try:
                outcome = work()
            except BaseException as error:  # noqa: BLE001 - a defect ends one execution and no other
                self.agenda.post(partial(self.defect, live.run.id, error))
            else:
                self.agenda.post(partial(worked, outcome), live)
            self.agenda.count(-1)

        self._beside.submit(do)

    def _next(self, live: Live) -> None:
        self.agenda.post(
            lambda: self.act(live, live.backlog.popleft()) if live.backlog else None, live
        )

    def act(self, live: Live, action: Callable[[], None]) -> None:
        """Do something to an execution once everything in it waits."""
        if self.lives.get(live.run.id) is not live:
            return
        if live.settled:
            try:
                action()
            except UnavailableError:
                raise
            except BaseException as error:  # noqa: BLE001 - a defect ends one execution and no other
                self.defect(live.run.id, error)
                return
            if live.backlog and live.settled:
                self._next(live)
        else:
            live.backlog.append(action)

    def complete(self, live: Live, op: str, ok: int, value: Value) -> None:
        """Journal and deliver a result once everything in the execution waits."""
        self.act(live, lambda: self.completed(live, op, ok, value))

    def completed(
        self, live: Live, op: str, ok: int, value: Value, payload: Payload | None = None
    ) -> None:
        """Journal a result, and the payload it came in, then deliver it."""
        run = live.run
        if op not in run.pending or run.outcome is not None:
            return
        used = run.pending[op].operation.kept or ok != RAN
        try:
            value = kept(value) if used else None
            # What came in a payload is written already.
            text = payload.text if payload and used else within("a result", dump, value)
        except Failure as failure:
            ok, value = FATAL if isinstance(failure, Fatal) else RAISED, failure.value
            text = dump(value)
        seq, schedule = run.seq + 1, run.schedule_hash
        self.append(
            live,
            lambda db: records.complete_op(
                db, run.id, op, seq, ok, text, schedule, payload and payload.number
            ),
        )
        run.deliver(op, ok, value)
        self._turn(live)

    def _finish(self, live: Live) -> None:
        run = live.run
        assert run.outcome is not None  # noqa: S101 - the caller saw it
        result, error = outcome_json(run.outcome.value, run.outcome.failure)
        state = records.SUCCEEDED if error is None else records.FAILED
        now = self._clock.now()
        self.billed.append((run.id, run.billed))

        def done() -> None:
            self.lives.pop(run.id, None)
            self._announce(run.id, live)

        self.append(
            live, lambda db: records.finish(db, run.id, state, result, error, now), done, whole=True
        )

    def _announce(self, execution: str, live: Live | None) -> None:
        """Tell who waits for the end of an execution, which is on disk; of one that rested, nothing is known here."""
        self.ends.tell(execution)
        if live is None or live.is_child:
            self.agenda.post(lambda: self._operations.child_ended(execution))

    def defect(self, execution: str, error: BaseException, live: Live | None = None) -> None:
        """End an execution that cannot go on, whatever the engine did wrong, and keep all it has, in memory as *live*."""
        if isinstance(error, DroppedError):
            return
        # What another error says may be about somebody, or about this machine.
        own = isinstance(error, DivergenceError)
        sentence = f"a defect of the engine: {error if own else 'the log says more'}"
        _log.error("the execution %s ended by %s", execution, sentence, exc_info=error)
        live = self.lives.pop(execution, live)
        if live is not None:
            try:
                self.lasting.keep(live)
            except BaseException:  # noqa: BLE001 - without the steps that it was in, it ends all the same
                _log.exception("the steps that the execution %s was in are not known", execution)
        self._resting.pop(execution, None)
        self._fail(execution, sentence, live)

    def _fail(self, execution: str, sentence: str, live: Live | None) -> None:
        """Write the end of an execution by a defect, and again until it is written."""
        failure, now = raised("SystemError", sentence), self._clock.now()

        def write(db: sqlite3.Connection) -> None:
            ended = records.finish(db, execution, records.FAILED, None, error_json(failure), now)
            if ended:
                records.mark(db, execution, sentence)

        def failed(error: Exception) -> None:
            _log.error("the end of the execution %s is not written", execution, exc_info=error)
            self.agenda.shortly(lambda: self._fail(execution, sentence, live))

        self._record(write, lambda: self._announce(execution, live), failed)

    def _mark(self, execution: str, sentence: str) -> None:
        """Say what an execution waits for that this release does not have."""
        _log.error("the execution %s needs attention: %s", execution, sentence)
        self._record(lambda db: records.mark(db, execution, sentence), nothing)

    def _record(
        self,
        work: Callable[[sqlite3.Connection], object],
        done: Act,
        failed: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self.agenda.count(1)

        def over(then: Act) -> None:
            try:
                then()
            finally:
                self.agenda.count(-1)

        self._journal.append(work, lambda: over(done), lambda error: over(partial(failed, error)))
