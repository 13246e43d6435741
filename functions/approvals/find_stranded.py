from datetime import timedelta

from shared.actors import PLATFORM
from shared.agents.events.workflows import RunStranded
from shared.agents.models.runs import GOING, PipelineRun
from shared.agents.rules import turns
from shared.approvals.actions import answerable
from shared.approvals.events.questions import ApprovalStranded
from shared.approvals.models.approvals import OPEN, Approval
from shared.approvals.models.records import Stranded, Why
from shared.approvals.rules import stranding
from shared.approvals.rules.people import People
from shared.outside import Workflows
from shared.queries import OneOf
from shared.reaction import ReactionCall, reaction
from shared.waiting import Wait

AT_ONCE = 100
LATER = "what begins meanwhile is looked at in an hour"
OF_ALL = "nothing may wait for nobody, in any tenant"


@reaction(every=timedelta(hours=1))
def find_stranded(call: ReactionCall, workflows: Workflows) -> None:
    """
    Find what waits for nobody: open questions, and runs that nobody carries out.

    Each becomes a promise of its own, so whatever their number, one commit stays small. It is kept at once; but for a
    run that was not begun, which a freeze may have kept from it until now: in an hour, unless it is begun by then.
    """
    questions = _questions(call, workflows)
    runs = _runs(call, workflows)
    for approval, why in questions:
        with call.within(approval.tenant_id, OF_ALL) as txn:
            told = ApprovalStranded(why=why, owner=approval.owner)
            txn.schedule(told, at=call.now, about=approval)
    for run in runs:
        with call.within(PLATFORM, OF_ALL) as txn:
            at = call.now if run.execution else call.now + turns.UNBEGUN
            txn.schedule(RunStranded(execution=run.execution), at=at, about=run)


def _questions(call: ReactionCall, workflows: Workflows) -> list[tuple[Approval, Why]]:
    found, cursor, rosters = [], None, dict[str, People | None]()
    while True:
        page = call.each_tenant(OF_ALL).find(
            Approval, order="expires_at", status=OneOf(OPEN), cursor=cursor
        )
        for approval in page.items:
            with call.within(approval.tenant_id, OF_ALL) as txn:
                known = txn.get_or_none(Stranded, approval.id)
                wait = txn.get_or_none(Wait, approval.id)
            there = wait is None or any(map(workflows.waits, wait.urls))
            if approval.tenant_id not in rosters:
                rosters[approval.tenant_id] = _people(call, approval.tenant_id)
            known_here = rosters[approval.tenant_id]
            why = stranding.why(approval, known_here, waited_for=there, at=call.now)
            if why is not None and known is None:
                found.append((approval, why))
        cursor = page.next_cursor
        if cursor is None or len(found) >= AT_ONCE:
            return found[:AT_ONCE]


def _people(call: ReactionCall, tenant: str) -> People | None:
    with call.within(PLATFORM, OF_ALL) as platform, call.within(tenant, OF_ALL) as own:
        return answerable.people(platform, own if tenant != PLATFORM else None)


def _runs(call: ReactionCall, workflows: Workflows) -> list[PipelineRun]:
    found, cursor = [], None
    with call.within(PLATFORM, OF_ALL) as txn:
        while True:
            page = txn.loosely(LATER).find(PipelineRun, status=OneOf(GOING), cursor=cursor)
            for run in page.items:
                wait = txn.get_or_none(Wait, run.id)
                there = wait is None or any(map(workflows.waits, wait.urls))
                if turns.stranded(run, waited_for=there, at=call.now):
                    found.append(run)
            cursor = page.next_cursor
            if cursor is None or len(found) >= AT_ONCE:
                return found[:AT_ONCE]
