"""One suite over every provider of language models: Vertex AI, an endpoint that speaks as OpenAI's does, one machine's, and the fake of tests."""

import json
import logging
from dataclasses import replace

import pytest
from pydantic import SecretStr

from shared.edge.language_models import Listed, Placed, Said, Table
from shared.edge.offering import models
from shared.edge.outbound import GuardedHttpClient
from shared.edge.settings import Settings
from shared.edge.vertex import VertexModels
from shared.errors import Forbidden, Invalid, ProviderDown
from shared.language_models import Endpoint, Message, Price, Prompt, counted
from tests.conftest import NOON
from tests.edge.provider import Reply, providing
from tests.outside import FakeProvider, fake_models

KEY = SecretStr("sk-nobody-may-know")
PRICE = Price(1_000, 4_000)
ASKED = Prompt((Message("system", "Be short."), Message("user", "Wie heißt du?")), max_tokens=50)
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


class World:
    """Models whose provider says what a test tells it to."""

    def __init__(self, models, host):
        self.models, self.host = models, host


class OfVertex(World):
    by = "standard"
    seen = property(lambda self: [one.json for one in self.host.seen])

    def say(self, text="said", ended="stop", tokens=(7, 3)):
        reason = {"stop": "STOP", "length": "MAX_TOKENS", "unsafe": "SAFETY"}[ended]
        candidate = {
            "content": {"role": "model", "parts": [{"text": text}]},
            "finishReason": reason,
        }
        body = {"candidates": [candidate], "modelVersion": "gemini-x-001"}
        if tokens:
            counts = zip(("promptTokenCount", "candidatesTokenCount"), tokens, strict=True)
            body["usageMetadata"] = dict(counts)
        self.host.replies = [Reply(200, body)]

    def place(self, vectors, tokens):
        counts = {"statistics": {"token_count": tokens / len(vectors)}} if tokens else {}
        found = [{"embeddings": {"values": one, **counts}} for one in vectors]
        self.host.replies = [Reply(200, {"predictions": found})]


