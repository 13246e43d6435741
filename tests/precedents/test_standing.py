"""A no over HTTP: asked again in every other form, said to one of two, and met by a rule."""

from itertools import count

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from local.story.client import Refused
from tests.precedents.test_learned import FACTS, People
from tests.rehearsals.scene import until

pytestmark = pytest.mark.slow

WHY = "I do not want this to happen at all."
MAIL = {
    "typ": "action/v1",
    "tool": "Mail.Send",
    "to": "bob@example.com",
    "cc": "all@x.test",
    "text_hash": "a" * 64,
}
NEW = {"kind": "report", "ref": "r/1", "sha256": "3" * 64}
RULED = {
    "seed_type": "approval_boundary",
    "domain": "governance",
    "principle": "Notes for the readers are posted where they were before.",
    "rationale": "L0-01 and L0-03 are kept: the Governor wrote it for rooms that are named, and"
    " each post can be taken back at once.",
    "concrete_example": {"think": "A note.", "act": "It is posted.", "observe": "Nobody objected."},
    "approval_class": "publish:HC:*",
    "approval_types": ["communication"],
    "decision": "approved",
    "scope_ceiling": {
        "actions": ["publish"],
        "data_classes": ["public"],
        "integrations": ["blog"],
        "industries": ["HC"],
        "tenants": "*",
        "max_risk": "low",
    },
    "coverage": {
        "acts": [
            {
                "gate": "step",
                "subject_kind": "action",
                "arguments": [
                    {"name": "tool", "one_of": ["room.post"]},
                    {"name": "channel", "one_of": [f"room-{n}" for n in range(20)]},
                    {"name": "run_id", "any": "code", "optional": True},
                    {"name": "text_hash", "any": "digest", "optional": True},
                ],
            }
        ]
    },
    "conditions": [{"id": "c1", "fact": "fact_check", "operator": "eq", "value": "passed"}],
    "auto_approve": True,
}
_ROOMS, _TWINS = count(), count()


class Asking(People):
    """The same service and people, with questions about mail and posts in rooms."""

    def asks(self, subject, approval_class="publish:HC:blog", tenant=None, **more):
        body = self.body(approval_class=approval_class, **more) | {"subject": subject}
        body["evidence_facts"] = FACTS if approval_class.startswith("publish:HC:rooms") else {}
        if body["subject_kind"] != "action":
            body["subject"] = subject | {"typ": f"{body['subject_kind']}/v1"}
        return self.client.post("service", "/v1/approvals", body, tenant=tenant)

    def refuses(self, asked, by="governor", verb="reject", **body):
        path = f"/v1/approvals/{asked['id']}/{verb}"
        return self.client.post(by, path, body or {"reason": WHY})

    def vetoes(self, asked):
        objection = {"approval_id": asked["id"], "category": "safety", "explanation": WHY}
        return self.client.post("governor", "/v1/vetoes", objection)

    def now(self, asked):
        return self.client.get("governor", f"/v1/approvals/{asked['id']}")

    def settle(self):
        until(self.platform.idle, timeout_s=60)

    def room(self):
        return {"typ": "action/v1", "tool": "room.post", "channel": f"room-{next(_ROOMS)}"}

    def rule(self):
        self.client.sign_in("governor")
        draft = self.client.post("governor", "/v1/seeds", {"evidence_refs": [], "rule": RULED})
        submitted = self.client.post("governor", f"/v1/seeds/{draft['id']}/submit")
        path = f"/v1/precedent-seeds/{submitted['precedent_seed_id']}"
        review = {"outcome": "approve", "rationale": "It is measurable, justified and bounded."}
        self.client.post("genesis", f"{path}/validate", review)
        return self.client.post("governor", f"{path}/activate")


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    platform = Platform(tmp_path_factory.mktemp("standing"), port=free_port()).start()
    asking = Asking(platform)
    asking.client.sign_in("governor")
    yield asking
    platform.stop()


@pytest.fixture(scope="module")
def refused(people):
    asked = people.asks(MAIL)
    people.refuses(asked)
    return asked


@pytest.fixture(scope="module")
def seed(people):
    return people.rule()


def without(*members):
    return {member: said for member, said in MAIL.items() if member not in members}


