"""When a manifest holds, what its hash covers, and how its line moves on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.canonical import canonical, digest
from shared.constitution import CERTIFIED_VERSION, FIRST_VERSION, wild
from shared.detectors import secrets_in
from shared.errors import ApprovalMismatch, Conflict, Violation
from shared.genesis.models.parts import DataAccess
from shared.manifests.models.manifests import (
    Certificate,
    Change,
    Manifest,
    ManifestContent,
    Reviewed,
)
from shared.manifests.models.parts import Integration

GATE_OF = {
    "publish": "communication",
    "post": "communication",
    "send": "communication",
    "place_order": "financial",
    "close_position": "financial",
}
"""The approval type that an action needs wherever it happens."""

STRENGTH = ("none", "artifact", "communication", "execution", "financial", "constitutional")
"""Approval types from weak to strong."""

_ORDERED = frozenset({"components"})


def content_hash(
    content: ManifestContent, *, agent_id: str, job_role_id: str, constitution_version: str
) -> str:
    """
    Return the manifest's hash: the same however keys and set items are ordered.

    The version is not covered: it is assigned after the approval, which names this hash.
    """
    return stored_hash(
        content.to_stored(),
        agent_id=agent_id,
        job_role_id=job_role_id,
        constitution_version=constitution_version,
    )


def stored_hash(
    content: Mapping[str, Any], *, agent_id: str, job_role_id: str, constitution_version: str
) -> str:
    """Return the hash of a manifest whose content is as it was stored."""
    body = {
        **_normal(content),
        "agent_id": agent_id,
        "job_role_id": job_role_id,
        "constitution_version": constitution_version,
    }
    return digest(body)


def _normal(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _normal(item, key) for key, item in value.items()}
    if isinstance(value, list):
        items = [_normal(item) for item in value]
        return items if name in _ORDERED else sorted(items, key=canonical)
    return value


def drafted(before: Manifest | None, draft: Manifest, *, at: datetime) -> Manifest:
    """
    Return the line with another draft; what was certified, or released and taken back, is superseded.

    Args:
        before: The line so far.

        draft: What the author wrote, as the first draft of a line.

        at: Now.

    Raises:
        Conflict: A version of it is in use: a change is a new version, through servicing.
    """
    if before is None:
        return draft
    if before.status not in {"draft", "certified", "suspended"}:
        raise Conflict(
            f"the manifest is {before.status}: a change is a new version", rule="manifest_immutable"
        )
    changes = {
        "content": draft.content,
        "manifest_hash": draft.manifest_hash,
        "manifest_version": draft.manifest_version,
        "job_role_id": draft.job_role_id,
        "constitution_version": draft.constitution_version,
        "authors": tuple(dict.fromkeys((*before.authors, *draft.authors))),
        "previous_manifest_hash": before.manifest_hash,
        "status": "draft",
        "certification": None,
        "approvals": (),
        "updated_at": at,
    }
    return before.model_copy(update=changes)


def certified(before: Manifest, certificate: Certificate) -> Manifest:
    """
    Return the manifest under its certificate; from here on the document is immutable.

    Raises:
        Conflict: It is no draft, or the certificate is for another hash.
    """
    if before.status != "draft" or certificate.manifest_hash != before.manifest_hash:
        raise Conflict(
            "only the draft that was reviewed can be certified", rule="manifest_immutable"
        )
    approval = Reviewed(
        kind="genesis", ref=certificate.certification_id, at=certificate.certified_at
    )
    return before.model_copy(
        update={"status": "certified", "certification": certificate, "approvals": (approval,)}
    )


def versioned(
    before: Manifest, released: str | None, *, manifest_hash: str, in_service: bool
) -> Manifest:
    """
    Return the manifest with the version it is released as; assigning it twice changes nothing.

    The number goes on from the last that was *released*, also where that release was taken back.

    Raises:
        ApprovalMismatch: Another manifest is meant than there is.
        Conflict: It is not certified, or its agent is in service.
    """
    if before.manifest_hash != manifest_hash:
        raise ApprovalMismatch(
            "the manifest is another one by now; read it again, and name its manifest_hash",
            rule="hash_mismatch",
        )
    if in_service:
        raise Conflict(
            "the agent is in service; the classification of a change gives the next version",
            rule="downgrade",
        )
    if before.status != "certified":
        raise Conflict(
            f"the manifest is {before.status}; only one that is certified gets a version",
            rule="manifest_not_certified",
        )
    version = f"{int(released.partition('.')[0]) + 1}.0.0" if released else CERTIFIED_VERSION
    return before.model_copy(update={"manifest_version": version})


def deployed(
    before: Manifest,
    *,
    manifest_hash: str,
    approvals: tuple[Reviewed, ...],
    release_id: str,
    by: str,
    at: datetime,
) -> Manifest:
    """
    Return the manifest bound to a release, under the approvals of everybody whose word it needs.

    Raises:
        Conflict: It is not certified, has no version yet, or lacks an approval.
        ApprovalMismatch: Another manifest was approved.
    """
    if before.status != "certified" or before.manifest_version == FIRST_VERSION:
        raise Conflict(
            "only a certified manifest with a version is deployed", rule="manifest_not_certified"
        )
    if before.manifest_hash != manifest_hash or hash_of(before) != manifest_hash:
        raise ApprovalMismatch(
            "the manifest is not the one that was approved; ask for an approval of this one",
            rule="hash_mismatch",
        )
    given = (*before.approvals, *approvals)
    missing = {"genesis", "architecture", "ethics", "governor"} - {a.kind for a in given}
    if missing:
        raise Conflict(
            f"the manifest lacks an approval: {', '.join(sorted(missing))}",
            rule="manifest_not_certified",
        )
    change = Change(
        version=before.manifest_version,
        type="initial",
        at=at,
        author=by,
        classification="evolution",
        rationale="first release of the agent",
        breaking=False,
    )
    changes = {
        "status": "deployed",
        "version": before.manifest_version,
        "approvals": given,
        "changelog": (*before.changelog, change),
        "runtime": before.runtime.model_copy(
            update={"deployed_at": at, "traffic_percent": 0, "release_id": release_id}
        ),
    }
    return before.model_copy(update=changes)


def suspended(before: Manifest) -> Manifest:
    """Return the manifest when nothing may act on it any more."""
    if before.status != "deployed":
        raise Conflict(
            f"the manifest is {before.status}; only one that is deployed is suspended",
            rule="illegal_transition",
        )
    runtime = before.runtime.model_copy(update={"traffic_percent": 0})
    return before.model_copy(update={"status": "suspended", "runtime": runtime})


def reactivated(before: Manifest) -> Manifest:
    """Return a suspended manifest that is in use again."""
    if before.status != "suspended":
        raise Conflict(
            f"the manifest is {before.status}; only one that is suspended comes back",
            rule="illegal_transition",
        )
    return before.model_copy(update={"status": "deployed"})


def hash_of(manifest: Manifest) -> str:
    """Recompute a manifest's hash from what it says."""
    return content_hash(
        manifest.content,
        agent_id=manifest.id,
        job_role_id=manifest.job_role_id,
        constitution_version=manifest.constitution_version,
    )


