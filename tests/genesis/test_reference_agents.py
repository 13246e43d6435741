from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.genesis.get_spec_schema import get_spec_schema
from functions.genesis.list_reference_agents import list_reference_agents
from functions.genesis.run_reference_agent import run_reference_agent
from functions.genesis.validate_spec import validate_spec
from shared.actors import Role
from shared.errors import Invalid, NotFound
from shared.genesis.rules import marketing, trading
from shared.genesis.rules.marketing import MarketingBrief
from shared.genesis.rules.references import RunReference
from shared.genesis.rules.specs import AgentSpec
from shared.genesis.rules.trading import TradingRequest
from tests.genesis.samples import rules_of

SPEC = AgentSpec.model_json_schema()["examples"][0]
RUN = RunReference.model_json_schema()["examples"][0]
BRIEF = RUN["inputs"]
ORDER: dict[str, Any] = {
    "kind": "trading",
    "intent": {
        "exchange_account_id": "acc-1",
        "coin": "BTC",
        "units": 2,
        "side": "long",
        "action": "enter",
        "order_type": "limit",
        "limit_price_e4": 100_000_000,
    },
    "limits": {"allowed_coins": ["BTC"], "max_units_per_order": 5},
    "market": {"last_price_e4": 100_000_000, "balance_inr": 100_000},
}


def order(intent=None, market=None, limits=None, **more):
    return TradingRequest.model_validate(
        ORDER
        | {
            "intent": ORDER["intent"] | (intent or {}),
            "market": ORDER["market"] | (market or {}),
            "limits": ORDER["limits"] | (limits or {}),
        }
        | more
    )


def brief(**changes):
    return MarketingBrief.model_validate(BRIEF | changes)


# --- specifications ------------------------------------------------------------------------------


def test_the_schema_describes_the_specification(call_as):
    schema = get_spec_schema(call_as(Role.VIEWER))
    jsonschema.Draft202012Validator(schema).validate(SPEC)


def test_a_full_specification_is_valid(call_as):
    answer = validate_spec(call_as(Role.AGENT_ORCHESTRATOR), AgentSpec.model_validate(SPEC))
    assert (answer.valid, answer.violations) == (True, ())
    assert len(answer.spec_digest) == 64


FIELD = SPEC["config_fields"][0]
GOAL = SPEC["goal_templates"][0]
WRONG = [
    ("mold", {"deterministic": True}),
    ("mold", {"approval_type": "none"}),
    ("mold", {"required_skills": []}),
    ("dimension", {"dimensions": {k: v for k, v in SPEC["dimensions"].items() if k != "trial"}}),
    ("dimension", {"dimensions": SPEC["dimensions"] | {"budget": {"present": False}}}),
    ("L0-06", {"dimensions": SPEC["dimensions"] | {"ui": {"config": {"x": "a@b.example"}}}}),
    ("secret_in_config", {"config_fields": [FIELD | {"key": "api_token"}]}),
    ("config_field", {"config_fields": [FIELD, FIELD]}),
    ("config_field", {"config_fields": [FIELD | {"type": "enum"}]}),
    ("goal_template", {"goal_templates": [GOAL, GOAL]}),
    ("goal_template", {"goal_templates": [GOAL | {"settings_schema": {"type": "x"}}]}),
]


@pytest.mark.parametrize(("rule", "changes"), WRONG)
def test_what_does_not_fit_the_mold_is_said(call_as, rule, changes):
    answer = validate_spec(call_as(Role.VIEWER), AgentSpec.model_validate(SPEC | changes))
    assert not answer.valid
    assert rules_of(answer.violations) == {rule}


def test_a_reference_to_a_secret_is_fine(call_as):
    changes = {"config_fields": [FIELD | {"key": "api_token_ref"}]}
    assert validate_spec(call_as(Role.VIEWER), AgentSpec.model_validate(SPEC | changes)).valid


# --- runs ----------------------------------------------------------------------------------------


def test_there_are_five_reference_agents(call_as):
    found = list_reference_agents(call_as(Role.VIEWER))
    assert [agent.id for agent in found.items] == [
        "AGT-MKT-DMA-001",
        "AGT-MKT-HEALTH-001",
        "AGT-MKT-BEAUTY-001",
        "AGT-MKT-CAKE-001",
        "AGT-TRD-DELTA-001",
    ]