SPELLINGS = {
    "the same": MAIL,
    "case": MAIL | {"tool": "mail_send", "to": "BOB@example.com"},
    "width": MAIL | {"to": "\uff42\uff4f\uff42@example.com"},
    "script": MAIL | {"to": "b\u043eb@example.com"},
    "an empty member": MAIL | {"note": ""},
    "a dash": MAIL | {"note": "-"},
    "null": MAIL | {"note": None},
    "a member more": MAIL | {"note": "x"},
    "false": MAIL | {"note": False},
    "a number more": MAIL | {"note": 7},
    "a member less": without("text_hash"),
    "another text": MAIL | {"text_hash": "b" * 64},
    "another run": MAIL | {"run_id": "r-2", "step_id": "s"},
    "upper hex": MAIL | {"text_hash": "A" * 64},
    "To": without("to") | {"To": "bob@example.com"},
    "recipient": without("to") | {"recipient": "bob@example.com"},
    "recipient_email": without("to") | {"recipient_email": "bob@example.com"},
    "an unknown name": without("to") | {"whoever": "bob@example.com"},
    "mailto": MAIL | {"to": "mailto:bob@example.com"},
    "a display name": MAIL | {"to": "Bob <bob@example.com>"},
    "two names": MAIL | {"to": "Bob B. <bob+x@example.com>"},
    "percent": MAIL | {"to": "bob%40example.com"},
    "another recipient besides": MAIL | {"to": "ann@example.com; bob@example.com"},
    "in copy": MAIL | {"to": "ann@example.com", "cc": "bob@example.com"},
    "no recipient": without("to"),
    "no tool": without("tool"),
}
ASKED_AS = {
    "another class": {"approval_class": "post:HC:other"},
    "another spelling of the class": {"approval_class": "pub_lish:hc:Blog", "type": "execution"},
    "a longer verb": {"approval_class": "publish_content:HC:blog"},
    "another form of the verb": {"approval_class": "sends:HC:blog", "type": "execution"},
    "a verb that nobody judged": {"approval_class": "frobnicate:HC:blog", "type": "execution"},
    "another industry": {"approval_class": "publish:ED:blog"},
    "what is paid": {"approval_class": "pay:HC:blog", "type": "financial"},
    "another type": {"type": "execution"},
    "an input": {"subject_kind": "input"},
    "a change": {"subject_kind": "change", "gate": "change"},
    "an amount": {"subject_kind": "amount"},
    "another risk": {"risk": "high", "urgency": "immediate"},
    "other words": {"title": "Something else", "summary": "Quite harmless."},
}


def stopped(people, refused, subject, **how):
    with pytest.raises(Refused) as found:
        people.asks(subject, **how)
    problem = found.value.problem
    assert (found.value.status, problem["violations"][0]["rule"]) == (409, "refused_before")
    assert (problem["approval_id"], problem["decided_by"]) == (refused["id"], "governor.platform")
    assert f"/v1/approvals/{refused['id']}/withdraw-refusal" in problem["detail"]


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_no_stands_against_every_spelling(people, refused, how):
    stopped(people, refused, SPELLINGS[how])


@pytest.mark.parametrize("how", ASKED_AS)
def test_a_no_stands_whatever_it_is_asked_as(people, refused, how):
    stopped(people, refused, MAIL, **ASKED_AS[how])
    if how != "what is paid":
        stopped(people, refused, MAIL | {"note": "x"}, **ASKED_AS[how])


UNRELATED = {
    "another recipient": {"subject": MAIL | {"to": "ann@example.com"}},
    "another tool": {"subject": MAIL | {"tool": "newsletter"}},
    "another tenant": {"subject": MAIL, "tenant": "acme"},
    "another deed": {
        "subject": MAIL | {"text_hash": "c" * 64},
        "approval_class": "delete:HC:blog",
        "type": "constitutional",
    },
    "evidence that was not there": {"subject": MAIL, "evidence_refs": [NEW]},
    "another with the same copy": {"subject": MAIL | {"to": "eva@example.com", "cc": "all@x.test"}},
    "an address in a sentence": {
        "subject": MAIL
        | {"to": "eve@example.com", "words": "Whoever asks writes to bob@example.com"}
    },
}


@pytest.mark.parametrize("what", UNRELATED)
def test_a_no_stops_nothing_else(people, refused, what):
    assert people.asks(**UNRELATED[what])["status"] == "pending"


