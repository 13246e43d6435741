"""What a late veto took out of service and nobody else had confirmed: whether it returns is asked, and a yes returns it."""

from shared.agents.actions.makers import made_by
from shared.agents.actions.publishing import publish
from shared.agents.events.releases import ReleaseRouted
from shared.agents.models.agents import Agent
from shared.agents.models.releases import Release
from shared.agents.rules import lifecycle, releases
from shared.approvals.actions import repeats
from shared.approvals.events.lifecycle import ApprovalExpired
from shared.approvals.events.questions import VetoLifted
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, ApprovalStatus, Consumer
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import binding, decisions, requests
from shared.approvals.rules.wording import named, quoted
from shared.entity import written
from shared.evidence import ApprovalRef
from shared.manifests.models.manifests import Manifest
from shared.operation import Call
from shared.store import Transaction

WINDOW_MIN = 1440
"""How long there is time to answer: a day, as long as there is to object."""


def ask(
    txn: Transaction, call: Call, veto: Veto, *, agent: Agent, manifest: Manifest, release: Release
) -> Veto:
    """Ask whether what was taken out of service returns, and return the veto that it was taken out for."""
    request = _question(agent, manifest, release, veto)
    makers = made_by(agent, manifest)
    # One veto asks for one return, and whoever names either means both.
    asked = requests.ask(
        request, id=veto.id, tenant=call.tenant, by=call.actor, at=call.now, makers=makers
    )
    repeats.ask(txn, asked, at=call.now)
    return veto.model_copy(update={"return_approval_id": asked.id})


def _question(agent: Agent, manifest: Manifest, release: Release, veto: Veto) -> ApprovalRequest:
    return ApprovalRequest(
        type="execution",
        gate="change",
        approval_class=f"agent.return:{agent.industry_code}:{agent.id}",
        subject_kind="change",
        subject=_subject(agent, release, veto),
        title=f"Put {named(agent.name)} back in service?"[:200],
        summary=f"{veto.issued_by} vetoed it ({veto.category}) at {written(veto.decided_at)}, too late to count by"
        " itself, and there was nobody else to confirm it. So it was taken out of service at once.\n\n"
        + quoted(veto.issued_by, veto.explanation),
        action_description="The agent is in service again as it was, and is watched closely for a week.",
        rationale="Without a yes it stays out of service.",
        alternatives=("Leave it out of service, or revise it",),
        risk="medium",
        blast_radius=manifest.content.safety.blast_radius,
        rollback_plan_ref=manifest.content.safety.rollback_plan_ref,
        urgency="hours",
        reversibility="reversible",
        governor_scope="platform",
        agent_id=agent.id,
        window_min=WINDOW_MIN,
    )


def carry_out(txn: Transaction, call: Call, approval: Approval) -> None:
    """Put back what was taken out, using up the yes; where it is not as it was, the yes is closed as unused."""
    if approval.status is not ApprovalStatus.APPROVED:
        return
    veto = txn.get_or_none(Veto, approval.id)
    agent = txn.get_or_none(Agent, approval.agent_id or "")
    if veto is None or agent is None or veto.return_approval_id != approval.id:
        _closed(txn, call, approval)
        return
    release = txn.get(Release, str(approval.subject["release_id"]))
    serving = txn.get(Release, agent.release_id) if agent.release_id else release
    manifest = txn.get(Manifest, agent.id)
    as_it_was = _subject(agent, release, veto) == dict(approval.subject)
    if not as_it_was or agent.status not in {"suspended", "deployed"}:
        _closed(txn, call, approval)
        return
    step = Consumer(run_id=agent.id, step_id=f"return-{veto.id}")
    question = _question(agent, manifest, release, veto)
    used = binding.consume(approval, by=step, question=question, at=call.now)
    txn.save(used, ApprovalConsumed.of(used))
    under = ApprovalRef(approval_id=used.id, action_digest=used.action_digest)
    _route(txn, release, serving, under)
    publish(txn, manifest, under)
    after = lifecycle.returned(agent, release, approval_id=used.id, at=call.now)
    by = lifecycle.decided_by(call.actor)
    told = lifecycle.changed(agent, after, by=by, reason="the return was approved")
    txn.save(after, told, approval=under)
    lifted = veto.model_copy(update={"lifted_at": call.now})
    txn.save(lifted, VetoLifted(approval_id=used.id), approval=under)


def _route(txn: Transaction, release: Release, serving: Release, under: ApprovalRef) -> None:
    if release.state == "live":
        return
    agent_id = release.agent_id
    if serving.id != release.id:
        aside = serving.model_copy(update={"traffic_percent": 0})
        txn.save(aside, ReleaseRouted(agent_id=agent_id, traffic_percent=0))
    routed = ReleaseRouted(agent_id=agent_id, traffic_percent=100)
    txn.save(releases.returned(release), routed, approval=under)


def _closed(txn: Transaction, call: Call, approval: Approval) -> None:
    unused = decisions.unused(approval, why="nobody_waits", at=call.now)
    txn.save(unused, ApprovalExpired.of(unused))


def _subject(agent: Agent, release: Release, veto: Veto) -> dict[str, str | int]:
    """Return what is put back: this release of this manifest, of an agent that was not specified again since."""
    return {
        "typ": "change/v1",
        "tenant_id": agent.tenant_id,
        "entity": f"agents/{agent.id}",
        "change": "return",
        "run_id": agent.workflow_id,
        "release_id": release.id,
        "veto_id": veto.id,
        "from_hash": "",
        "to_hash": agent.manifest_hash or "",
        "chain_version": 1,
    }