def test_a_run_is_dry_and_repeatable(call_as, documents):
    one, other = (
        run_reference_agent(
            call_as(Role.ADMIN), "AGT-MKT-HEALTH-001", RunReference.model_validate(RUN)
        )
        for _ in range(2)
    )
    assert one.model_dump_json() == other.model_dump_json()
    assert (one.mode, one.output.next_approval) == ("dry_run", "communication")


def test_each_agent_takes_its_own_inputs(call_as):
    trade = RunReference.model_validate({"inputs": ORDER})
    run = run_reference_agent(call_as(Role.ADMIN), "AGT-TRD-DELTA-001", trade)
    assert run.output.next_approval == "financial"
    with pytest.raises(Invalid):
        run_reference_agent(call_as(Role.ADMIN), "AGT-MKT-DMA-001", trade)
    with pytest.raises(NotFound):
        run_reference_agent(call_as(Role.ADMIN), "AGT-MKT-NONE-001", trade)


# --- marketing -----------------------------------------------------------------------------------


def test_the_message_is_made_of_the_brief():
    message = marketing.draft(brief()).message
    assert message.core_message == (
        "Riverside Clinic: A walk a day keeps your heart at play. Free heart check in May. Pune."
    )
    assert message.key_points == ("For: adults over forty", "Tone: warm", "Language: en")
    assert message.hashtags == ("#healthcare", "#hearthealth", "#RiversideClinic")


def test_a_bare_brief_is_enough():
    message = marketing.draft(
        brief(offer=None, location=None, target_audience=None, tone=None)
    ).message
    assert message.core_message == "Riverside Clinic: A walk a day keeps your heart at play."
    assert message.key_points == ("Language: en",)


def test_platforms_come_in_order_and_once():
    def platforms(*chosen):
        found = marketing.draft(brief(platforms=chosen)).variants
        return [variant.platform for variant in found]

    assert platforms() == ["youtube", "instagram", "facebook", "linkedin", "whatsapp"]
    assert platforms("linkedin", "facebook", "linkedin") == ["linkedin", "facebook"]


def test_the_angles_rotate_by_day():
    plan = marketing.draft(brief(duration_days=13)).theme_plan
    assert [day.angle for day in plan] == [*marketing.ANGLES, marketing.ANGLES[0]]


def test_artifacts_that_a_platform_does_not_take_are_dropped_with_a_reason():
    instagram, linkedin = marketing.draft(brief()).variants
    assert (instagram.artifacts, linkedin.artifacts) == (("image",), ("image", "table"))
    assert [drop.reason for drop in instagram.dropped] == ["instagram takes no table"]


def test_only_some_platforms_have_bullets_and_titles():
    variants = {v.platform: v for v in marketing.draft(brief(platforms=[])).variants}
    assert "• Tone: warm" in variants["linkedin"].text
    assert "•" not in variants["instagram"].text
    assert [name for name, v in variants.items() if v.title] == ["youtube"]


@given(st.lists(st.text(max_size=12), max_size=30))
def test_hashtags_are_normal(tags):
    found = marketing.normalised(tags)
    assert marketing.normalised(found) == found
    assert all(tag.startswith("#") and len(tag) > 1 for tag in found)
    assert len({tag.casefold() for tag in found}) == len(found)


@given(st.text(alphabet="ab ", max_size=60), st.integers(4, 50))
def test_a_cut_text_fits_and_is_a_beginning(text, limit):
    kept = marketing.cut(text, limit)
    assert len(kept) <= limit
    assert text.startswith(kept.removesuffix("..."))
    assert (kept == text) is (len(text) <= limit)


def test_a_text_is_cut_at_a_words_end():
    assert marketing.cut("one two three four", 13) == "one two..."
    assert marketing.cut("one two three", 10) == "one two..."
    assert marketing.cut("onetwothree", 8) == "onetw..."


