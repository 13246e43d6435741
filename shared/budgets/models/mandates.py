"""What somebody agreed that may be paid: to whom, how much, how often, and until when."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator

from shared.currencies import CURRENCIES
from shared.entity import ActorId, Entity, Id, Text, Timestamp, Value
from shared.errors import Unfit
from shared.examples import AGENT, NEXT_WEEK
from shared.handling import After, Blanked, Handling, PersonalData
from shared.judged import Pattern

MAX_MINOR = 1_000_000_000_000
Payee = Annotated[
    str,
    Pattern(r"^[A-Za-z0-9][A-Za-z0-9@._:+-]{0,119}$"),
    Field(max_length=120, examples=["upi:clinic-supplies@bank"]),
]
"""Whom money goes to, as every connector spells it in the end: a kind of address, a colon and the address."""

NewPayee = Annotated[
    str,
    Pattern(r"^[a-z][a-z0-9+.-]{0,29}:[A-Za-z0-9@+][A-Za-z0-9@._:+-]{0,88}$"),
    Field(max_length=120, examples=["upi:clinic-supplies@bank"]),
]
"""The same of what is agreed to now: with a kind of address, and an address."""

Minor = Annotated[int, Field(ge=1, le=MAX_MINOR)]


class MandateTerms(Value):
    """One consent: who may pay whom, how much in one payment and in all, how often, and until when."""

    personal: ClassVar = PersonalData(contacts="payee", texts="purpose")

    agent_id: Id
    """Which agent may pay under it; no other may."""
    payee: Payee
    """To whom, and to nobody else, whatever connector pays: such as `upi:clinic-supplies@bank`."""
    currency: Annotated[str, Pattern(r"^[A-Z]{3}$"), Field(max_length=3, examples=["INR"])]
    """In which currency, by its ISO 4217 code."""
    least_minor: Minor = 1
    """The least that one payment may be, in minor units of the currency (paise, cents)."""
    most_minor: Minor
    """The most that one payment may be, in minor units of the currency."""
    total_minor: Minor
    """How much all payments together may be, in minor units of the currency."""
    times: Annotated[int, Field(ge=1, le=10_000)]
    """How many payments there may be."""
    valid_until: Timestamp
    """Until when a payment may begin; at most a year ahead."""
    purpose: Annotated[Text, Field(max_length=300)]
    """What it is for, in your words."""


class NewMandate(MandateTerms):
    """A consent as somebody gives it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agent_id": AGENT,
                    "payee": "upi:clinic-supplies@bank",
                    "currency": "INR",
                    "least_minor": 100,
                    "most_minor": 200_000,
                    "total_minor": 500_000,
                    "times": 5,
                    "valid_until": NEXT_WEEK,
                    "purpose": "Gloves and masks, as they run out.",
                }
            ]
        }
    )

    payee: NewPayee
    """To whom, and to nobody else, whatever connector pays: the kind of address, a colon and the address."""

    @field_validator("currency")
    @classmethod
    def _is_paid_in(cls, currency: str) -> str:
        if currency not in CURRENCIES:
            said = "this is no currency that is paid in; name one by its ISO 4217 code"
            raise Unfit(said, rule="currency")
        return currency


class Mandate(Entity, MandateTerms):
    """A consent to pay, as it was given."""

    collection: ClassVar[str] = "mandates"
    handling: ClassVar = Handling(
        kept=After(2555, since="valid_until"),
        export="tenant",
        erasure=Blanked("who agreed to which payments, when and by which id is evidence of money"),
    )
    personal: ClassVar = PersonalData(ids="given_by revoked_by", texts="revoked_because")

    given_by: ActorId
    """Who agreed."""
    status: Literal["active", "revoked"] = "active"
    """Whether it counts; one that is revoked never does again."""
    revoked_at: Timestamp | None = None
    """When it was revoked; null where it was not."""
    revoked_by: ActorId | None = None
    """Who revoked it; null where nobody did."""
    revoked_because: Annotated[Text, Field(max_length=500)] | None = None
    """Why, in their words; null where nobody did."""


class SeenMandate(Mandate):
    """A consent to pay as it is now: with what was paid under it."""

    spent_minor: int = 0
    """How much was paid, in minor units of the currency."""
    reserved_minor: int = 0
    """How much is under way, in minor units of the currency."""
    spent_times: int = 0
    """How many payments were made."""
    reserved_times: int = 0
    """How many payments are under way."""


class Revocation(Value):
    """Why a consent is taken back."""

    personal: ClassVar = PersonalData(texts="reason")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "We buy elsewhere from now on."}]}
    )

    reason: Annotated[Text, Field(min_length=10, max_length=500)]
    """Why, in your words."""
