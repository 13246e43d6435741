"""Workflows that wait for something: where to call them back, kept apart from what anybody may read."""

import re
from typing import ClassVar

from shared.entity import Record
from shared.errors import Conflict, Invalid
from shared.handling import Handling, Nobody, UntilDone
from shared.here import HERE, named_here

MAX_WAITING = 50

_PART = r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
_CALLBACK = re.compile(rf"(?:{_PART}/)+callbacks/{_PART}")


class Wait(Record):
    """One waiting workflow; its id names what it waits for."""

    collection: ClassVar[str] = "waits"
    handling: ClassVar = Handling(
        kept=UntilDone("what it waits for has come"),
        export=Nobody("an address that lets whoever knows it go on"),
        erasure="deleted",
    )

    url: str
    besides: tuple[str, ...] = ()
    """Where others wait for the same."""

    @property
    def urls(self) -> tuple[str, ...]:
        """Everywhere that somebody waits."""
        return (self.url, *self.besides)


def wait(subject: str, url: str, *, callbacks: str) -> Wait:
    """
    Return the wait for *subject* at a callback of this project's own.

    Raises:
        Invalid: The address is elsewhere; calling it would hand our token to a stranger.
    """
    if callbacks.startswith(f"{HERE}/"):
        url = named_here(url)
    if not (callbacks and url.startswith(callbacks) and _CALLBACK.fullmatch(url, len(callbacks))):
        raise Invalid("a callback must be one of this project's workflows", rule="callback_url")
    return Wait(id=subject, url=url)


def together(before: Wait | None, new: Wait) -> Wait:
    """
    Return the wait of all that wait for one thing.

    Raises:
        Conflict: They are too many.
    """
    if before is None or new.url in before.urls:
        return before or new
    if len(before.urls) >= MAX_WAITING:
        raise Conflict(f"{MAX_WAITING} workflows wait for this answer already", rule="waiting")
    return before.model_copy(update={"besides": (*before.besides, new.url)})
