"""
Language models: what is asked of them, what they answer, and what that cost.

Every answer says its usage, in tokens and whole micro-dollars. Who asks keeps it in the transaction that
keeps the answer: no other count can agree with what was done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from typing import Any, Literal

from pydantic import SecretStr

from shared.records import dataclass

BYTES_PER_TOKEN = 3
"""How text is counted where nobody else counts it: rather too many tokens than too few."""

MOST_TEXTS = 64


@dataclass(frozen=True)
class Message:
    """One turn of what a model is shown."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Prompt:
    """What a model is asked."""

    messages: tuple[Message, ...]
    max_tokens: int
    """How long the answer may be."""

    temperature: float = 0.0
    top_p: float | None = None
    seed: int | None = None
    answers: Mapping[str, Any] | None = None
    """The JSON schema of the answer; text without it."""


@dataclass(frozen=True)
class Price:
    """What a thousand tokens cost, in micro-dollars, from a day on."""

    input_per_1k_micro_usd: int
    output_per_1k_micro_usd: int = 0
    valid_from: date = date.min

    def of(self, tokens_in: int, tokens_out: int) -> int:
        """Return what so many tokens cost, rounded half up once."""
        thousandth = tokens_in * self.input_per_1k_micro_usd
        thousandth += tokens_out * self.output_per_1k_micro_usd
        return (thousandth + 500) // 1000


@dataclass(frozen=True)
class Usage:
    """What one answer took."""

    model: str
    """The model that answered, by its own name and version."""

    tokens_in: int
    tokens_out: int
    cost_micro_usd: int
    estimated: bool = False
    """Whether we counted, since the provider does not say."""


@dataclass(frozen=True)
class Completion:
    """What a model said to a prompt."""

    text: str
    whole: bool
    """Whether it came to its end; otherwise it was cut off at the longest that the prompt allows."""

    usage: Usage


@dataclass(frozen=True)
class Embedding:
    """Texts as points of a space in which what is alike is near, all of one length."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage


@dataclass(frozen=True)
class Endpoint:
    """A model of a customer's own, at an endpoint that speaks as OpenAI's does."""

    base: str
    """What stands before ``/chat/completions``, as ``https://models.example.com/v1``."""

    model: str
    price: Price
    key: SecretStr | None = field(default=None, repr=False)


def counted(texts: Sequence[str]) -> int:
    """Return how many tokens texts have at the most, about."""
    return sum(-(-len(text.encode()) // BYTES_PER_TOKEN) for text in texts)