class OfEndpoint(World):
    @property
    def by(self):
        return Endpoint(f"{self.host.address}/v1", "gemini-x", PRICE, KEY)

    seen = property(lambda self: [one.json for one in self.host.seen])

    def say(self, text="said", ended="stop", tokens=(7, 3)):
        reason = {"stop": "stop", "length": "length", "unsafe": "content_filter"}[ended]
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": reason}
        body = {"choices": [choice], "model": "gemini-x-001"}
        if tokens:
            body["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), tokens, strict=True))
        self.host.replies = [Reply(200, body)]

    def place(self, vectors, tokens):
        data = [{"index": n, "embedding": one} for n, one in enumerate(vectors)][::-1]
        body = {"data": data, "usage": {"prompt_tokens": tokens} if tokens else None}
        self.host.replies = [Reply(200, body)]


class OfFake(World):
    by = "standard"

    def say(self, text="said", ended="stop", tokens=(None, None)):
        if ended == "unsafe":
            self.host.failing = Invalid("no", rule="provider_refused")
        self.host.said = Said(text, ended == "stop", *(tokens or (None, None)), "gemini-x-001")

    def place(self, vectors, tokens):
        self.host.placed = Placed(tuple(map(tuple, vectors)), tokens or None)


def offering(provider):
    classes = {
        "standard": Listed(model="gemini-x", prices=(PRICE,)),
        "embedding": Listed(model="place-x", prices=(Price(20),)),
    }
    return lambda: (Table(classes=classes), provider)


@pytest.fixture(params=["vertex", "endpoint", "fake"])
def world(request, pauses):
    if request.param == "fake":
        provider = FakeProvider()
        yield OfFake(
            replace(fake_models(lambda: NOON, provider), offered=offering(provider)), provider
        )
        return
    with providing() as host:
        client = GuardedHttpClient([f"127.0.0.1:{host.server_port}"], sleep=pauses.append)
        own = models(Settings({}), client, lambda: NOON)
        if request.param == "endpoint":
            yield OfEndpoint(own, host)
            return
        options = {"token": lambda: "a-token", "sleep": pauses.append}
        provider = VertexModels("p", "r", host.address, **options)
        yield OfVertex(replace(own, offered=offering(provider)), host)


# --- what every provider does ----------------------------------------------------------------------


def test_an_answer_says_what_it_took(world):
    world.say("Kim.", tokens=(70, 30))
    said = world.models.for_tenant("acme").complete(world.by, ASKED)
    assert (said.text, said.whole) == ("Kim.", True)
    assert said.usage.model == "gemini-x-001"
    assert (said.usage.tokens_in, said.usage.tokens_out) == (70, 30)
    assert (said.usage.cost_micro_usd, said.usage.estimated) == (190, False)


def test_what_nobody_counts_is_counted_here_and_said_to_be(world):
    world.say("Kim.", tokens=None)
    usage = world.models.complete(world.by, ASKED).usage
    texts = ["Be short.", "Wie heißt du?"]
    assert (usage.tokens_in, usage.tokens_out) == (counted(texts), 2)
    assert usage.estimated


def test_an_answer_that_was_cut_off_says_so(world):
    world.say(ended="length")
    assert not world.models.complete(world.by, ASKED).whole


def test_what_a_provider_refuses_for_good_is_refused(world):
    world.say(ended="unsafe")
    with pytest.raises(Invalid) as refused:
        world.models.complete(world.by, ASKED)
    assert refused.value.violations[0].rule == "provider_refused"


def test_nobody_is_asked_what_may_cost_too_much(world):
    world.say()
    most = PRICE.of(counted(["Be short.", "Wie heißt du?"]), 50)
    world.models.complete(world.by, ASKED, limit_micro_usd=most)
    with pytest.raises(Invalid) as refused:
        world.models.complete(world.by, ASKED, limit_micro_usd=most - 1)
    assert refused.value.violations[0].rule == "cost_limit_exceeded"
    assert len(world.host.asked if isinstance(world, OfFake) else world.host.seen) == 1


def test_texts_become_points_in_their_order(world):
    world.place([[1.0, 0.0], [0.0, 1]], tokens=8)
    by = world.by if isinstance(world.by, Endpoint) else "embedding"
    placed = world.models.embed(["one", "two"], by=by)
    assert placed.vectors == ((1.0, 0.0), (0.0, 1.0))
    assert (placed.usage.tokens_in, placed.usage.tokens_out) == (8, 0)
    world.place([[1.0]], tokens=None)
    assert world.models.embed(["one"], by=by).usage.estimated


def test_no_log_tells_what_was_asked_or_said_but_how_much(world, caplog):
    world.say("an answer for nobody", tokens=(70, 30))
    with caplog.at_level(logging.DEBUG):
        world.models.for_tenant("acme").complete(world.by, ASKED)
    for hidden in ("answer for nobody", "Wie hei", "sk-nobody", "acme"):
        assert hidden not in caplog.text
    (line,) = [json.loads(one.message) for one in caplog.records if one.name == "waooaw.requests"]
    assert (line["service"], line["cost_micro_usd"], line["tokens_in"]) == ("models", 190, 70)
    assert line["model"] == "gemini-x-001"


# --- those that are asked over the web -------------------------------------------------------------

over_the_web = pytest.mark.parametrize("world", ["vertex", "endpoint"], indirect=True)


@over_the_web
@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_a_provider_rejects_is_not_asked_again(world, pauses, status):
    world.host.replies = [Reply(status, {"error": {"message": "Wie heißt du?"}})]
    with pytest.raises(Invalid) as refused:
        world.models.complete(world.by, ASKED)
    assert refused.value.violations[0].rule == "provider_rejected"
    assert "hei" not in refused.value.detail
    assert (len(world.host.seen), pauses) == (1, [])


@over_the_web
@pytest.mark.parametrize("status", [302, 401, 403, 404, 409])
def test_who_does_not_let_us_in_is_down(world, status):
    world.host.replies = [Reply(status)]
    with pytest.raises(ProviderDown):
        world.models.complete(world.by, ASKED)


@over_the_web
@pytest.mark.parametrize("trouble", [Reply(429), Reply(500), Reply(503), Reply(cut=True)])
def test_what_passes_is_waited_for(world, pauses, trouble):
    world.say("Kim.")
    world.host.replies = [trouble, *world.host.replies]
    assert world.models.complete(world.by, ASKED).text == "Kim."
    assert len(pauses) == 1


@over_the_web
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"null", b"[]", b'"text"', {}, {"choices": []}, {"candidates": []}),
        {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": "x"}, "finish_reason": "tool_calls"}]},
        {"choices": [{"message": "x", "finish_reason": "stop"}]},
        {"candidates": [{"finishReason": "STOP", "content": {"parts": ["x"]}}]},
        {"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]},
        {"predictions": [{"embeddings": {"values": ["x"]}}]},
        {"predictions": [{"embeddings": {"values": []}}]},
        {"data": [{"index": 1, "embedding": [1.0]}]},
    ],
)
def test_an_answer_that_is_none_is_told(world, body):
    world.host.replies = [Reply(200, body)]
    by = world.by if isinstance(world.by, Endpoint) else "embedding"
    for act in (
        lambda: world.models.complete(world.by, ASKED),
        lambda: world.models.embed(["one"], by=by),
    ):
        with pytest.raises(ProviderDown, match="what nobody asked"):
            act()


