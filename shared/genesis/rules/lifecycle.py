"""What may happen to industries, skills and job roles, and what a job role may do."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

from shared.actors import PLATFORM, Actor, Role
from shared.canonical import digest
from shared.constitution import CERTIFIED_VERSION, CONSTITUTION_VERSION, Drift, amended, promoted
from shared.detectors import masked
from shared.entity import written
from shared.errors import AlreadyDecided, Conflict, Forbidden, Invalid, Violation
from shared.evidence import stream
from shared.genesis.models.catalogue import CatalogueEntity, Status
from shared.genesis.models.evidence import GENESIS, Certification, Check, Verdict
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.parts import Decision
from shared.genesis.rules.evidence import evidence_ref, verdict_on
from shared.impartial import impartial
from shared.principles import l0_results

C = TypeVar("C", bound=CatalogueEntity)

NEXT: Mapping[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.PENDING, Status.DELETED}),
    Status.PENDING: frozenset({Status.CERTIFIED, Status.REJECTED}),
    Status.CERTIFIED: frozenset({Status.DEPRECATED, Status.REVOKED}),
    Status.REJECTED: frozenset({Status.PENDING, Status.DELETED}),
    Status.REVOKED: frozenset({Status.PENDING}),
    Status.DEPRECATED: frozenset({Status.ARCHIVED}),
    Status.ARCHIVED: frozenset(),
    Status.DELETED: frozenset(),
}
"""Where each status may lead."""

JUDGES: Mapping[str, tuple[str, Role]] = {
    "SK-9": ("skill", Role.VISION_GUARDIAN),
    "JR-9": ("job_role", Role.GOVERNOR),
    "IN-5": ("industry", Role.VISION_GUARDIAN),
}
"""The checks that need somebody's judgement: on what, and whose."""


def moved(entity: C, to: Status, **changes: Any) -> C:
    """
    Return *entity* in the status *to*.

    Raises:
        Conflict: Its status does not lead there, or its integrity is in doubt.
    """
    if to not in NEXT[entity.status]:
        leading = " or ".join(status for status in NEXT if to in NEXT[status])
        raise Conflict(
            f"this {_word(entity)} is {entity.status}, and only one that is {leading} becomes {to}",
            rule="illegal_transition",
        )
    return advised(amended(entity, status=to, **changes))


def advised(entity: C) -> C:
    """Return *entity* with what would stand in the way of its certification, and its L0 results."""
    results = l0_results(entity.broken)
    return entity.model_copy(update={"warnings": entity.advice(), "l0_compliance_status": results})


def submitted(
    kind: type[C], fields: Mapping[str, Any], *, id: str, by: Actor, at: datetime, draft: bool
) -> C:
    """Return a new entity of the catalogue, waiting for its certification unless it is a draft."""
    about = {"id": id, "tenant_id": PLATFORM, "created_at": at, "updated_at": at}
    about |= {"status": Status.DRAFT if draft else Status.PENDING, "authors": (by.id,)}
    return advised(kind(**{**fields, **about}))


def revised(before: C, fields: Mapping[str, Any], *, by: Actor) -> C:
    """
    Return *before* with new content, waiting for its certification.

    Verdicts and checks were about the old content and go with it.

    Raises:
        Conflict: It is not a draft and was not rejected; certified content is immutable.
    """
    if before.status not in {Status.DRAFT, Status.REJECTED}:
        raise Conflict(
            f"this {_word(before)} is {before.status}; only a draft or a rejected one can be"
            " revised, and what is certified gets a successor",
            rule="illegal_transition",
        )
    authors = tuple(dict.fromkeys([*before.authors, by.id]))
    return moved(before, Status.PENDING, **fields, authors=authors, verdicts=(), certification=None)


