"""
Serve one operation over HTTP: the only module that knows about requests.

Everything an operation can rely on happens here, in this order: size, identity, scope, tenant, arguments,
the repeated request, the operation itself, and one commit that holds its writes, its events and its
answer together.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import ValidationError

from shared.actors import Scope, story_of
from shared.bus import tap
from shared.documents import Write
from shared.edge import admission, denials
from shared.edge.answers import Answered
from shared.edge.arguments import TOO_DEEP, from_body, from_header, from_query, parsed
from shared.edge.calling import check, given, request_call
from shared.edge.conditions import CONDITIONS, seen
from shared.edge.contention import settled
from shared.edge.headers import APPROVAL, DECISION, KEY, STORY
from shared.edge.idempotency import Repetition
from shared.edge.logs import log_line
from shared.edge.meter import doing
from shared.edge.ports import Ports
from shared.edge.problems import Internal, explained, response
from shared.edge.rates import LimitReached, Standing, told
from shared.edge.streams import Open
from shared.edge.traces import Span, span
from shared.edge.web import Request, Response
from shared.errors import (
    BadRequest,
    EnforcementUnavailable,
    MethodNotAllowed,
    Refusal,
    TooLarge,
    UnsupportedType,
)
from shared.evidence import digest_of
from shared.files import Content, Files
from shared.operation import Call, Crossing, Operation
from shared.ports import SecretWriter

if TYPE_CHECKING:
    from shared.deciding import Decision

log = logging.getLogger("waooaw")

_DECIDING = frozenset({Scope.GOVERNANCE_WRITE, Scope.VETO_EXECUTE})
"""Who decides is always traced."""

KEEPING = frozenset({Files, SecretWriter})
"""The ports by which an operation changes what no write of its commit shows: its decision is kept, too."""

_MUTATING_HEADERS = (
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Correlation-ID, X-Audit-Reason,"
    " Last-Event-ID, X-API-Key, X-Approval-ID"
)
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Vary", "Origin"),
)
_EXPOSED = (
    "ETag, Location, Content-Disposition, X-Correlation-ID, X-Request-ID, X-Audit-Entry, Retry-After,"
    " X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset,"
    " X-Decision-ID, X-Budget-Alert-Level, X-Agent-Utilization, X-Platform-Utilization, X-Payload-Signature"
)

View = Callable[[Request], Response]


def view(op: Operation, ports: Callable[[], Ports], *, methods: Sequence[str] = ()) -> View:
    """
    Make an operation into a function the Functions Framework can call.

    Args:
        op: The operation.

        ports: What it reaches.

        methods: All that its address takes, where other operations answer there too.
    """
    check(op)
    allowed = ", ".join([*(methods or op.methods), "OPTIONS"])

    def serve(request: Request) -> Response:
        always = op.area == "approvals" or bool(op.scopes & _DECIDING)
        with span(request.headers.get("traceparent"), always=always) as here:
            return _Request(op, ports(), request, here, allowed).answer()

    return serve


class _Request:
    """One request on its way through an operation."""

    def __init__(
        self, op: Operation, ports: Ports, request: Request, here: Span, allowed: str
    ) -> None:
        self.op, self.ports, self.request, self.hop = op, ports, request, here
        self.allowed = allowed
        self.request_id = str(uuid4())
        self.correlation_id, self.story_named = str(uuid4()), False
        self.actor = admission.ANONYMOUS
        self.seen: frozenset[str] | None = None
        self.crossings: list[Crossing] = []
        self.stands: list[Standing] = []
        self.denied: Decision | None = None
        self.decision: dict[str, str | float] = {}
        self.told: dict[str, str] = {}

    def answer(self) -> Response:
        started = time.perf_counter()
        code = None
        if self.request.method == "OPTIONS":
            answer = Response(status=204)
        else:
            try:
                with doing(self.op.id):
                    done = self.done()
                    answer = self._open(done) if done.stream else done.sent(self.request)
            except Refusal as refusal:
                code = refusal.code
                answer = self._refused(refusal)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told as a defect of ours
                code = "internal"
                answer = self._refused(self._defect(error))
        self._head(answer)
        duration_ms = round((time.perf_counter() - started) * 1000, 1)
        self.ports.traffic.served(self.op.area, answer.status_code, duration_ms, self.ports.clock())
        log_line(
            self.op.id,
            answer.status_code,
            duration_ms,
            code=code,
            tenant=self.actor.tenant,
            ids={"correlation_id": self.correlation_id, "request_id": self.request_id},
            trace=self.hop.log_fields(self.ports.settings.project),
            crossings=self.crossings,
            decision=self.decision,
        )
        return answer

    def _open(self, done: Answered) -> Response:
        def ask(request: Request) -> Answered:
            with doing(self.op.id):
                return _Request(self.op, self.ports, request, self.hop, self.allowed).done()

        return Open(done, self.request, self.actor, admit=self._admit, ask=ask)

    # --- the steps -------------------------------------------------------------------------------

    def done(self) -> Answered:
        if self.request.method not in self.op.methods:
            raise MethodNotAllowed(f"this address takes {self.allowed}")
        raw = self._body()
        self._admit()
        if not STORY.allows(self.request.headers.get("X-Correlation-ID", self.correlation_id)):
            raise BadRequest("X-Correlation-ID is no UUID; leave it out, and one is made")
        path = admission.in_path(self.op, self.request.path)
        named = self.request.headers.get("X-Tenant-ID")
        tenant = admission.tenant_of(self.op, self.actor, path, named)
        arguments = self._arguments(path, raw)
        self.seen = seen(self.op, self.request.headers)

        def attempt(before: int) -> Answered:
            # What a repeated attempt reads and writes is counted by itself.
            with doing(self.op.id) if before else nullcontext():
                return self._run(tenant, path, arguments, raw, again=before > 0)

        return settled(attempt)

    def _body(self) -> bytes:
        limit = self.op.max_bytes
        length = self.request.content_length
        raw = b"" if length and length > limit else self.request.body(limit + 1)
        if len(raw) > limit or (length and length > limit):
            raise TooLarge(f"a body here is at most {limit} bytes")
        types = self.op.media_types
        if raw and self.op.mutates and types and self.request.mimetype not in types:
            raise UnsupportedType(f"send the body as {' or '.join(types)}")
        return raw

    def _admit(self) -> None:
        """Let nobody in whom the operation's scopes do not name."""
        try:
            self.actor = admission.identified(self.op, self.ports, dict(self.request.headers))
        finally:
            admission.count(self.op, self.actor, self.ports, self.request, self.stands)
        if self.op.public:
            return
        if not self.op.mutates:
            with doing("edge.roster"):
                self.ports.note(self.actor)
        # Nobody names a story before it is known whose it may be.
        named = self.request.headers.get("X-Correlation-ID")
        self.correlation_id, self.story_named = story_of(self.actor.tenant, named)
        admission.admit(self.op, self.actor, self.ports.clock())

    def _arguments(self, path: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
        query = self.request.query
        arguments = dict(path)
        try:
            for name, kind in self.op.in_headers.items():
                said = self.op.headers[name].name
                arguments[name] = from_header(kind, said, self.request.headers.get(said))
            for name, model in self.op.in_query.items():
                arguments[name], query = from_query(model, query), {}
            for name, model in self.op.in_body.items():
                if model is Content:
                    arguments[name] = Content(self.request.mimetype, raw)
                else:
                    strangers = self.op.dialect.strangers
                    arguments[name] = from_body(model, raw, strangers=strangers)
        except ValidationError as error:
            raise explained(error) from error
        except RecursionError as error:
            raise BadRequest(TOO_DEEP) from error
        if query:
            raise BadRequest(f"there is no parameter {next(iter(query))} here; leave it out")
        if not self.op.in_body and raw and parsed(raw) != {}:
            raise BadRequest("this takes no body; leave it out")
        return arguments

    def _run(
        self,
        tenant: str,
        path: Mapping[str, Any],
        arguments: Mapping[str, Any],
        raw: bytes,
        *,
        again: bool,
    ) -> Answered:
        """
        Run the operation once and commit everything it did, with its answer, at once.

        What it answered to the same request before is answered again: *again*, where a commit failed, and
        before any run is refused or commits nothing.
        """
        call, self.denied = self._call(tenant, path), None
        self.told = call.told
        repetition = self._repetition(call, raw)
        if repetition and again:
            with doing("edge.again"):
                stored = repetition.answer()
            if stored:
                return Answered.again(stored)
        try:
            decision = self._decided(call, arguments, raw) if self.op.mutates else None
            result = self.op.function(call, **arguments, **given(self.op, self.ports, tenant))
        except Refusal:
            # It may be built on what this very request did meanwhile, by another of its runs.
            if repetition and (stored := repetition.answer()):
                self.denied = None
                return Answered.again(stored)
            raise
        if repetition and not call.writes and (stored := repetition.answer()):
            return Answered.again(stored)
        done = Answered.of(result, call, self.op)
        self.crossings = call.crossings
        kept: list[Write] = []
        if decision:
            kept = self._attested(decision, call, done)
        if call.writes or kept:
            if repetition and call.writes:
                kept.append(repetition.keeping(done.status, done.text, done.headers))
            self.ports.documents.commit([*call.writes, *kept])
            if call.urgent:
                self.ports.bus.publish([tap(entry) for entry in call.entries])
        return done

    def _decided(self, call: Call, arguments: Mapping[str, Any], raw: bytes) -> "Decision":
        """
        Have the rules decide whether it may be done, before anything of it is.

        Raises:
            Refusal: It may not, or not yet, or nobody can decide.
        """
        from shared.edge import decision_point, verdicts
        from shared.edge.decided import told

        presented = self.request.headers.get(APPROVAL.name)
        if presented is not None and not APPROVAL.allows(presented):
            raise BadRequest(f"{APPROVAL.name} is no id of an approval")
        sent = decision_point.Sent(approval_id=presented, whole=partial(self._whole, raw))
        environment = self.ports.settings.environment
        question = decision_point.asked(self.op, call, arguments, environment, sent)
        decided = decision_point.decide(question, call, self.ports, in_freeze=self.op.in_freeze)
        call.told.update(decided.headers)
        decision, txn = decided.decision, call.begin()
        self.decision = told(decision)
        self.denied = None if decided.allows else decision
        decision_point.admitted(txn, question, decision)
        if not decided.allows:
            refusal = verdicts.refusal(decision)
            if isinstance(refusal, EnforcementUnavailable):
                # What is to be sent again is not denied.
                self.denied = None
            if decision.approval:
                from shared.edge.approving import asking

                make = partial(self._asked, call.tenant, story_named=self.story_named)
                refusal = asking(self.ports, make, question, decision)
            raise refusal
        txn.attest(decision.decision_id, decided.policy)
        call.routed(verdicts.demand(decision, self.request, self.actor, self.ports.rates))
        return decision

    def _whole(self, raw: bytes) -> dict[str, Any]:
        """Return all that a request asks for, in whatever order and with whatever spaces it is written."""
        if self.op.content:
            body: Any = {"type": self.request.mimetype, "sha256": digest_of(raw)}
        else:
            body = parsed(raw) if raw else {}
        said = {h.name: self.request.headers.get(h.name) for h in self.op.headers.values()}
        address = f"{self.op.method} {self.request.full_path}"
        return {"address": address, "headers": said, "body": body}

    def _attested(self, decision: "Decision", call: Call, done: Answered) -> list[Write]:
        """Meet what is left of a decision on the answer, and return the writes that keep it where no entry does."""
        from shared.edge import decision_point, verdicts

        verdicts.answer(done, decision, self.ports.signer)
        elsewhere = not KEEPING.isdisjoint(self.op.ports.values())
        if call.writes or elsewhere:
            call.keep_alongside()
            done.headers[DECISION.name] = decision.decision_id
        if call.entries or not (call.writes or elsewhere):
            return []
        return [decision_point.kept(decision, call.tenant, self.ports.signer)]

    def _call(self, tenant: str, path: Mapping[str, Any]) -> Call:
        return self._asked(
            tenant,
            story_named=self.story_named,
            if_match=self.seen,
            addressed=frozenset(str(value) for value in path.values()),
            writable=self.op.writable,
        )

    def _asked(self, tenant: str, **said: Any) -> Call:
        return request_call(
            self.ports,
            actor=self.actor,
            tenant=tenant,
            operation=self.op.id,
            correlation_id=self.correlation_id,
            causation_id=f"req:{self.request_id}",
            traceparent=self.hop.traceparent,
            **said,
        )

    def _repetition(self, call: Call, raw: bytes) -> Repetition | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is None or not self.op.mutates:
            return None
        if not KEY.allows(key):
            raise BadRequest("an Idempotency-Key has 1 to 255 printable characters, and no space")
        request = f"{self.op.method} {self.request.full_path}\n".encode() + raw
        for header in self.op.headers.values():
            request += f"\n{self.request.headers.get(header.name)}".encode()
        told = [(name, self.request.headers.get(name)) for name in CONDITIONS]
        conditions = "".join(f"\n{name}: {said}" for name, said in told if said is not None)
        return Repetition(self.ports.documents, call, key, request, conditions.encode())

    # --- around them -----------------------------------------------------------------------------

    def _refused(self, refusal: Refusal) -> Response:
        # Denials and failures are traced to the last one.
        self.hop.sampled = self.hop.sampled or refusal.status == 403 or refusal.status >= 500
        first = isinstance(refusal, LimitReached) and refusal.first
        decision = self.denied or refusal.decision
        if self.op.audited or decision or first:
            # It is entered on the caller's own stream, also where they only read; what a service asked for a customer, in
            # that customer's tenant. Its story is the one that the answer names: by that it is looked for.
            make = partial(self._asked, refusal.tenant or self.actor.tenant)
            try:
                entered = denials.record(self.ports, make, refusal, decision)
                if entered:
                    self.told |= {DECISION.name: entered}
                    refusal.members = {**refusal.members, "decision_id": entered}
            except Refusal as unavailable:
                refusal = unavailable
            except Exception as error:  # noqa: BLE001 - the same
                refusal = self._defect(error)
        return response(
            refusal,
            path=self.request.path,
            correlation_id=self.correlation_id,
            dialect=self.op.dialect,
        )

    def _defect(self, error: Exception) -> Refusal:
        told = {"correlation_id": self.correlation_id}
        log.error("%s failed", self.op.id, extra=told, exc_info=error)
        return Internal("this one is on us; quote the correlation id")

    def _head(self, answer: Response) -> None:
        headers = answer.headers
        if answer.status_code == 405 or self.request.method == "OPTIONS":
            headers["Allow"] = self.allowed
        headers.setdefault("Cache-Control", "no-store")
        for name, said in _ALWAYS:
            headers.add_header(name, said)
        headers["X-Correlation-ID"] = self.correlation_id
        for name, said in [*self.told.items(), *told(self.stands)]:
            headers[name] = said
        headers["X-Request-ID"] = self.request_id
        headers["traceparent"] = self.hop.traceparent
        origin = self.request.headers.get("Origin")
        if origin in self.ports.settings.origins:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Credentials"] = "true"
            headers["Access-Control-Expose-Headers"] = _EXPOSED
            headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
            headers["Access-Control-Allow-Headers"] = _MUTATING_HEADERS
            headers["Access-Control-Max-Age"] = "3600"
