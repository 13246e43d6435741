from typing import Literal

from pydantic import Field

from shared.actors import PLATFORM, Scope
from shared.events.models import DeadLetter
from shared.operation import Call, operation
from shared.queries import Page, Paging


class Which(Paging):
    """Which dead letters."""

    status: Literal["open", "replayed", "dropped"] | None = None
    """Only dead letters in this status."""
    consumer: str | None = Field(None, pattern=r"^[a-z_.]{1,100}$")
    """Only messages that this function could not take, by its name such as `mobile.follow_agent`."""


@operation(
    "GET",
    "/v1/events/dead-letters",
    scopes={Scope.EVENTS_READ},
    tenant=PLATFORM,
    audited=False,
)
def list_dead_letters(call: Call, which: Which) -> Page[DeadLetter]:
    """List the messages that could not be delivered, the newest first."""
    with call.transaction() as txn:
        return txn.page(DeadLetter, which, order="-last_at", **which.tests())
