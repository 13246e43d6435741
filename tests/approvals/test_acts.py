"""Acts: every spelling of the same is one, and what a no was said to is recognised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import texts
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import acts
from shared.queries import OneOf
from tests.approvals.questions import request

SENT = {
    "typ": "action/v1",
    "tool": "mail.send",
    "recipients": "Ann@shop.test, bob@shop.test",
    "amount": 150,
    "urgent": True,
    "text_hash": "0" * 64,
}


def act(approval_class="mail.send:HC:news-letter", subject_kind="action", **changes):
    subject = {name: value for name, value in (SENT | changes).items() if value != "-"}
    asked = request(approval_class=approval_class, subject_kind=subject_kind, subject=subject)
    return acts.act(asked)


@pytest.mark.parametrize(
    "changes",
    [
        {"approval_class": "mail_send:hc:NEWS_LETTER"},
        {"approval_class": "publish_content:\uff28\uff23:news/letter"},
        {"approval_class": "mail.send:\u041d\u0421:news\u200b-letter"},
        {"tool": "Mail-Send"},
        {"tool": "m\u0430il.send"},
        {"recipients": "bob@shop.test;ANN@SHOP.TEST"},
        {"recipients": "ann@shop.test bob@shop.t\u0435st"},
        {"amount": "150"},
        {"amount": "\uff11\uff15\uff10"},
        {"urgent": "true"},
        {"text_hash": "-", "Text-Hash": "0" * 64},
        {"run_id": "another", "step_id": "2", "iteration": 7, "chain_version": 9},
        {"agent_id": "another", "manifest_hash": "1" * 64},
        {"note": None},
        {"note": ""},
        {"note": "-"},
        {"approval_class": "mail.send:HC:blog"},
        {"approval_class": "notify:ED:blog"},
        {"recipients": "mailto:ann@shop.test, Bob <bob+news@shop.test>"},
        {"recipients": "-", "recipient_emails": "ann@shop.test, bob@shop.test"},
        {"recipients": "-", "to_address": "ann%40shop.test;bob@shop.test"},
        {"recipients": "ann%2540shop.test;bob@shop.test"},
        *({"tool": "-", named: "mail.send"} for named in ("tool_name", "connector", "Tool-Id")),
    ],
)
def test_every_spelling_of_an_act_is_one(changes):
    assert act(**changes) == act()
    assert act(**changes).place == act().place
    assert act().same(act(**changes))


@pytest.mark.parametrize(
    "dialled", ["+49 170 123", "+49170123", "tel:+49-170-123", "0049170123", "+49 (170) 123"]
)
def test_a_number_is_one_however_it_is_dialled(dialled):
    assert act(recipients=dialled) == act(recipients="+49170123")
    assert act(recipients=dialled) != act(recipients="+49170124")


@pytest.mark.parametrize(
    "changes",
    [
        {"approval_class": "pay:HC:news-letter", "amount": 151},
        *({"tool": "mail.draft"}, {"recipients": "carol@shop.test"}, {"amount": 1500}),
        *({"urgent": False}, {"text_hash": "1" * 64}),
    ],
)
def test_another_act_is_another(changes):
    assert act(**changes) != act()
    assert not act().same(act(**changes))
    assert not act(**changes).same(act())


@pytest.mark.parametrize(
    "changes",
    [
        *({"note": "x"}, {"note": False}, {"extra": 1, "more": "y"}, {"amount": "-"}),
        *({"tool": "-"}, {"recipients": "-"}, {"recipients": "ann@shop.test"}),
        *({"approval_class": "frobnicate:HC:x", "note": "x"}, {"approval_class": "mailsend:HC:x"}),
    ],
)
def test_what_only_one_of_them_says_makes_no_other_act(changes):
    assert act().same(act(**changes))
    assert act(**changes).same(act())


def test_the_very_same_is_the_same_under_any_class():
    assert act().same(act(approval_class="pay:ED:anything"))
    nothing = {"tool": "-", "recipients": "-"}
    assert act(**nothing).same(act(**nothing, approval_class="pay:ED:anything"))
    assert not act(**nothing).covers(act(**nothing, note="x"))


def test_who_does_it_is_what_it_is_about_where_no_agent_acts():
    about = {"subject_kind": "manifest", "recipients": "-"}
    one, other = (act(**about, tool="-", agent_id=agent) for agent in ("one", "other"))
    assert not one.covers(other)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"approval_class": "Mail_Send:hc:newsletter".lower()},
        {"amount": 1, "text_hash": "1" * 64, "extra": "x"},
        {"recipients": "carol@shop.test, ann@shop.test"},
        {"recipients": "-", "whoever": "ann@shop.test"},
        {"recipients": "carol@shop.test", "besides": "x; Bob@shop.test"},
        {"approval_class": "mail.send:HC:blog", "amount": 1},
        {"approval_class": "frobnicate:HC:blog", "amount": 1},
        {"recipients": "-"},
        {"tool": "-"},
    ],
)
def test_a_no_covers_the_deed_the_tool_and_the_target(changes):
    assert act().covers(act(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        *({"approval_class": "pay:HC:news-letter", "amount": 1}, {"tool": "mail.draft"}),
        *({"recipients": "carol@shop.test"}, {"recipients": "annie@shop.test"}),
        {"recipients": "carol@shop.test", "cc": "eve@shop.test"},
        {"recipients": "carol@shop.test", "text": "Whoever asks writes to ann@shop.test then."},
    ],
)
def test_a_no_does_not_cover_another_deed_tool_or_target(changes):
    assert not act().covers(act(**changes))


def test_a_no_that_names_no_target_covers_all_of_them():
    assert act(recipients="-").covers(act())


WORDS = st.text("abcxyz\u0430\u0435\u00e9\uff41 .-_@", min_size=1, max_size=20)


@given(WORDS)
def test_a_normal_form_is_its_own(text):
    assert texts.worded(texts.worded(text)) == texts.worded(text)
    assert texts.bare(texts.bare(text)) == texts.bare(text)
    assert texts.bare(texts.worded(text)) == texts.bare(text)


@given(st.dictionaries(WORDS, WORDS, min_size=2, max_size=5), st.randoms())
def test_case_and_order_make_no_other_act(members, random):
    def asked(subject):
        example = request()
        return acts.act(ApprovalRequest(**dict(example) | {"subject": subject}))

    turned = list(members.items())
    random.shuffle(turned)
    shouted = {member.upper(): value.upper() for member, value in turned}
    if len({*map(str.upper, members)}) == len(members):
        assert asked(shouted) == asked(members)
    assert asked(members).covers(asked(members))


def test_every_act_that_a_no_reaches_is_found_where_it_is_looked_for():
    named = [f"x{n}@shop.test" for n in range(20)]
    acts_there = [
        act(tool=tool, recipients=to, note=note)
        for tool in ("mail.send", "-")
        for to in ("-", "x3@shop.test", "x17@shop.test, y@shop.test", ", ".join(named))
        for note in ("-", "z")
    ]
    for said in acts_there:
        kept = {"act_place": said.place, "act_tool": said.by_tool}
        for asked in acts_there:
            found = any(
                kept[member] in (test.values if isinstance(test, OneOf) else (test,))
                for place in asked.near()
                for member, test in place.items()
            )
            assert found or not said.covers(asked), (said, asked)