@over_the_web
@pytest.mark.parametrize("count", [-1, True, "7", 1.5, None])
def test_a_count_that_is_none_is_not_believed(world, count):
    world.say(tokens=(7, count))
    assert world.models.complete(world.by, ASKED).usage.estimated


# --- what each is asked ----------------------------------------------------------------------------

WHOLE = replace(
    ASKED,
    messages=(*ASKED.messages, Message("assistant", "Kim."), Message("user", "Und du?")),
    temperature=0.5,
    top_p=0.9,
    seed=7,
    answers=SCHEMA,
)


@pytest.mark.parametrize("world", ["vertex"], indirect=True)
def test_vertex_is_asked_as_google_documents_it(world):
    world.say("{}")
    world.models.complete(world.by, WHOLE)
    (seen,) = world.host.seen
    place = "/v1/projects/p/locations/r/publishers/google/models/gemini-x:generateContent"
    assert (seen.method, seen.path) == ("POST", place)
    assert seen.headers["Authorization"] == "Bearer a-token"
    assert seen.json == {
        "systemInstruction": {"parts": [{"text": "Be short."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Wie heißt du?"}]},
            {"role": "model", "parts": [{"text": "Kim."}]},
            {"role": "user", "parts": [{"text": "Und du?"}]},
        ],
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "seed": 7,
            "maxOutputTokens": 50,
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
        },
    }
    world.place([[1.0]], 1)
    world.models.embed(["one"])
    assert world.host.seen[1].path.endswith("/models/place-x:predict")
    assert world.host.seen[1].json == {"instances": [{"content": "one"}]}


@pytest.mark.parametrize("world", ["vertex"], indirect=True)
def test_what_vertex_only_thinks_is_billed_and_not_handed_on(world):
    parts = [{"text": "hm", "thought": True}, {"text": "Kim"}, {"text": "."}]
    body = {
        "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": 7,
            "candidatesTokenCount": 3,
            "thoughtsTokenCount": 20,
        },
    }
    world.host.replies = [Reply(200, body)]
    said = world.models.complete(world.by, ASKED)
    assert (said.text, said.usage.tokens_out, said.usage.model) == ("Kim.", 23, "gemini-x")


@pytest.mark.parametrize("world", ["vertex"], indirect=True)
def test_a_prompt_that_vertex_blocks_is_refused(world):
    world.host.replies = [Reply(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})]
    with pytest.raises(Invalid, match="refuses to answer"):
        world.models.complete(world.by, ASKED)


@pytest.mark.parametrize("world", ["endpoint"], indirect=True)
def test_an_endpoint_is_asked_as_openai_documents_it(world):
    world.say("{}")
    world.models.complete(world.by, WHOLE)
    (seen,) = world.host.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["Authorization"] == "Bearer sk-nobody-may-know"
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.json == {
        "model": "gemini-x",
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Wie heißt du?"},
            {"role": "assistant", "content": "Kim."},
            {"role": "user", "content": "Und du?"},
        ],
        "max_tokens": 50,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
        },
    }
    world.place([[1.0]], 1)
    world.models.embed(["one"], by=world.by)
    assert world.host.seen[1].path == "/v1/embeddings"
    assert world.host.seen[1].json == {"model": "gemini-x", "input": ["one"]}


@pytest.mark.parametrize("world", ["endpoint"], indirect=True)
def test_a_model_that_declines_in_words_is_a_refusal(world):
    message = {"role": "assistant", "content": None, "refusal": "I cannot."}
    world.host.replies = [Reply(200, {"choices": [{"message": message, "finish_reason": "stop"}]})]
    with pytest.raises(Invalid, match="refuses to answer"):
        world.models.complete(world.by, ASKED)


@pytest.mark.parametrize("world", ["endpoint"], indirect=True)
def test_a_customers_endpoint_is_reached_as_every_address_of_theirs(world):
    for base in ("https://10.0.0.1/v1", "http://models.example.com/v1", "https://localhost/v1"):
        with pytest.raises(Forbidden):
            world.models.complete(replace(world.by, base=base), ASKED)
    assert "sk-nobody" not in repr(world.by)
