"""A rule is learned from five acts over HTTP, proves itself, and is sent the sixth with something more."""

from datetime import timedelta

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from local.story.client import Client, Refused
from tests.rehearsals.scene import until

pytestmark = pytest.mark.slow

CLASS = "post:HC:blog"
ACT = {
    "typ": "action/v1",
    "tool": "blog.post",
    "channel": "#health",
    "to": "readers@shop.test",
    "words": 300,
    "urgent": False,
}
FACTS = {"data_classes": "public", "integrations": "blog", "fact_check": "passed"}
ASKED = {
    "type": "communication",
    "gate": "step",
    "approval_class": CLASS,
    "subject_kind": "action",
    "title": "Post the weekly note",
    "summary": "The note of the week for the readers.",
    "action_description": "The note is posted on the blog.",
    "rationale": "It was checked.",
    "risk": "low",
    "blast_radius": "low",
    "urgency": "routine",
    "reversibility": "reversible",
    "governor_scope": "platform",
}
MORE = {
    "other recipients": {"subject": {"to": "everybody@shop.test"}},
    "more recipients": {"subject": {"to": "readers@shop.test,press@news.test"}},
    "recipients in another spelling": {"subject": {"to": "Readers@shop.test"}},
    "a copy to somebody": {"subject": {"cc": "press@news.test"}},
    "an argument more": {"subject": {"force": True}},
    "an argument less": {"subject": {"urgent": None}},
    "another tool": {"subject": {"tool": "blog.delete"}},
    "the tool in another spelling": {"subject": {"tool": "Blog.post"}},
    "another channel": {"subject": {"channel": "#everything"}},
    "a number beyond those seen": {"subject": {"words": 90_000}},
    "a number as a text": {"subject": {"words": "300"}},
    "a truth as a number": {"subject": {"urgent": 0}},
    "another class": {"approval_class": "post:HC:forum"},
    "another class that nobody judged": {"approval_class": "post.all:HC:blog"},
    "a fact more": {"facts": {"recipients": 90}},
    "a fact that nobody verifies": {"facts": {"cleared_by": "the board"}},
    "a fact in another spelling": {"facts": {"fact_check": "Passed"}},
    "a fact less": {"facts": {"fact_check": "-"}},
    "another integration": {"facts": {"integrations": "blog,mailer"}},
    "more risk": {"risk": "medium"},
    "no way back": {"reversibility": "irreversible"},
    "another tenant": {"tenant": "acme"},
}


ROOMS = [100, 200, 150, 120, 180]
TICKETS = [7, 9, 8, 11, 10]
NUMBERED = {
    "a channel between two": {"channel": 137},
    "a channel at the upper end": {"channel": 199},
    "a channel as a text": {"channel": "150"},
    "a channel as a truth": {"channel": True},
    "a ticket between two": {"channel": 100, "ticket": 8},
    "the ticket of another channel": {"channel": 200, "ticket": 7},
    "words beyond those seen": {"words": 90_000},
}
"""What is sent to a rule that was learned from five posts: of a ticket each, to a channel with a number."""


class People:
    """A service that asks, and people who answer."""

    def __init__(self, platform):
        self.platform = platform
        self.client = Client(platform.address, platform.secret)
        self.asked = 0

    def body(self, **changes):
        self.asked += 1
        subject = ACT | {"run_id": f"r-{self.asked}"} | changes.pop("subject", {})
        facts = FACTS | changes.pop("facts", {})
        facts = {name: said for name, said in facts.items() if said != "-"}
        return ASKED | {"subject": subject, "evidence_facts": facts} | changes

    def ask(self, tenant=None, **changes):
        return self.client.post("service", "/v1/approvals", self.body(**changes), tenant=tenant)

    def approve(self, asked):
        digest = {"expected_digest": asked["action_digest"]}
        return self.client.post("governor", f"/v1/approvals/{asked['id']}/approve", digest)

    def approved(self, count, rooms=False, **changes):
        self.client.sign_in("governor")
        words = [{"words": 300 + 10 * (n % 5)} for n in range(count)]
        if rooms:
            words = [said | numbered(n) for n, said in enumerate(words)]
        found = [self.ask(subject=one, **changes)["id"] for one in words]
        for id in found:
            self.approve(self.client.get("governor", f"/v1/approvals/{id}"))
        until(self.platform.idle, timeout_s=60)
        return found

    def learn(self, **changes):
        seen = {"evidence_refs": self.approved(5, **changes)}
        draft = self.client.post("agent_orchestrator", "/v1/seeds", seen)
        submitted = self.client.post("agent_orchestrator", f"/v1/seeds/{draft['id']}/submit")
        path = f"/v1/precedent-seeds/{submitted['precedent_seed_id']}"
        review = {"outcome": "approve", "rationale": "It covers what people approved, and no more."}
        assert self.client.post("genesis", f"{path}/validate", review)["status"] == "shadow"
        self.approved(10, **changes)
        self.platform.clock.jump(self.platform.clock.now() + timedelta(days=15))
        self.client.sign_in("governor")
        return self.client.post("governor", f"{path}/activate")


