"""Two verdicts at once on one question, by two people or by one twice: on the web, the phone, or the agent it is about."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from threading import Barrier
from typing import Any, TypeVar
from uuid import uuid4

from functions.agents.request_agent_changes import AgentChanges, request_agent_changes
from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from functions.mobile.approve_on_phone import SignedAgreement, approve_on_phone
from functions.mobile.request_changes_on_phone import SignedChanges, request_changes_on_phone
from functions.mobile.veto_on_phone import veto_on_phone
from shared.actors import PLATFORM, Role
from shared.agents.models.agents import Agent
from shared.agents.models.creation import Story
from shared.agents.models.parts import APPROVAL
from shared.agents.models.runs import PipelineRun
from shared.agents.rules.questions import question
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Asking
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import binding
from shared.documents import Contended, Documents, Key
from shared.edge.keys import verify_ed25519
from shared.entity import Entity
from shared.errors import AlreadyDecided, Conflict
from shared.manifests.models.manifests import Manifest
from shared.mobile.models.queue import SignedVeto
from shared.store import Transaction
from tests.agents.catalogue import Kept
from tests.agents.test_rules import ACTED, opened
from tests.approvals.questions import EXAMPLE, WHY, approval
from tests.conftest import NOON
from tests.mobile.phone import OBJECTION, Phone
from tests.proofs.races import STATUS, put

E = TypeVar("E", bound=Entity)
GOLDEN = Path(__file__).parents[1] / "golden" / "0.2.0"
ON_PHONE: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "approve": ({}, approve_on_phone, SignedAgreement),
    "request_changes": ({"changes": ["Add a test."]}, request_changes_on_phone, SignedChanges),
    "veto": (OBJECTION, veto_on_phone, SignedVeto),
}
WAYS = (
    *product(("approve", "reject", "request_changes", "veto"), ("web",)),
    *product(ON_PHONE, ("phone",)),
    ("request_changes", "agent"),
)
"""What may be said, and where."""

WON, AGAIN, OVERRULED = "one won, the other was told", "the same again", "approved, then vetoed"
ENDS = {WON, AGAIN, OVERRULED}
AT = 10
BATCH = 40
THREADS = 8


@dataclass(frozen=True)
class Verdict:
    """What one person says, and how."""

    by: str
    verb: str
    way: str

    def given(self, approval: Approval, call: Any, phone: Phone) -> Any:
        """Say it, and return the answer."""
        id = approval.id
        if self.way == "phone":
            return self._signed(approval, call, phone)
        if self.way == "agent":
            wanted = AgentChanges(changes=("Add a test.",))
            return request_agent_changes(call, str(approval.agent_id), wanted)
        if self.verb == "approve":
            body = Agreement(expected_digest=approval.action_digest)
            return approve_approval(call, id, body)
        if self.verb == "reject":
            return reject_approval(call, id, Rejection(reason=WHY))
        if self.verb == "request_changes":
            return request_approval_changes(call, id, WantedChanges(changes=["Add a test."]))
        return create_veto(call, Objection.model_validate({"approval_id": id} | OBJECTION))

    def _signed(self, approval: Approval, call: Any, phone: Phone) -> Any:
        words, function, model = ON_PHONE[self.verb]
        body = phone.sign(approval, self.verb, at=AT, **words)
        return function(call, approval.id, model.model_validate(body), verify_ed25519)


def stored(kind: type[E]) -> E:
    """Return an entity as a release keeps it."""
    kept = json.loads((GOLDEN / f"{kind.collection}.json").read_text())
    return kind.from_stored(kept["document"]).model_copy(update={"audit": None})


@cache
def at_the_governor() -> tuple[PipelineRun, Manifest, Agent]:
    """Return a run that waits for the Governor, with the manifest and the agent that it is about."""
    run: PipelineRun = opened()
    for act in ("submit", *("enter", "judge") * 3, "enter"):
        run = ACTED[act](run, "pass", NOON)
    return run, stored(Manifest), stored(Agent)


def of_an_agent(txn: Transaction, id: str) -> Approval:
    """Put an agent at stage 6, and return the question about it."""
    agent_id, run_id = str(uuid4()), str(uuid4())
    run, manifest, agent = at_the_governor()
    run = run.model_copy(update={"id": run_id, "agent_id": agent_id})
    manifest = manifest.model_copy(update={"id": agent_id})
    made = {"id": agent_id, "workflow_id": run_id, "release_id": None, "release_state": "none"}
    agent = agent.model_copy(update=made | {"status": "draft", "deployed_version": None})
    for entity in (run, manifest, agent):
        txn.create(entity, Kept())
    asks = question(Story(run, agent, manifest), APPROVAL, job_role="JOB-HC-001")
    asked: Approval = approval(**asks.to_stored() | {"evidence_refs": EXAMPLE["evidence_refs"]})
    key = binding.identity(asks, asked.steps)
    txn.create(Asking(id=key, approval_id=id))
    return asked.model_copy(update={"id": id})


class Pairs:
    """Two Governors with their phones, and a store."""

    def __init__(self, documents: Documents, call_as: Callable[..., Any], seed: int) -> None:
        self.documents, self.call_as, self.random = documents, call_as, Random(seed)
        self.phones = {who: Phone(call_as, Role.GOVERNOR, id=who) for who in ("asha", "ben")}
        for phone in self.phones.values():
            phone.register()

    def hold(self, count: int) -> Counter[str]:
        """Hold that many pairs of verdicts, each two at once, and return how each ended."""
        ways = self._pairs()
        ends = Counter[str]()
        with ThreadPoolExecutor(THREADS) as pool:
            while ends.total() < count:
                batch = put(
                    self.documents, self.call_as, min(BATCH, count - ends.total()), of_an_agent
                )
                races = [(question, next(ways), Barrier(2)) for question in batch]
                # A pair's two are neighbours, so each meets the other.
                said = [
                    pool.submit(self._say, verdict, question, start)
                    for question, pair, start in races
                    for verdict in pair
                ]
                for n, (question, pair, _) in enumerate(races):
                    answers = [one.result() for one in said[2 * n : 2 * n + 2]]
                    ends[self._judge(question, pair, answers)] += 1
        return ends

    def _pairs(self) -> Iterator[tuple[Verdict, Verdict]]:
        every = [(a, b, who) for a, b in product(WAYS, WAYS) for who in ("ben", "ben", "asha")]
        while True:
            for (first, way), (second, other), who in self.random.sample(every, len(every)):
                yield Verdict("asha", first, way), Verdict(who, second, other)

    def _say(self, verdict: Verdict, question: Approval, start: Barrier) -> Any:
        start.wait()
        while True:
            call = self.call_as(Role.GOVERNOR, id=verdict.by, at=AT, commits=False)
            try:
                answer = verdict.given(question, call, self.phones[verdict.by])
                if call.writes:
                    self.documents.commit(call.writes)
                answered = [one.key.collection == Approval.collection for one in call.writes]
                return answer, any(answered)
            except (AlreadyDecided, Conflict) as refusal:
                return refusal, False
            except Contended:
                continue

    def _judge(self, question: Approval, pair: tuple[Verdict, Verdict], answers: list[Any]) -> str:
        """Hold a pair to the claims, and say how it ended."""
        snapshot = self.documents.get(Key(PLATFORM, Approval.collection, question.id))
        assert snapshot is not None
        after = Approval.from_stored(snapshot.data)
        done = [verdict for verdict, (_, wrote) in zip(pair, answers, strict=True) if wrote]
        told = [
            (verdict, answer)
            for verdict, (answer, wrote) in zip(pair, answers, strict=True)
            if not wrote
        ]
        said = [(one.approver_id, one.verb) for one in after.decisions]
        assert sorted(said) == sorted((verdict.by, verdict.verb) for verdict in done)
        assert after.status == STATUS[after.last.verb]
        if len(done) == 2:
            # An objection to what was approved a moment before is the veto of a yes, and unmakes it.
            assert [verb for _, verb in said] == ["approve", "veto"]
            return OVERRULED
        ((loser, answer),) = told
        if {verdict.way for verdict in pair} == {"agent"} and not isinstance(
            answer, AlreadyDecided
        ):
            # It is with its author again: there is nothing left to send back.
            assert answer.violations[0].rule == "stage_conflict"
            return WON
        if (loser.by, loser.verb) == said[0] and not isinstance(answer, AlreadyDecided):
            assert answer == after or isinstance(answer, Veto | PipelineRun)
            return AGAIN
        assert isinstance(answer, AlreadyDecided), (pair, answer)
        assert (answer.members["decided_by"], answer.members["decided"]) == said[0]
        return WON
