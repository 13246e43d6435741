"""Stage 2: what an author submits, and what it lacks."""

from collections.abc import Sequence
from datetime import datetime

from shared.agents.models.agents import Agent
from shared.agents.models.blueprint import Blueprint
from shared.agents.models.parts import AUTHORING
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import pipeline, turns
from shared.agents.rules.composition import Composition
from shared.agents.rules.me_wow import completeness, gaps
from shared.constitution import CONSTITUTION_VERSION
from shared.errors import Conflict, Invalid
from shared.genesis.models.evidence import TestEvidence
from shared.manifests import rules as manifests
from shared.manifests.models.manifests import Manifest, ManifestContent

COMPLETE = 100


def authoring(run: PipelineRun) -> None:
    """
    Make sure that the author's turn has not passed.

    Raises:
        Conflict: It has.
    """
    turns.going(run)
    record = run.latest(AUTHORING)
    if run.current_stage != AUTHORING or record is None or not record.open:
        raise Conflict(
            f"the workflow is at stage {run.current_stage}, where what was submitted is reviewed; it may be sent"
            " anew once a reviewer sends it back",
            rule="stage_conflict",
        )


def drafted(
    agent: Agent,
    before: Manifest | None,
    content: ManifestContent,
    *,
    asked_by: str,
    by: str,
    at: datetime,
) -> Manifest:
    """Return the agent's manifest with *content* as its draft; whoever asked for the run made it too."""
    first = Manifest(
        id=agent.id,
        tenant_id=agent.tenant_id,
        created_at=at,
        updated_at=at,
        governance_agent_id=agent.governance_agent_id,
        agent_name=agent.name,
        industry_id=agent.industry_id,
        job_role_id=agent.job_role_id,
        manifest_hash=manifests.content_hash(
            content,
            agent_id=agent.id,
            job_role_id=agent.job_role_id,
            constitution_version=CONSTITUTION_VERSION,
        ),
        constitution_version=CONSTITUTION_VERSION,
        content=content,
        created_by=by,
        authors=tuple(dict.fromkeys((agent.initiated_by, asked_by, by))),
    )
    return manifests.drafted(before, first, at=at)


def submitted(
    run: PipelineRun, blueprint: Blueprint, manifest: Manifest, parts: Composition, *, at: datetime
) -> PipelineRun:
    """
    Return the run with what its author submitted; where nothing is missing, stage 2 has passed.

    Raises:
        Conflict: It is not the author's turn, or the author's time is over.
        Invalid: A report does not have the digest it names.
    """
    authoring(run)
    _intact(blueprint.test_evidence)
    found = gaps(blueprint.me_wow, blueprint.manifest, parts.ground)
    percent = completeness(found)
    record = run.stages[-1].model_copy(update={"manifest_hash": manifest.manifest_hash})
    run = run.model_copy(
        update={
            "me_wow": blueprint.me_wow,
            "me_wow_hash": blueprint.me_wow.hash,
            "completeness": percent,
            "gaps": found,
            "test_evidence": blueprint.test_evidence,
            "deployment_plan": blueprint.deployment_plan,
            "manifest_hash": manifest.manifest_hash,
            "stages": (*run.stages[:-1], record),
        }
    )
    return pipeline.passed(run, AUTHORING, at=at) if percent == COMPLETE else run


def unchanged(before: PipelineRun, after: PipelineRun) -> bool:
    """Say whether what came back to its author was submitted again as it was."""
    parts = ("me_wow", "manifest_hash", "test_evidence", "deployment_plan")
    return before.sent_back is not None and all(
        getattr(before, part) == getattr(after, part) for part in parts
    )


def _intact(evidence: Sequence[TestEvidence]) -> None:
    for item in evidence:
        if not item.intact:
            raise Invalid(
                f"the report of kind {item.kind} does not have the digest it names",
                rule="evidence_digest",
            )
