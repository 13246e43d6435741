"""Nothing waits for nobody: each open question has somebody who waits and somebody who can answer."""

from functions.approvals.find_stranded import find_stranded
from functions.approvals.list_stranded_approvals import list_stranded_approvals
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.settle_stranded import settle_stranded
from functions.identity.withdraw_role import RoleWithdrawal, withdraw_role
from shared.actors import Role
from shared.approvals.events.questions import ApprovalStranded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Step
from shared.approvals.rules import stranding
from shared.approvals.rules.people import People, unanswerable
from shared.identity.rules.members import member
from shared.platform.models.incidents import Incident
from shared.promises import Due
from shared.queries import Paging
from shared.waiting import Wait
from tests.approvals.questions import CALLBACK, WHY, approval, approve, person
from tests.conftest import NOON
from tests.mobile.phone import asked

BEN = person(Role.GOVERNOR, id="ben")
KNOWN = People(tuple(member(id, (Role.GOVERNOR,), NOON) for id in ("asha", "ben", "carl")))


def stranded(call_as, tenant="platform"):
    role = Role.GOVERNOR if tenant == "platform" else Role.CUSTOMER_ADMIN
    found = list_stranded_approvals(call_as(role, tenant=tenant), Paging())
    return {one.approval_id: (one.why, one.owner) for one in found.items}


def check(reacting, call_as, workflows, at, tenant="platform"):
    """Look as every hour, and keep what was promised then."""
    find_stranded(reacting(at=at), workflows)
    with call_as(Role.ADMIN, tenant=tenant).transaction() as txn:
        due = [d for d in txn.all(Due) if d.action == ApprovalStranded.traits.action]
    for promise in due:
        event = ApprovalStranded.model_validate(promise.data)
        settle_stranded(reacting(promise.entity, tenant=tenant, at=at), event)


def waited_for(call_as, url=CALLBACK, **about):
    new = asked(call_as, **about)
    with call_as(Role.SERVICE, tenant=new.tenant_id).transaction() as txn:
        txn.save(Wait(id=new.id, url=url))
    return new


def test_a_question_whose_workflow_is_gone_gets_an_incident_and_a_place_on_the_list(
    call_as, reacting, workflows
):
    gone, there = waited_for(call_as), waited_for(call_as, url=CALLBACK + "2", on_behalf_of="asha")
    workflows.gone.add(CALLBACK)
    for at in (60, 61):
        check(reacting, call_as, workflows, at)
    assert stranded(call_as) == {gone.id: ("nobody_waits", "service")}
    with call_as(Role.ADMIN).transaction() as txn:
        (incident,) = txn.all(Incident)
        assert txn.get(Approval, there.id).open
    assert (incident.owner, incident.detected_by) == ("service", "agent")
    reject_approval(call_as(Role.GOVERNOR, at=62), gone.id, Rejection(reason=WHY))
    assert stranded(call_as) == {}


def test_a_customers_question_is_on_their_list_and_in_the_platforms_incidents(
    call_as, reacting, workflows
):
    workflows.gone.add(CALLBACK)
    new = waited_for(call_as, tenant="acme", on_behalf_of="asha")
    check(reacting, call_as, workflows, 60, tenant="acme")
    assert stranded(call_as, "acme") == {new.id: ("nobody_waits", "asha")}
    assert stranded(call_as) == {}
    with call_as(Role.ADMIN).transaction() as txn:
        assert [one.owner for one in txn.all(Incident)] == ["asha"]


def test_a_question_that_too_few_can_answer_is_stranded():
    def of(**step):
        hers = {"steps": (Step(step_no=1, **step),), "concerned": ("asha",)}
        return approval().model_copy(update=hers)

    def why(asked, known=KNOWN):
        return stranding.why(asked, known, waited_for=True, at=asked.requested_at)

    few = of(principals=("asha", "ben"), mode="quorum", quorum=2)
    for lacking in (few, of(principals=("asha",)), of(principals=("asha", "ben"), mode="all")):
        assert why(lacking) == "nobody_can_answer"
    assert why(of(principals=("ben", "carl"), mode="quorum", quorum=2)) is None
    assert why(of(roles=(Role.GOVERNOR,))) is None
    assert why(few, known=None) is None


def test_who_agreed_already_gives_no_vote_that_is_still_due():
    steps = ({"principals": ["ben", "carl"], "mode": "all"}, {"roles": ["governor"]})
    half = approve(approval(gate="step", chain={"name": "own", "steps": steps}), by=BEN)
    assert (half.current_step, unanswerable(half, KNOWN, half.parties)) == (1, [])
    alone = People(KNOWN.platform[:2])
    assert unanswerable(half, alone, half.parties) == [
        "step 1 asks ben, carl, and there is nobody else"
    ]


def test_a_question_whose_governor_lost_the_role_is_stranded(call_as, reacting, workflows):
    seen = member("asha", (Role.GOVERNOR,), NOON)
    with call_as(Role.ADMIN).transaction() as txn:
        txn.save(seen)
    new = asked(call_as, type="financial", gate="budget")
    check(reacting, call_as, workflows, 60)
    assert stranded(call_as) == {}
    taken = RoleWithdrawal(role=Role.GOVERNOR, reason="They left the team today.")
    withdraw_role(call_as(Role.ADMIN, at=61), "asha", taken)
    check(reacting, call_as, workflows, 120)
    assert stranded(call_as) == {new.id: ("nobody_can_answer", "service")}


def test_what_a_service_asked_is_in_the_hands_of_a_person():
    assert approval(on_behalf_of="asha").owner == "asha"
    assert approval().owner == "governor"
    assert approve(approval(), by=person(Role.GOVERNOR, id="ben")).owner == "ben"


def test_a_question_whose_end_was_lost_is_stranded():
    new = approval()
    late = new.expires_at + stranding.LATE
    assert stranding.why(new, None, waited_for=True, at=new.expires_at) is None
    assert stranding.why(new, None, waited_for=True, at=late) == "nobody_closed_it"
