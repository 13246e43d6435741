"""
The `Models` port: which model a class stands for, what it may cost, what it took, and who is asked.

A provider does one thing: it turns a prompt into a request of its own and its answer into ours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from shared.actors import PLATFORM
from shared.edge.logs import used
from shared.errors import Invalid
from shared.language_models import (
    MOST_TEXTS,
    Completion,
    Embedding,
    Endpoint,
    Price,
    Prompt,
    Usage,
    counted,
)
from shared.outside import HttpClient
from shared.records import dataclass


@dataclass(frozen=True)
class Said:
    """What a provider answered to a prompt; None where it does not say how much it was."""

    text: str
    whole: bool
    tokens_in: int | None = None
    tokens_out: int | None = None
    model: str | None = None


@dataclass(frozen=True)
class Placed:
    """What a provider answered to texts, likewise."""

    vectors: tuple[tuple[float, ...], ...]
    tokens_in: int | None = None
    model: str | None = None


class Provider(Protocol):
    """Somebody who has models."""

    def complete(self, model: str, prompt: Prompt) -> Said:
        """Return what a model says."""

    def embed(self, model: str, texts: Sequence[str]) -> Placed:
        """Return where texts are."""


class Listed(BaseModel):
    """A model that a class stands for, and its prices."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    model: str
    prices: tuple[Price, ...] = ()

    def price(self, on: date) -> Price | None:
        """Return the price of a day; None where it has none."""
        known = [one for one in self.prices if one.valid_from <= on]
        return max(known, key=lambda one: one.valid_from, default=None)


class Table(BaseModel):
    """What a deployment decides about models."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    provider: str = "local"
    """`local`, `vertex`, or where an endpoint is that speaks as OpenAI's does."""

    classes: Mapping[str, Listed] = Field(default_factory=dict)


Offered = tuple[Table, Provider]
"""Which models there are, and who has those of the table."""


@dataclass(frozen=True)
class PricedModels:
    """The `Models` port."""

    offered: Callable[[], Offered]
    own: Callable[[Endpoint, HttpClient], Provider]
    """Makes a provider of a customer's endpoint."""

    client: HttpClient
    clock: Callable[[], datetime]
    tenant: str = PLATFORM
    paced: Callable[[str], None] | None = None
    """Lets a tenant ask, or refuses; without it all may."""

    def for_tenant(self, tenant: str) -> "PricedModels":
        """Return the part of one tenant."""
        return replace(self, client=self.client.for_tenant(tenant), tenant=tenant)

    def complete(
        self, by: str | Endpoint, prompt: Prompt, *, limit_micro_usd: int | None = None
    ) -> Completion:
        """Return what a model says, as the port says."""
        provider, model, price = self._chosen(by)
        asked = counted([one.text for one in prompt.messages])
        most = price.of(asked, prompt.max_tokens)
        if limit_micro_usd is not None and most > limit_micro_usd:
            raise Invalid(
                f"it may cost {most} micro-dollars, and {limit_micro_usd} are allowed",
                rule="cost_limit_exceeded",
            )
        self._pace()
        said = provider.complete(model, prompt)
        took = (said.tokens_in, said.tokens_out)
        usage = self._usage(said.model or model, price, took, (asked, counted([said.text])))
        return Completion(said.text, said.whole, usage)

    def embed(self, texts: Sequence[str], *, by: str | Endpoint = "embedding") -> Embedding:
        """Return where texts are, as the port says."""
        if not 0 < len(texts) <= MOST_TEXTS:
            raise Invalid(f"1 to {MOST_TEXTS} texts are embedded at once", rule="texts")
        provider, model, price = self._chosen(by)
        self._pace()
        placed = provider.embed(model, texts)
        took = (placed.tokens_in, 0)
        usage = self._usage(placed.model or model, price, took, (counted(texts), 0))
        return Embedding(placed.vectors, usage)

    def _pace(self) -> None:
        if self.paced is not None:
            self.paced(self.tenant)

    def _chosen(self, by: str | Endpoint) -> tuple[Provider, str, Price]:
        if isinstance(by, Endpoint):
            return self.own(by, self.client), by.model, by.price
        table, provider = self.offered()
        listed = table.classes.get(by)
        price = listed.price(self.clock().date()) if listed else None
        if listed is None or price is None:
            raise Invalid(
                f"no model of the class {by} is configured and priced", rule="model_unknown"
            )
        return provider, listed.model, price

    def _usage(
        self,
        model: str,
        price: Price,
        told: tuple[int | None, int | None],
        ours: tuple[int, int],
    ) -> Usage:
        """Return what an answer took, and put it into the log."""
        tokens_in, tokens_out = (
            mine if theirs is None else theirs for theirs, mine in zip(told, ours, strict=True)
        )
        cost = price.of(tokens_in, tokens_out)
        usage = Usage(model, tokens_in, tokens_out, cost, estimated=None in told)
        used(self.tenant, usage)
        return usage