def test_once_it_is_withdrawn_it_may_be_asked(people):
    subject = MAIL | {"to": "withdrawn@example.com"}
    asked = people.asks(subject)
    people.refuses(asked)
    stopped(people, asked, subject | {"note": "x"}, approval_class="post:HC:x")
    people.refuses(asked, verb="withdraw-refusal", reason="It was a mistake of mine.")
    assert people.asks(subject, approval_class="post:HC:x")["status"] == "pending"


TWINS = {
    "another spelling": {"subject": {"tool": "MAIL-SEND"}},
    "another class": {"approval_class": "post:HC:other", "subject": {"note": "x"}},
    "a verb nobody judged": {
        "approval_class": "frobnicate:HC:other",
        "type": "execution",
        "subject": {"note": ""},
    },
    "a member more": {"subject": {"note": "x"}},
    "a recipient more": {"subject": {"cc": "more@example.com"}},
}
NOES = {
    "rejected": lambda people, asked: people.refuses(asked),
    "sent back": lambda people, asked: people.refuses(
        asked, verb="request-changes", changes=["Say it in other words."]
    ),
    "vetoed": lambda people, asked: people.vetoes(asked),
}


@pytest.mark.parametrize("no", NOES)
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("how", TWINS)
def test_a_no_to_one_of_two_is_a_no_to_both(people, how, first, no):
    subject = MAIL | {"to": f"twin-{next(_TWINS)}@example.com"}
    more = dict(TWINS[how])
    other = subject | more.pop("subject", {})
    two = [people.asks(subject), people.asks(other, **more)]
    assert two[0]["id"] != two[1]["id"]
    said, left = two if first else reversed(two)
    NOES[no](people, said)
    with pytest.raises(Refused) as found:
        people.approve(left)
    assert found.value.status == 409
    people.settle()
    after = people.now(left)
    assert (after["status"], after["refused_with"]) == ("cancelled", said["id"])


def test_two_that_say_different_things_are_answered_each_by_itself(people):
    subject = MAIL | {"to": "both@example.com"}
    one, other = (people.asks(subject | {"text_hash": digit * 64}) for digit in "12")
    people.refuses(one)
    people.approve(other)
    people.settle()
    assert people.now(other)["status"] == "approved"


RULE = {"approval_class": "publish:HC:rooms"}


def test_a_rule_answers_where_nobody_was_asked(people, seed):
    assert people.asks(people.room(), **RULE)["seed_id"] == seed["seed_id"]


@pytest.mark.parametrize("how", [{"approval_class": "post:HC:rooms"}, {"risk": "medium", **RULE}])
def test_no_rule_answers_while_a_person_is_asked(people, seed, how):
    subject = people.room()
    asked = people.asks(subject, **how)
    assert asked["status"] == "pending"
    assert people.asks(subject | {"run_id": "r-7"}, **RULE)["status"] == "pending"
    elsewhere = people.asks(people.room(), **RULE)
    assert elsewhere["seed_id"] == seed["seed_id"]


def test_no_rule_overtakes_a_no_by_another_class(people, seed):
    subject = people.room()
    refused = people.asks(subject, approval_class="post:HC:other")
    people.refuses(refused)
    stopped(people, refused, subject, **RULE)
    stopped(people, refused, subject | {"run_id": "r-8"}, **RULE)
    asked = people.asks(subject, evidence_refs=[NEW], **RULE)
    assert (asked["status"], asked["seed_id"]) == ("pending", None)


@pytest.mark.parametrize("no", NOES)
def test_a_no_reaches_what_a_rule_granted_of_the_same(people, seed, no):
    subject = people.room()
    ruled = {"approval_class": f"publish:HC:rooms-{no.replace(' ', '-')}"}
    granted = people.asks(subject | {"run_id": "r-1"}, **ruled)
    other = people.asks(people.room(), **ruled)
    assert granted["seed_id"] == other["seed_id"] == seed["seed_id"]
    asked = people.asks(subject, approval_class="frobnicate:HC:rooms", type="execution")
    NOES[no](people, asked)
    people.settle()
    after = people.now(granted)
    assert (after["status"], after["refused_with"]) == ("vetoed", asked["id"])
    assert after["decisions"][-1]["approver_id"] == "governor.platform"
    assert people.now(other)["status"] == "approved"
