"""What may become of a set of policy bundles: published, judged, put in force by two people."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.actors import PLATFORM
from shared.approvals.models.approvals import Consumer
from shared.approvals.models.questions import ApprovalRequest
from shared.deciding import Decision, Finding, merge
from shared.enforcing import Rules
from shared.errors import Conflict
from shared.obligations import lacking
from shared.policy.models.bundles import RELEASE, BundleAsking, PublishedBundles
from shared.policy.models.standing import PolicyStanding
from shared.policy.models.whatif import WhatIf
from shared.policy.rules.whatif import changed, summed, weaker
from shared.release import VERSION

GATE = "change"
SUBJECT = "bundles"
"""The member of an approval's subject that names the set."""

SAMPLE_TIME = timedelta(days=7)
"""Of which time recorded decisions say what rules would change."""

SAMPLE = 200
"""How many of them at most: the platform's own, and as many that were denied or had to be asked for in any tenant."""

EACH = 5
"""How many denials of one act by one rule: however many there are of these, they hide no other."""

LOOKED_AT = 1_000
"""Among how many denials they are looked for."""


def published(
    rules: Rules,
    *,
    name: str,
    version: str,
    release: str,
    tests: Sequence[str],
    by: str,
    at: datetime,
) -> PublishedBundles:
    """Return a set as a draft."""
    return PublishedBundles(
        id=rules.digest,
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        name=name,
        version=version,
        release=release,
        modules={
            path: hashlib.sha256(source.encode()).hexdigest()
            for path, source in sorted(rules.modules.items())
        },
        tests=tuple(tests),
        created_by=by,
    )


def brought(
    rules: Rules, known: PublishedBundles | None, *, release: str, by: str, at: datetime
) -> PublishedBundles:
    """Return the set that a release came with: the same that is known already is its own from then on."""
    own = known or published(
        rules, name=RELEASE, version=release, release=release, tests=(), by=by, at=at
    )
    changes = {"name": RELEASE, "version": release, "release": release, "updated_at": at}
    return own.model_copy(update=changes)


def apart(before: Rules, after: Rules) -> frozenset[str] | None:
    """Return the bundles in which two sets differ; None where they differ in what every bundle uses."""
    either = {path.partition("/")[0] for path in before.modules.keys() | after.modules.keys()}
    names = frozenset(name for name in either if _of(before, name) != _of(after, name))
    asked = {
        name for rules in (before, after) for some in rules.selection.values() for name in some
    }
    alike = (before.selection, before.data) == (after.selection, after.data)
    return names if alike and names <= asked else None


def _of(rules: Rules, bundle: str) -> dict[str, str]:
    return {path: text for path, text in rules.modules.items() if path.partition("/")[0] == bundle}


def tried(
    before: Sequence[Mapping[str, Finding]],
    after: Sequence[Mapping[str, Finding]],
    recorded: Sequence[Decision],
    *,
    more: bool,
    apart: frozenset[str] | None,
) -> WhatIf:
    """
    Decide recorded acts by what two sets find about them, and say what differs and by which rules.

    What tenants' own policies found is the same for both, and can only restrict, so it is left out of both.

    Args:
        before: What the set in force finds about each.

        after: What the one finds that would be.

        recorded: The decisions.

        more: Whether there are more than these.

        apart: The bundles in which the two differ: only who asks one of them is decided by other rules. None for all.
    """
    changes = []
    applied = 0
    for one, *both in zip(recorded, before, after, strict=True):
        then, now = (merge(said, pep=one.pep) for said in both)
        applied += apart is None or not apart.isdisjoint(name for said in both for name in said)
        weak = weaker(then, now)
        if then.verdict == now.verdict and not weak:
            continue
        cause = then if weak else now
        named = [f"{reason.policy}/{reason.rule}" for reason in cause.reasons]
        if weak:
            named += [
                f"{name}/{dropped.source_rule}"
                for name, found in both[0].items()
                for dropped in lacking(found.obligations, now.obligations)
            ]
        rules = tuple(dict.fromkeys(named or cause.matched))
        changes.append(changed(one, then, now, rules, cause.reasons))
    return summed(changes, looked_at=len(recorded), more=more, applied_to=applied)