# --- what a manifest must be ---------------------------------------------------------------------


def violations(
    content: ManifestContent,
    *,
    role_tools: frozenset[str],
    pins: frozenset[tuple[str, str, str]],
    data: Sequence[DataAccess],
) -> tuple[Violation, ...]:
    """
    Return every rule that the content breaks.

    Args:
        content: What the manifest says.

        role_tools: The tools that the job role authorises.

        pins: Id, version and hash of each certified skill of the agent.

        data: Everything that those skills may touch.
    """
    return (
        *_tools(content, role_tools),
        *_skills(content, pins),
        *_wildcards(content),
        *_gates(content),
        *_data(content, data),
        *_trial(content),
        *_secrets(content),
    )


def _broken(rule: str, message: str, field: str) -> Violation:
    return Violation(rule=rule, message=message, field=field)


def tool_ids(content: ManifestContent) -> frozenset[str]:
    """Return every tool that the manifest lets the agent call, directly or through an integration."""
    tools = {tool.tool_id for tool in content.capabilities.tools}
    integrations = content.capabilities.integrations
    return frozenset(tools | {op.tool_id for i in integrations for op in i.operations})


def _tools(content: ManifestContent, role_tools: frozenset[str]) -> Iterator[Violation]:
    for tool in sorted(tool_ids(content) - role_tools):
        yield _broken("MAN-03", f"the job role does not authorise the tool {tool}", "capabilities")


def _skills(content: ManifestContent, pins: frozenset[tuple[str, str, str]]) -> Iterator[Violation]:
    for pin in content.skills:
        if (pin.skill_id, pin.version, pin.hash) not in pins:
            yield _broken(
                "MAN-10", f"no certified skill {pin.skill_id} has this version and hash", "skills"
            )


def _wildcards(content: ManifestContent) -> Iterator[Violation]:
    for field, items in _lists(content.to_stored(), ""):
        if wild(items):
            yield _broken("MAN-05", f"{field} holds a wildcard; list what is meant", field)


def _lists(value: Any, path: str) -> Iterator[tuple[str, list[str]]]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _lists(item, f"{path}.{key}" if path else key)
        case list():
            yield path, [item for item in value if isinstance(item, str)]
            for n, item in enumerate(value):
                yield from _lists(item, f"{path}[{n}]")
        case _:
            return


def _gates(content: ManifestContent) -> Iterator[Violation]:
    for integration in content.capabilities.integrations:
        yield from _gates_of(integration)


def _gates_of(integration: Integration) -> Iterator[Violation]:
    for operation in integration.operations:
        needed = "none"
        if operation.operation_type in {"delete", "bulk"}:
            needed = "constitutional"
        elif operation.gated_action:
            needed = GATE_OF[operation.gated_action]
        elif operation.operation_type == "write":
            needed = "execution"
        weak = STRENGTH.index(operation.approval_required) < STRENGTH.index(needed)
        if weak:
            where = f"{integration.integration_id}.{operation.name}"
            yield _broken("MAN-06", f"{where} needs an approval of type {needed}", where)


def _data(content: ManifestContent, granted: Sequence[DataAccess]) -> Iterator[Violation]:
    for access in content.data_access:
        if not any(grant.covers(access) for grant in granted):
            yield _broken(
                "MAN-07",
                f"no skill of the agent may {access.mode} {access.resource} so",
                "data_access",
            )
    declared = {access.resource for access in content.data_access}
    used = {r for p in content.capabilities.procedures for r in p.data_access}
    for tool in content.capabilities.tools:
        used.update(tool.can_read, tool.can_write)
    for resource in sorted(used - declared):
        yield _broken("MAN-07", f"{resource} is used and not declared", "data_access")


def _trial(content: ManifestContent) -> Iterator[Violation]:
    trial = content.trial
    if not {"delete", "bulk"} <= set(trial.blocked_operations):
        yield _broken("MAN-08", "a trial blocks at least delete and bulk", "trial")
    if trial.enabled and not trial.sandbox_url:
        yield _broken("MAN-08", "a trial needs a sandbox_url", "trial")


def _secrets(content: ManifestContent) -> Iterable[Violation]:
    found = secrets_in(canonical(content.to_stored()).decode())
    return [
        _broken("MAN-12", f"the manifest contains what looks like a {kind}", "content")
        for kind in found
    ]
