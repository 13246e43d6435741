"""Which language models a deployment offers, what they cost, and what those of one machine say."""

import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from shared.edge.language_models import Listed, PricedModels, Table
from shared.edge.local_models import TABLE, LocalModels
from shared.edge.offering import models
from shared.edge.outbound import GuardedHttpClient
from shared.edge.settings import Settings
from shared.edge.vertex import VertexModels
from shared.errors import Invalid
from shared.language_models import Message, Price
from tests.conftest import NOON
from tests.edge.test_language_models import ASKED, OfEndpoint
from tests.outside import FakeProvider, fake_models

# --- prices ----------------------------------------------------------------------------------------


def test_a_price_is_whole_micro_dollars_rounded_half_up_once():
    assert Price(1, 0).of(499, 0) == 0
    assert Price(1, 0).of(500, 0) == 1
    assert Price(150, 600).of(1, 1) == 1
    assert Price(150, 600).of(1_000_000, 1_000_000) == 750_000


def test_the_price_of_the_day_counts():
    prices = (
        Price(2, 2, date(2026, 6, 1)),
        Price(1, 1, date(2026, 1, 1)),
        Price(3, 3, date(2027, 1, 1)),
    )
    listed = Listed(model="m", prices=prices)
    assert listed.price(date(2025, 12, 31)) is None
    assert listed.price(date(2026, 5, 31)).input_per_1k_micro_usd == 1
    assert listed.price(date(2026, 6, 1)).input_per_1k_micro_usd == 2


@pytest.mark.parametrize("by", ["unknown", "unpriced", "later"])
def test_a_model_without_a_price_is_not_asked(by):
    classes = {
        "unpriced": Listed(model="m"),
        "later": Listed(model="m", prices=(Price(1, 1, date(2027, 1, 1)),)),
    }
    provider = FakeProvider()
    own = replace(fake_models(lambda: NOON), offered=lambda: (Table(classes=classes), provider))
    for act in (lambda: own.complete(by, ASKED), lambda: own.embed(["one"], by=by)):
        with pytest.raises(Invalid) as refused:
            act()
        assert refused.value.violations[0].rule == "model_unknown"
    assert provider.asked == []


@pytest.mark.parametrize("texts", [[], ["x"] * 65])
def test_so_many_texts_are_embedded_at_once(texts):
    with pytest.raises(Invalid):
        fake_models(lambda: NOON).embed(texts)


# --- one machine -----------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path):
    return models(Settings({"DATA": str(tmp_path)}), GuardedHttpClient(), lambda: NOON)


def test_one_machine_says_the_same_to_the_same(here):
    first, again = (here.complete("small", ASKED) for _ in range(2))
    assert first == again
    assert first.text.endswith("Wie heißt du?")
    other = replace(ASKED, messages=(Message("system", "Be long."), ASKED.messages[1]))
    assert here.complete("small", other).text != first.text
    assert here.complete("large", ASKED).usage.cost_micro_usd > first.usage.cost_micro_usd > 0


def test_one_machine_answers_a_schema_with_what_fits_it(here):
    import jsonschema

    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 6},
            "kind": {"$ref": "#/$defs/kind"},
            "parts": {"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 2},
        },
        "required": ["name", "kind", "parts"],
        "$defs": {"kind": {"enum": ["a", "b"]}},
    }
    said = here.complete("small", replace(ASKED, answers=schema))
    jsonschema.validate(json.loads(said.text), schema)


def test_one_machine_cuts_off_what_is_too_long(here):
    said = here.complete("small", replace(ASKED, max_tokens=2))
    assert (said.whole, said.usage.tokens_out) == (False, 2)


def test_points_of_one_machine_are_near_where_texts_are_alike(here):
    def alike(one, other):
        return sum(a * b for a, b in zip(one, other, strict=True))

    texts = ["the cat sat on the mat", "a cat sat on a mat", "quarterly tax report", ""]
    placed = here.embed(texts)
    cats, also, tax, empty = placed.vectors
    assert {len(one) for one in placed.vectors} == {384}
    assert all(math.isclose(alike(one, one), 1) for one in placed.vectors)
    assert alike(cats, also) > 0.5 > abs(alike(cats, tax)) + 0.2
    assert empty[0] == 1.0
    assert here.embed(texts).vectors == placed.vectors


# --- what a deployment offers ----------------------------------------------------------------------


def test_the_cloud_has_no_model_before_somebody_decides_on_one():
    cloud = models(Settings({"ENVIRONMENT": "prod"}), GuardedHttpClient(), lambda: NOON)
    with pytest.raises(Invalid, match="no model of the class small"):
        cloud.complete("small", ASKED)


def test_the_settings_say_which_models_there_are(provider, tmp_path):
    prices = [
        {"input_per_1k_micro_usd": 75, "output_per_1k_micro_usd": 300, "valid_from": "2026-01-01"}
    ]
    table = {
        "provider": f"{provider.address}/v1",
        "classes": {"small": {"model": "m", "prices": prices}},
    }
    (tmp_path / "key").write_text("sk-of-the-platform\n")
    environ = {"MODELS": json.dumps(table), "MODELS_KEY": str(tmp_path / "key")}
    client = GuardedHttpClient([f"127.0.0.1:{provider.server_port}"])
    own = models(Settings(environ), client, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    OfEndpoint(own, provider).say("Kim.", tokens=(1000, 1000))
    assert own.complete("small", ASKED).usage.cost_micro_usd == 375
    assert provider.seen[0].headers["Authorization"] == "Bearer sk-of-the-platform"

    vertex = Settings({"MODELS": json.dumps({**table, "provider": "vertex"})})
    assert isinstance(models(vertex, client, lambda: NOON).offered()[1], VertexModels)
    local = Settings({"ENVIRONMENT": "dev", "MODELS": json.dumps({**table, "provider": "local"})})
    assert isinstance(models(local, client, lambda: NOON).offered()[1], LocalModels)
    with pytest.raises(ValidationError):
        models(Settings({"MODELS": '{"model": "m"}'}), client, lambda: NOON).offered()


def test_a_function_is_given_its_own_tenants_part(documents, signer):
    from shared.edge.calling import given
    from shared.outside import Models
    from shared.reaction import Reaction, ReactionCall
    from tests.conftest import ports_of

    def draft(call: ReactionCall, language: Models) -> None:
        """Draft."""

    draft.__module__ = "functions.tests.draft"
    (own,) = given(Reaction(draft), ports_of(documents, signer, lambda: NOON), "acme").values()
    assert isinstance(own, PricedModels)
    assert own.tenant == "acme"


def test_what_one_machine_offers_is_priced():
    assert all(one.price(NOON.date()) for one in TABLE.classes.values())