def judged_by(
    before: C,
    check_code: str,
    verdict: Literal["pass", "fail"],
    rationale: str,
    *,
    by: Actor,
    at: datetime,
) -> C:
    """
    Return *before* with somebody's verdict on one of its checks.

    Raises:
        Invalid: No such check of this kind is a matter of judgement.
        Forbidden: The judgement belongs to another role.
        SelfApproval: The judge wrote it.
        Conflict: It does not wait for its certification.
        AlreadyDecided: There is a verdict on this content.
    """
    kind, role = JUDGES.get(check_code, ("", Role.VIEWER))
    if kind != before.entity_type:
        raise Invalid(f"{check_code} is no judgement on {before.noun}", rule="check_code")
    if role not in by.roles:
        raise Forbidden(f"{check_code} is judged by {role}", rule="role")
    impartial(by, *before.authors)
    if before.status is not Status.PENDING:
        raise Conflict(
            f"this {_word(before)} is {before.status}; there is nothing to judge", rule="status"
        )
    if verdict_on(before.verdicts, check_code):
        raise AlreadyDecided(f"there is a verdict on {check_code}; a revision needs a new one")
    given = Verdict(
        check_code=check_code,
        verdict=verdict,
        rationale=masked(rationale)[:2000],
        by=by.id,
        role=role,
        at=at,
    )
    return amended(before, verdicts=(*before.verdicts, given))


def certified(
    before: C,
    checks: Sequence[Check],
    breaches: Iterable[Violation] = (),
    *,
    by: Actor,
    at: datetime,
    certification_id: str,
    number: int,
) -> C:
    """
    Return *before* certified, or rejected where a check failed or a principle is not kept.

    A verdict that nobody gave yet is asked for, and is no reason to reject.

    Args:
        before: What waits for its certification.

        checks: Every check of its kind.

        breaches: Principles that are not kept in relation to other entities.

        by: Who certifies.

        at: When.

        certification_id: What the certification is called.

        number: The next free number of its external id.

    Raises:
        Conflict: It does not wait for its certification, or all that it lacks is a verdict.
        Forbidden: Somebody other than Genesis certifies.
        SelfApproval: The certifier wrote it.
    """
    _judge(before, by)
    external_id = before.external_id or _external_id(before, number)
    record = _certification(before, "certified", checks, external_id, at, certification_id)
    drift = Drift(
        certified_constitution_version=CONSTITUTION_VERSION,
        current_constitution_version=CONSTITUTION_VERSION,
        checked_at=at,
    )
    version = promoted(
        before, CERTIFIED_VERSION, classification="evolution", change_types=("certified",), at=at
    )
    launch = {"launch_status": "agents_pending"} if isinstance(before, Industry) else {}
    after = moved(
        before,
        Status.CERTIFIED,
        certification=record,
        external_id=external_id,
        drift_detector=drift,
        **version,
        **launch,
    )
    broken = (*after.broken, *breaches)
    if not broken:
        _heard(before, checks)
    if all(check.passed for check in checks) and not broken:
        return after
    found = [Check(code=v.rule, passed=False, mode="auto", detail=v.message) for v in broken]
    no = _certification(before, "rejected", [*checks, *found], None, at, certification_id)
    refused = moved(before, Status.REJECTED, certification=no)
    return refused.model_copy(update={"l0_compliance_status": l0_results(broken)})


def _heard(entity: CatalogueEntity, checks: Sequence[Check]) -> None:
    """Make sure that a verdict is not all that is missing."""
    failed = [check for check in checks if not check.passed]
    if failed and all(check.awaits for check in failed):
        codes = " and ".join(f"{check.code} of the {check.awaits}" for check in failed)
        raise Conflict(
            f"the verdict on {codes} is still missing; it is given with POST"
            f" {entity.path}/{entity.id}/verdict",
            rule="verdict_missing",
        )


