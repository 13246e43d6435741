"""Sets of policy bundles as they are published, judged by what was decided lately, and put in force."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.rules import binding
from shared.budgets.actions import asking as questions
from shared.deciding import Decision
from shared.enforcing import Rules
from shared.errors import AlreadyDecided, Conflict, EnforcementUnavailable, Invalid
from shared.evidence import ApprovalRef
from shared.observability import Enforcing
from shared.operation import Call
from shared.policy.actions import recorded
from shared.policy.actions.standing import keep
from shared.policy.events.bundles import (
    BundlesAsked,
    BundlesInForce,
    BundlesJudged,
    BundlesLapsed,
    BundlesPublished,
    BundlesRetired,
)
from shared.policy.events.standing import BundleActivated
from shared.policy.models.bundles import (
    RELEASE,
    BundleAsking,
    BundlePublication,
    PublishedBundles,
)
from shared.policy.models.denials import PolicyDenial
from shared.policy.models.sets import PolicySet
from shared.policy.models.standing import STANDING, PolicyStanding
from shared.policy.models.whatif import WhatIf
from shared.policy.rules import bundles as rules
from shared.policy.rules.whatif import stricter
from shared.queries import Between, moment
from shared.reaction import ReactionCall
from shared.release import VERSION
from shared.store import Transaction

WHY = "what was decided stays so, and what is decided beside this is one sample more"
OTHERS = "other bundles came into force since it was asked; publish it over them, and ask again"
DECIDED = "what was denied in any tenant says whether other rules are weaker"


def publish(
    txn: Transaction, call: Call, enforcing: Enforcing, body: BundlePublication
) -> PublishedBundles:
    """
    Publish a set, as a draft or to be asked for; one that there is already stays as it is.

    Raises:
        Conflict: What is asked cannot be done with it.
        EnforcementUnavailable: Nothing can be judged here.
        Invalid: It may not come into force; everything that is wrong with it is told.
    """
    standing = txn.get(PolicyStanding, STANDING)
    name, version, composed = _composed(txn, enforcing, body, standing)
    found = txn.get_or_none(PublishedBundles, composed.digest)
    if found and not body.activate:
        return found
    before = found and _settled(txn, found, standing)
    after = before or _draft(txn, call, enforcing, body, (name, version, composed), standing)
    if body.activate:
        rules.may_ask(after)
        asking = BundleAsking(
            asked_by=call.actor.id,
            makers=tuple(sorted({*call.actor.hands, after.created_by})),
            before=standing.bundle,
            back=body.rollback_to is not None,
        )
        after = after.model_copy(update={"asking": asking, "lapsed": None, "updated_at": call.now})
    told = (
        BundlesAsked(asked_by=call.actor.id, before=standing.bundle)
        if body.activate
        else BundlesPublished(name=name, version=version)
    )
    if before:
        return txn.save(after, told)
    keep(txn, composed)
    return txn.create(after, told)


def _composed(
    txn: Transaction, enforcing: Enforcing, body: BundlePublication, standing: PolicyStanding
) -> tuple[str, str, Rules]:
    offered = _offered(txn, enforcing)
    if body.rollback_to is not None:
        older = txn.named(PublishedBundles, body.rollback_to, field="rollback_to")
        if older.activated_at is None:
            raise Conflict("that set was never in force; publish it instead", rule="never_active")
        kept = txn.get(PolicySet, older.id)
        return older.name, older.version, enforcing.composed(kept.modules, {})
    if body.name == RELEASE or body.name is None or body.version is None:
        return RELEASE, VERSION, offered
    others = sorted(path for path in body.modules if path.partition("/")[0] != body.name)
    if others:
        said = f"{', '.join(others)} is no module of {body.name}; publish one bundle at a time"
        raise Invalid(said, rule="misplaced_module")
    kept = txn.get(PolicySet, standing.bundle)
    return body.name, body.version, enforcing.composed(kept.modules, body.modules)


def _offered(txn: Transaction, enforcing: Enforcing) -> Rules:
    """
    Return the rules that this release brought, whose guards are in whatever is published.

    Raises:
        EnforcementUnavailable: Others lie in their place by now.
    """
    offered = enforcing.offered()
    own = txn.get_or_none(PublishedBundles, offered.digest)
    if own is None or not own.brought_by(VERSION):
        said = (
            f"what lies in policies/ is not what release {VERSION} brought, and nothing is published beside it;"
            " restore it, and publish what is to be otherwise"
        )
        raise EnforcementUnavailable(said, rule="bundle_unsigned")
    return offered


def _draft(
    txn: Transaction,
    call: Call,
    enforcing: Enforcing,
    body: BundlePublication,
    what: tuple[str, str, Rules],
    standing: PolicyStanding,
) -> PublishedBundles:
    name, version, composed = what
    own = {name} if body.modules else set()
    judged = enforcing.judge(composed, own, body.tests, call.now)
    if judged.wrong:
        raise Invalid(
            "these bundles may not come into force; each thing that is wrong is told",
            violations=judged.wrong,
        )
    decisions, more = recorded.between(
        txn.loosely(WHY), call.now - rules.SAMPLE_TIME, call.now, rules.SAMPLE
    )
    in_force = _rules(txn.get(PolicySet, standing.bundle))
    draft = rules.published(
        composed,
        name=name,
        version=version,
        release=VERSION,
        tests=judged.tests,
        by=call.actor.id,
        at=call.now,
    )
    what_if = _tried(enforcing, in_force, composed, decisions, more=more)
    return draft.model_copy(update={"what_if": what_if})


def _rules(kept: PolicySet) -> Rules:
    return Rules(digest=kept.id, modules=kept.modules, selection=kept.selection, data=kept.data)


def _tried(
    enforcing: Enforcing,
    before: Rules,
    after: Rules,
    decisions: Sequence[Decision],
    *,
    more: bool,
) -> WhatIf:
    """
    Try rules by recorded decisions.

    Raises:
        EnforcementUnavailable: Nothing can be tried here.
        Invalid: They do not end with one of them.
    """
    documents = [one.input for one in decisions]
    theirs = enforcing.asked(after, documents)
    try:
        ours = enforcing.asked(before, documents)
    except Invalid:
        # Away from rules that do not end people come too: nothing is known, so it counts as weaker.
        decisions, ours, theirs, more = (), (), (), True
    return rules.tried(ours, theirs, decisions, more=more, apart=rules.apart(before, after))


def _settled(txn: Transaction, one: PublishedBundles, standing: PolicyStanding) -> PublishedBundles:
    """
    Return a set that waits for nothing any more where its approval was refused or is over, or others came into force.

    Until its approval is asked for it waits to be judged, so who asks for it beside that is told so.
    """
    if one.asking is None:
        return one
    id = one.asking.approval_id
    approval = txn.get_or_none(Approval, id) if id else None
    waits = approval.waits if approval else not id and one.asking.before == standing.bundle
    return one if waits else one.model_copy(update={"asking": None})


def sample(call: ReactionCall, txn: Transaction) -> tuple[tuple[Decision, ...], bool]:
    """Return what was decided lately: the platform's own, and what was denied or had to be asked for in any tenant."""
    since = call.now - rules.SAMPLE_TIME
    own, more = recorded.between(txn.loosely(WHY), since, call.now, rules.SAMPLE)
    denials, more_denied = _denials(txn, since, call.now)
    decisions = {one.decision_id: one for one in own}
    for denial in denials:
        if denial.customer_id is None:
            found = recorded.one(txn, denial.id)
        else:
            with call.within(denial.customer_id, DECIDED) as theirs:
                found = recorded.one(theirs, denial.id)
        if found is not None:
            decisions[found.decision_id] = found
    return tuple(decisions.values()), more or more_denied