def numbered(n):
    return {"channel": ROOMS[n % 5], "ticket": TICKETS[n % 5]}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    platform = Platform(tmp_path_factory.mktemp("learned"), port=free_port()).start()
    yield People(platform)
    platform.stop()


@pytest.fixture(scope="module")
def seed(people):
    return people.learn()


@pytest.mark.parametrize("what", MORE)
def test_an_act_with_something_more_or_other_is_asked(people, seed, what):
    assert people.ask(**MORE[what])["status"] == "pending"
    assert people.ask(subject={"words": 340})["seed_id"] == seed["seed_id"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject": {"cc": "x@news.test"}}, "the act says more than the rule knows of: cc"),
        ({"facts": {"fact_check": "-"}}, "fact_check is not stated; it must be “passed”"),
        (
            {"facts": {"fact_check": "Passed"}},
            "fact_check is “Passed”, where a code of one spelling is asked for; it must be “passed”",
        ),
    ],
)
def test_the_dry_run_says_what_is_unknown_in_words(people, seed, changes, said):
    body = people.body(**changes | {"subject": {"words": 310} | changes.get("subject", {})})
    found = people.client.post("service", "/v1/precedent-seeds/match", body)
    (one,) = [one for one in found["candidates"] if one["seed_id"] == seed["seed_id"]]
    against = [(why["detail"], why["known"]) for why in one["reasons"] if not why["passed"]]
    assert against == [(said, False)]


def test_a_customer_switches_it_off_in_their_tenant_alone(people, seed):
    shown = people.client.get("customer_admin", "/v1/precedent-seeds/deciding")["items"]
    assert seed["seed_id"] not in {one["seed_id"] for one in shown}
    (shipped,) = [one for one in shown if one["seed_id"] == "GEN-004"]
    here = f"/v1/precedent-seeds/deciding/{shipped['seed_id']}"
    off = {"on": False, "reason": "We look at every publication ourselves."}
    assert people.client.post("customer_admin", f"{here}/switch", off)["on"] is False
    assert people.client.get("customer_admin", here)["reason"] == off["reason"]


def test_nobody_makes_a_rule_by_one_click(people):
    (one,) = people.approved(1, approval_class="post:HC:forum")
    people.client.sign_in("governor")
    for refs in ([one], [one] * 5):
        with pytest.raises(Refused) as refused:
            people.client.post("governor", "/v1/seeds", {"evidence_refs": refs})
        assert refused.value.status == 422


def test_a_rule_that_was_taken_back_answers_nothing_more(people, seed):
    assert people.ask(subject={"words": 320})["seed_id"] == seed["seed_id"]
    people.client.sign_in("governor")
    why = {"reason": "It was one person's wish alone."}
    people.client.post("governor", f"/v1/precedent-seeds/{seed['id']}/revoke", why)
    assert people.ask(subject={"words": 320})["status"] == "pending"


@pytest.fixture(scope="module")
def of_rooms(people, seed):
    return people.learn(rooms=True, approval_class="post:HC:rooms")


@pytest.mark.parametrize("what", NUMBERED)
def test_what_has_a_number_for_a_name_is_covered_by_that_name_alone(people, of_rooms, what):
    asked = {"approval_class": "post:HC:rooms"}
    assert people.ask(subject=numbered(0) | NUMBERED[what], **asked)["status"] == "pending"
    within = people.ask(subject=numbered(2) | {"words": 320}, **asked)
    assert within["seed_id"] == of_rooms["seed_id"]