def rejected(before: C, reason: str, *, by: Actor, at: datetime, certification_id: str) -> C:
    """
    Return *before* rejected for a reason that no check knows.

    Raises:
        Conflict: It does not wait for its certification.
        Forbidden: Somebody other than Genesis certifies.
        SelfApproval: The certifier wrote it.
    """
    _judge(before, by)
    check = Check(code="REVIEW", passed=False, mode="judgement", detail=masked(reason)[:2000])
    record = _certification(before, "rejected", [check], None, at, certification_id)
    return moved(before, Status.REJECTED, certification=record)


def supersede(entity: C, older: C | None) -> None:
    """
    Let something of the catalogue name *older* as what it supersedes.

    Raises:
        Invalid: There is no such thing, it belongs to another industry, or it is not in force.
    """
    kind, named = _word(entity), entity.supersedes
    if named and older is None:
        raise Invalid(f"there is no {kind} {named}", rule="dependency_missing")
    if older is not None and older.sector != entity.sector:
        raise Invalid(
            f"the {kind} {named} belongs to {older.sector}, and a successor stays in the industry",
            rule="dependency_industry",
        )
    if not replaceable(entity, older):
        raise Invalid(
            f"the {kind} {named} is not certified, so there is nothing to supersede",
            rule="dependency_uncertified",
        )


def replaceable(entity: C, older: C | None) -> bool:
    """Say whether what an entity supersedes, if it does, is still in force."""
    return not entity.supersedes or (older is not None and older.status is Status.CERTIFIED)


def deprecated(before: C, successor: C) -> C:
    """Return what its certified successor replaces."""
    reason = f"superseded by {successor.external_id}"
    return moved(before, Status.DEPRECATED, superseded_by=successor.id, deprecated_reason=reason)


def _word(entity: CatalogueEntity) -> str:
    return entity.noun.partition(" ")[2]


def _external_id(entity: CatalogueEntity, number: int) -> str:
    place = f"{entity.prefix}-{entity.sector}"
    first = isinstance(entity, Industry) and number == 1
    return place if first else f"{place}-{number:03d}"


def _judge(entity: CatalogueEntity, by: Actor) -> None:
    """Let only Genesis certify, in whose name it is written whoever acts for it."""
    if Role.GENESIS not in by.roles:
        raise Forbidden("only genesis certifies and rejects; wait for it, or revise", rule="role")
    impartial(by, *entity.authors)


def _certification(
    entity: CatalogueEntity,
    decision: str,
    checks: Sequence[Check],
    external_id: str | None,
    at: datetime,
    certification_id: str,
) -> Certification:
    said = {
        "certification_id": certification_id,
        "decision": decision,
        "certified_by": GENESIS,
        "certified_at": written(at),
        "checks": [check.to_stored() for check in checks],
        "evidence_ref": evidence_ref(entity.test_evidence, entity.verdicts),
        "constitution_version": CONSTITUTION_VERSION,
    }
    about = {"entity": stream(entity), "version_hash": entity.version_hash}
    certificate = {"typ": "certificate/v1", "external_id": external_id, **about, **said}
    return Certification(**said, certificate_hash=digest(certificate))


# --- boundaries ----------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W_]+")
_FILLER = re.compile(
    r"an?|and|any|as|at|by|for|from|in|into|is|its?|of|on|or|our|the|their|to|up|with|your"
)
_PLURAL = 3


def may_do(job_role: JobRole, task: str) -> Decision:
    """
    Say whether a role may do a task.

    A line of the role matches when the task has all of its words, in any order and number. What matches
    both lists is denied, and what matches neither is for the manager or the Governor.
    """
    words = _words(task)
    if _matches(job_role.cannot_do, words):
        return "deny"
    return "allow" if _matches(job_role.can_do, words) else "escalate"


def _matches(lines: Iterable[str], words: frozenset[str]) -> bool:
    return any(line and line <= words for line in map(_words, lines))


def _words(text: str) -> frozenset[str]:
    found = (word.casefold() for word in _WORD.findall(text))
    return frozenset(
        word.removesuffix("s") if len(word) > _PLURAL else word
        for word in found
        if not _FILLER.fullmatch(word)
    )
