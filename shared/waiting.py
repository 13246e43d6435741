"""Workflows that wait for something: where to call them back, kept apart from what anybody may read."""

from typing import ClassVar

from shared.entity import Record
from shared.errors import Conflict, Invalid

MAX_WAITING = 50


class Wait(Record):
    """One waiting workflow; its id names what it waits for."""

    collection: ClassVar[str] = "waits"

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
    rest = url.removeprefix(callbacks)
    if not callbacks or rest == url or "/callbacks/" not in rest or not rest.isascii():
        raise Invalid("a callback must be one of this project's workflows", rule="callback_url")
    if any(part in {"", ".", ".."} for part in rest.split("/")) or set(rest) & set("?#@\\%"):
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
