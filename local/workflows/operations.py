"""What executions do to the world: begin operations, take them up again, and complete them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from local.clock import Clock
from local.workflows import records
from local.workflows.boundary import translated
from local.workflows.callbacks import Callbacks
from local.workflows.connectors import Connectors, returned
from local.workflows.effects import Effects
from local.workflows.errors import DroppedError, Failure, Fatal, raised
from local.workflows.functions.effects import CHILD_TIMEOUT_S, SEVERITIES, YEAR_S
from local.workflows.http import Http
from local.workflows.live import Live
from local.workflows.operators import as_text
from local.workflows.restoring import Restorer
from local.workflows.scheduler import FATAL, RAISED, RAN, Pending, Run
from local.workflows.services.refusals import refused
from local.workflows.strands import Operation
from local.workflows.values import Value, digest, dump, load, measured, to_json
from shared.texts import printable

if TYPE_CHECKING:
    from local.workflows.engine import Engine

# What is sent by a thread of its own, and may be under way when the process ends.
_SENT = {"http", "connector"}


class Operations:
    """Carry out the operations of all executions; *engine* delivers what came of them."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        http: Http,
        connectors: Connectors,
        restorer: Restorer,
        callbacks: Callbacks,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._http = http
        self._connectors = connectors
        self._restorer = restorer
        self._callbacks = callbacks
        self._effects = Effects(after=engine.go_on, later=engine.agenda.shortly)
        callbacks.arrived, callbacks.follow = self.arrived, engine.go_on_once

    def stop(self) -> None:
        """Begin no more effects."""
        self._effects.stop()

    def _live(self, run: Run) -> Live:
        """Return where an execution lives; one that was cancelled, or ended otherwise, lives nowhere."""
        live = self._engine.lives.get(run.id)
        if live is None or live.run is not run:
            raise DroppedError
        return live

    # --- operations ---------------------------------------------------------------------------

    def start_operation(self, run: Run, pending: Pending) -> None:
        """Journal a new operation, then begin its effect."""
        live = self._live(run)
        if not live.restored:
            live.deferred.append(pending)
            return
        self._start(live, pending)

    def _start(self, live: Live, pending: Pending) -> None:
        run, operation, now = live.run, pending.operation, self._clock.now()
        deadline = self._deadline(operation.arguments, operation.kind, now)
        callback = None
        if operation.kind == "await":
            callback = operation.arguments["url"].rpartition("/")[2]

        def write(db: sqlite3.Connection) -> None:
            records.start_op(
                db,
                run.id,
                pending.op,
                operation.kind,
                pending.args_hash,
                now,
                deadline=deadline,
                callback=callback,
            )
            if operation.kind == "child":
                self._restorer.create_child(db, run.id, pending.op, operation.arguments, now)

        self._engine.append(live, write, lambda: self._effect(live, pending))
        if deadline is not None:
            self._engine.timers.set(deadline, run.id, pending.op)
        if operation.kind == "await":
            self._await(live, pending, callback or "")

    def _deadline(self, arguments: Value, kind: str, now: datetime) -> datetime | None:
        """Return when an operation is over by itself; an http step watches its own time."""
        if kind == "await":
            return now + timedelta(seconds=arguments["timeout"])
        if kind in {"sleep", "backoff"}:
            if "until" in arguments:
                # What has passed is over at once, and so is what is too far away: that is an error then.
                near = 0 < arguments["until"] - now.timestamp() <= YEAR_S
                return datetime.fromtimestamp(arguments["until"], UTC) if near else now
            return now + timedelta(seconds=arguments["seconds"])
        if kind == "child":
            return now + timedelta(seconds=arguments.get("timeout", CHILD_TIMEOUT_S))
        return None

    def _effect(self, live: Live, pending: Pending) -> None:
        """Begin what an operation does outside; its start is on disk."""
        kind, arguments = pending.operation.kind, pending.operation.arguments
        if kind in _SENT:
            self._engine.agenda.count(1)
            self._effects.submit(lambda: self._send(live, pending.op, kind, arguments))
        elif kind == "child":
            self._engine.agenda.post(lambda: self._child(live, pending.op), live)

    def _send(self, live: Live, op: str, kind: str, arguments: Value) -> None:
        """Send a request, on a thread for effects; what would end the thread ends the execution."""
        try:
            ok, value = self._sent(live, op, kind, arguments)
        except BaseException as error:  # noqa: BLE001 - the execution must not wait for ever
            defect = partial(self._engine.defect, live.run.id, error)
            self._engine.agenda.bring(defect, live)
        else:
            self._engine.agenda.bring(lambda: self._engine.complete(live, op, ok, value), live)

    def _sent(self, live: Live, op: str, kind: str, arguments: Value) -> tuple[int, Value]:
        """Send a request, and return what the workflow learns of it."""
        try:
            if kind == "http":
                # It is asked at the last moment whether the execution goes on: to connect may take long.
                before = partial(self._live, live.run)
                return RAN, self._http.send(arguments, live.run.deployed, before)
            self._live(live.run)
            answer = self._connectors.send(arguments, f"{live.run.id}/{op}")
            return RAN, returned(arguments, answer)
        except DroppedError:
            raise
        except Exception as error:  # noqa: BLE001 - the workflow has to learn that it failed
            failure = translated(error, "a request")
            if isinstance(failure, Failure):
                return FATAL if isinstance(failure, Fatal) else RAISED, failure.value
            return RAISED, raised("ConnectionFailedError", str(failure)).value

    def _await(self, live: Live, pending: Pending, callback: str) -> None:
        if pending.operation.arguments["url"] not in live.run.callbacks:
            error = raised("ValueError", "the callback is not one of this execution").value
            self._later(live, pending.op, RAISED, error)
            return
        live.inbox.wait(callback, pending.op)
        self._engine.agenda.post(
            lambda: self._engine.act(live, lambda: self._match(live, callback)), live
        )

    def arrived(self, execution: str, callback: str, payload: int, request: str) -> None:
        """Deliver a payload that is safe on disk; who took it goes on with it, whatever thread tells of it."""
        self._engine.agenda.count(1)
        self._engine.agenda.bring(lambda: self._payload(execution, callback, payload, request))

    def _payload(self, execution: str, callback: str, payload: int, request: str) -> None:
        def deliver(live: Live) -> None:
            live.inbox.add(callback, payload, request)
            self._engine.act(live, lambda: self._match(live, callback))

        self._engine.reach(execution, deliver)

    def expired(self, live: Live, op: str) -> None:
        """Complete an operation whose deadline passed; what came of it before that is delivered first."""
        operation = live.run.pending[op].operation
        if operation.kind == "await":
            callback = operation.arguments["url"].rpartition("/")[2]
            self._engine.act(live, lambda: self._match(live, callback))
            error = raised("TimeoutError", "no callback came in time").value
            self._engine.complete(live, op, RAISED, error)
        elif operation.kind == "child":
            self._child(live, op)
            error = raised("TimeoutError", "the execution did not end in time").value
            self._engine.complete(live, op, RAISED, error)
        elif operation.arguments.get("until", 0) > self.seconds() + 1:
            error = raised("ValueError", "time must lie at most one year ahead").value
            self._engine.complete(live, op, RAISED, error)
        else:
            self._engine.complete(live, op, RAN, None)

    def _match(self, live: Live, callback: str) -> None:
        """Give the oldest payload to the oldest wait that is still on."""
        found = live.inbox.match(callback, live.run.pending)
        if found is not None:
            op, payload = found
            self._engine.completed(live, op, RAN, load(payload.text), payload)
            self._engine.act(live, lambda: self._match(live, callback))

    def recover(self, live: Live) -> None:
        """Take up the operations that were open when the process ended."""
        for pending in list(live.run.pending.values()):
            record, operation = pending.record, pending.operation
            if record is None:
                continue
            if record.deadline is not None:
                self._engine.timers.set(record.deadline, live.run.id, pending.op)
            if operation.kind == "await":
                self._await(live, pending, record.callback or "")
            elif operation.kind == "child" or self._may_repeat(operation):
                self._effect(live, pending)
            elif operation.kind in _SENT:
                arguments = operation.arguments
                where = arguments["url" if operation.kind == "http" else "path"]
                error = raised(
                    "ConnectionError",
                    "the platform stopped while the request was under way; "
                    f"the outcome is unknown: {arguments['method']} {where}",
                ).value
                self._later(live, pending.op, RAISED, error)
        for pending in live.deferred:
            self._start(live, pending)
        live.deferred.clear()

    def _may_repeat(self, operation: Operation) -> bool:
        """Tell whether a request that was under way may be sent again."""
        if operation.kind == "http":
            return self._http.may_repeat(operation.arguments)
        return operation.kind == "connector" and self._connectors.may_repeat(operation.arguments)

    def _later(self, live: Live, op: str, ok: int, value: Value) -> None:
        self._engine.agenda.post(lambda: self._engine.complete(live, op, ok, value), live)

    def child_ended(self, child: str) -> None:
        """Tell the parent, if an execution has one."""
        parent = self._restorer.parent(child)
        if parent is not None:
            execution, op = parent
            self._engine.reach(execution, lambda live: self._child(live, op))

    def _child(self, live: Live, op: str) -> None:
        """Start a child execution that was not started, or take the outcome of one that ended."""
        pending = live.run.pending.get(op)
        if pending is None:
            return
        arguments = pending.operation.arguments
        child = self._restorer.child(live.run.id, op)
        if child is None:
            error = refused("NOT_FOUND", f"there is no workflow '{arguments['workflow']}'").value
            self._engine.complete(live, op, RAISED, error)
            return
        found = self._restorer.child_outcome(child, arguments["tag"])
        if found is None:
            self._engine.begin(child)
        if "unawaited" in arguments:
            found = True, None
        if found is not None:
            self._engine.complete(live, op, RAN if found[0] else RAISED, found[1])

    # --- what is over at once -----------------------------------------------------------------

    def seconds(self) -> float:
        """Return the seconds since 1970."""
        return self._clock.now().timestamp()

    def instant(
        self, run: Run, op: str, kind: str, arguments: Value, compute: Callable[[], Value]
    ) -> Value:
        """Compute and journal something that is over at once."""
        value, hashed, now = compute(), digest(arguments), self._clock.now()
        text = dump(measured(value))
        self._engine.append(
            self._live(run),
            lambda db: records.instant_op(db, run.id, op, kind, hashed, text, now),
        )
        return value

    def create_callback(self, run: Run, op: str, method: str) -> Value:
        """Open an endpoint and journal it."""
        callback, url = self._callbacks.opened(run.workflow, run.id)
        value, hashed, now = {"url": url}, digest(method), self._clock.now()

        def write(db: sqlite3.Connection) -> None:
            records.instant_op(db, run.id, op, "callback", hashed, dump(value), now)
            self._callbacks.write(db, callback, run.id, op, method, now)

        self._engine.append(self._live(run), write)
        return value

    def log(self, run: Run, op: str, severity: str, data: Value) -> None:
        """Journal an entry, then log it as one line."""
        hashed, now = digest([severity, data]), self._clock.now()
        text = to_json(data) if isinstance(data, list | dict) else as_text(data)
        self._engine.append(
            self._live(run),
            lambda db: records.instant_op(db, run.id, op, "log", hashed, "null", now),
            lambda: logging.getLogger("workflows.log").log(
                SEVERITIES[severity], "%s %s: %s", run.workflow, run.id, printable(text)
            ),
        )