def _denials(txn: Transaction, since: datetime, to: datetime) -> tuple[list[PolicyDenial], bool]:
    """Return the latest of each act and rule, and whether there are more."""
    reads, within = txn.loosely(WHY), Between(moment(since), moment(to))
    taken: list[PolicyDenial] = []
    kept: Counter[tuple[str, str]] = Counter()
    cursor, seen = None, 0
    while True:
        page = reads.find(PolicyDenial, order="-created_at", cursor=cursor, created_at=within)
        for one in page.items:
            kept[one.action, one.rule] += 1
            if kept[one.action, one.rule] <= rules.EACH:
                taken.append(one)
        cursor, seen = page.next_cursor, seen + len(page.items)
        if cursor is None or seen >= rules.LOOKED_AT:
            more = cursor is not None or len(taken) < seen or len(taken) > rules.SAMPLE
            return taken[: rules.SAMPLE], more


def judge(txn: Transaction, call: ReactionCall, enforcing: Enforcing, digest: str) -> None:
    """
    Ask people whether a set comes into force, once it is known what it would change; back to a stricter one it goes at once.

    Where nothing that was decided lately asked what is changed, nothing is known, so it counts as weaker.
    """
    one, standing = txn.get(PublishedBundles, digest), txn.get(PolicyStanding, STANDING)
    asking = one.asking
    if asking is None or asking.approval_id is not None:
        return
    if standing.bundle != asking.before:
        _lapse(txn, one, OTHERS, call.now)
        return
    before, after = (_rules(txn.get(PolicySet, id)) for id in (asking.before, one.id))
    decisions, more = sample(call, txn)
    try:
        what_if = _tried(enforcing, before, after, decisions, more=more)
    except Invalid as error:
        _lapse(txn, one, error.detail, call.now)
        return
    looser = what_if.looser or not what_if.applied_to
    one = one.model_copy(update={"what_if": what_if})
    if asking.back and stricter(what_if) and (one.approval_id or one.brought_by(VERSION)):
        _put(txn, call.now, one, standing, None)
        return
    asking = asking.model_copy(update={"looser": looser, "approval_id": call.new_id()})
    question, id = rules.question(one, asking), str(asking.approval_id)
    try:
        put = questions.prepare(txn, call, question, id=id, makers=asking.makers)
    except (AlreadyDecided, Invalid) as error:
        # Whoever asked has their answer already, so they are told where they look.
        _lapse(txn, one, error.detail, call.now)
        return
    asking = asking.model_copy(update={"approval_id": put.approval.id})
    questions.put(txn, call, put)
    told = BundlesJudged(looser=looser, approval_id=put.approval.id)
    txn.save(one.model_copy(update={"asking": asking, "updated_at": call.now}), told)