def may_ask(one: PublishedBundles) -> None:
    """
    Refuse to ask for what could not be done.

    Raises:
        Conflict: It is in force, or asked for already.
    """
    if one.status == "active":
        raise Conflict("this set of bundles is in force", rule="active")
    if one.asking is not None:
        raise Conflict("it is asked already that this set comes into force", rule="asked_already")


def question(one: PublishedBundles, asking: BundleAsking) -> ApprovalRequest:
    """Return what is asked, and so what an approval must have been asked as."""
    what = f"{one.name} {one.version}"
    loose = "Less would be asked than today: no denial, no approval or a lesser one, or not all obligations."
    if one.what_if is None or not one.what_if.looked_at:
        loose = "What it changes is not known: nothing was decided lately, or the rules in force do not end. So it counts as weaker."
    elif not one.what_if.looser:
        loose = "Nothing that was decided lately asked what is changed, so it counts as weaker."
    return ApprovalRequest(
        type="constitutional" if asking.looser else "execution",
        gate=GATE,
        approval_class=f"policy.bundles:ALL:{one.name}",
        subject_kind="change",
        subject={
            "typ": "change/v1",
            "tenant_id": one.tenant_id,
            SUBJECT: one.id,
            "before": asking.before,
            "looser": bool(asking.looser),
        },
        title=f"Policy bundles {what} come into force"[:200],
        summary=f"{asking.asked_by} asks that the policy bundles of {what} come into force."
        f" {loose if asking.looser else 'In what was decided lately they make nothing weaker.'}",
        action_description="From then on every change on the platform is decided by this set of bundles."
        f" Each line that differs: GET /v1/policy/bundles/{one.id}/changes.",
        rationale="These rules decide for everybody, so two people agree to them.",
        alternatives=("Leave the rules as they are", "Ask for a change of the set"),
        risks=("Something is allowed that should be denied",)
        if asking.looser
        else ("Something that people need is denied",),
        evidence_facts={"bundle": one.id, "before": asking.before},
        risk="high" if asking.looser else "medium",
        blast_radius="medium",
        urgency="hours",
        reversibility="reversible",
        governor_scope="platform",
        on_behalf_of=asking.asked_by,
    )


def carried_by(one: PublishedBundles, asking: BundleAsking) -> Consumer:
    """Name the one step that uses up an approval."""
    return Consumer(run_id=one.id, step_id=f"activate-{asking.approval_id}")


def activated(one: PublishedBundles, *, approval_id: str | None, at: datetime) -> PublishedBundles:
    """Return a set that is in force."""
    changes: dict[str, Any] = {
        "status": "active",
        "asking": None,
        "approval_id": approval_id,
        "activated_at": at,
        "updated_at": at,
    }
    return one.model_copy(update=changes)


def retired(one: PublishedBundles, *, at: datetime) -> PublishedBundles:
    """Return a set that is no longer in force."""
    return one.model_copy(update={"status": "retired", "retired_at": at, "updated_at": at})


def stands(
    standing: PolicyStanding, one: PublishedBundles, *, approval_id: str | None, at: datetime
) -> PolicyStanding:
    """
    Return the standing with a set in force.

    What the release that runs brought goes with it, and the next one brings its own again; everything else that people
    put in force, and be it what an earlier release brought, stays until people say otherwise.
    """
    own = one.brought_by(VERSION)
    changes = {
        "release": VERSION,
        "bundle": one.id,
        "since": at,
        "updated_at": at,
        "approval_id": None if own else approval_id,
    }
    return standing.model_copy(update=changes)