@given(st.text(alphabet="word ", min_size=1, max_size=500).filter(str.strip))
def test_every_variant_keeps_its_platforms_limits(theme):
    for variant in marketing.draft(brief(theme=theme, platforms=[])).variants:
        adapter = marketing.ADAPTERS[variant.platform]
        assert len(variant.text) <= adapter.chars
        assert len(variant.hashtags) <= adapter.hashtags
        assert len(variant.title or "") <= 100


def test_claims_and_personal_data_are_pointed_out():
    assert marketing.draft(brief()).hints == ()
    hints = marketing.draft(
        brief(offer="We guarantee relief", call_to_action="Call +91 98765 43210")
    ).hints
    assert hints == (
        "“guarantee” is a claim that needs evidence, or has to go",
        "it contains what looks like phone",
    )


# --- trading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "action", "exchange_side", "operation"),
    [
        ("long", "enter", "buy", "place_order"),
        ("short", "exit", "buy", "close_position"),
        ("short", "enter", "sell", "place_order"),
        ("long", "exit", "sell", "close_position"),
    ],
)
def test_sides_become_the_exchanges_sides(side, action, exchange_side, operation):
    draft = trading.draft(order({"side": side, "action": action}))
    assert (draft.exchange_side, draft.operation) == (exchange_side, operation)


def test_stop_and_target_mirror_for_a_short():
    prices = {"stop_loss_bp": 100, "profit_target_bp": 250}
    long, short = (trading.draft(order({"side": side}, **prices)) for side in ("long", "short"))
    assert (long.stop_loss_price_e4, long.take_profit_price_e4) == (99_000_000, 102_500_000)
    assert (short.stop_loss_price_e4, short.take_profit_price_e4) == (101_000_000, 97_500_000)
    assert trading.draft(order()).stop_loss_price_e4 is None


def test_a_market_order_takes_the_last_price():
    draft = trading.draft(order({"order_type": "market"}, {"last_price_e4": 90_000_001}))
    assert (draft.price_e4, draft.notional_inr) == (90_000_001, 18_001)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"intent": {"limit_price_e4": None}}, "missing_limit_price"),
        (
            {"intent": {"order_type": "market"}, "market": {"last_price_e4": None}},
            "missing_estimated_price",
        ),
        ({"intent": {"order_type": "market"}, "market": {"last_price_age_s": 61}}, "price_stale"),
        ({"market": {"last_price_e4": None}, "stop_loss_bp": 5}, "missing_estimated_price"),
    ],
)
def test_an_order_without_a_good_price_is_refused(given, rule):
    with pytest.raises(Invalid) as refused:
        trading.draft(order(**given))
    assert rules_of(refused.value.violations) == {rule}


@pytest.mark.parametrize(
    ("limit", "given"),
    [
        ("allowed_coins", {"intent": {"coin": "ETH"}}),
        ("max_units_per_order", {"intent": {"units": 6}}),
        ("max_notional_inr", {"limits": {"max_notional_inr": 19_999}}),
        ("daily_trade_limit", {"market": {"trades_today": 3}}),
        ("daily_notional_limit_inr", {"market": {"notional_today_inr": 130_001}}),
        ("max_leverage", {"intent": {"leverage": 11}}),
        ("max_capital_bp_per_trade", {"market": {"balance_inr": 99_999}}),
        ("allowed_coins", {"intent": {"coin": "ETH", "units": 6, "leverage": 50}}),
    ],
)
def test_the_first_limit_that_would_be_passed_is_named(limit, given):
    with pytest.raises(Invalid) as refused:
        trading.draft(order(**given))
    assert refused.value.members == {"limit": limit}
    assert rules_of(refused.value.violations) == {"risk_limit_violation"}


@given(st.integers(1, 10**6), st.integers(1, 10**12), st.integers(1, 100), st.integers(0, 10**9))
def test_no_draft_ever_passes_a_limit(units, price, leverage, balance):
    request = order(
        {"units": units, "limit_price_e4": price, "leverage": leverage}, {"balance_inr": balance}
    )
    try:
        draft = trading.draft(request)
    except Invalid:
        return
    assert draft.intent.units <= 5
    assert draft.notional_inr <= 50_000
    assert leverage <= trading.MAX_LEVERAGE
    assert draft.margin_inr * 10_000 <= balance * trading.MAX_CAPITAL_BP
