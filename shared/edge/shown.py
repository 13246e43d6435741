"""What is shown of a result: as it is stored, in JSON, or event by event (Server-Sent Events, HTML 9.2)."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import to_json

from shared.entity import Value
from shared.queries import Page
from shared.streams import Happened, Place, Stream, event_name

LATER = "retry: 5000\n\n"
"""Come back in five seconds."""


def written(result: object) -> str:
    """Write a result as JSON, in one line."""
    return b"".join(_parts({} if result is None else result)).decode()


def _parts(result: Any) -> Iterator[bytes]:
    """Yield the JSON of a result: documents are written as they are stored, without being taken apart first."""
    match result:
        case Page():
            yield from _parts({name: getattr(result, name) for name in type(result).model_fields})
        case Value():
            yield result.to_json()
        case dict():
            for n, (name, value) in enumerate(result.items()):
                yield (b"," if n else b"{") + to_json(f"{name}") + b":"
                yield from _parts(value)
            yield b"}" if result else b"{}"
        case list() | tuple():
            for n, value in enumerate(result):
                yield b"," if n else b"["
                yield from _parts(value)
            yield b"]" if result else b"[]"
        case _:
            yield to_json(result)


def event(happened: Happened[Any]) -> str:
    """Write one event of a stream."""
    what = happened.what
    return f"id: {happened.place}\nevent: {event_name(type(what))}\ndata: {written(what)}\n\n"


def ping(here: Place) -> str:
    """Write that everything is told up to a place, which is where whoever listens goes on."""
    return f"id: {here}\nevent: ping\ndata: {{}}\n\n"


def ended(stream: Stream[Any]) -> str:
    """Write what there is to tell now, and when to come back."""
    told = "".join(map(event, stream.events))
    return LATER + told + ("" if stream.more else ping(stream.here))