def carry_out(txn: Transaction, call: Call, approval: Approval) -> None:
    """Put a set in force as an approval says, using it up; where it is asked no longer, or of another set, nothing."""
    if approval.status is not ApprovalStatus.APPROVED:
        return
    one = txn.get_or_none(PublishedBundles, str(approval.subject.get(rules.SUBJECT, "")))
    asking = one.asking if one else None
    if one is None or asking is None or asking.approval_id != approval.id:
        return
    standing = txn.get(PolicyStanding, STANDING)
    if standing.bundle != asking.before:
        _lapse(txn, one, OTHERS, call.now)
        return
    used = binding.consume(
        approval,
        by=rules.carried_by(one, asking),
        question=rules.question(one, asking),
        at=call.now,
    )
    _put(txn, call.now, one, standing, used)


def _put(
    txn: Transaction,
    at: datetime,
    one: PublishedBundles,
    standing: PolicyStanding,
    used: Approval | None,
) -> None:
    """Put a set in force, in the place of the one that is."""
    before = txn.get_or_none(PublishedBundles, standing.bundle)
    under = ApprovalRef(approval_id=used.id, action_digest=used.action_digest) if used else None
    approval_id = used.id if used else one.approval_id
    if used:
        txn.save(used, ApprovalConsumed.of(used))
    stands = rules.stands(standing, one, approval_id=approval_id, at=at)
    told = BundleActivated(
        before=standing.bundle, bundle=one.id, release=one.release, approval_id=approval_id
    )
    txn.save(stands, told, approval=under)
    after = rules.activated(one, approval_id=approval_id, at=at)
    txn.save(after, BundlesInForce(approval_id=approval_id), approval=under)
    if before is not None:
        txn.save(rules.retired(before, at=at), BundlesRetired(), approval=under)


def _lapse(txn: Transaction, one: PublishedBundles, why: str, at: datetime) -> None:
    changes = {"asking": None, "lapsed": why, "updated_at": at}
    txn.save(one.model_copy(update=changes), BundlesLapsed(why=why))
