"""
Mask free text on its way into evidence, by what each member declares itself to be.

Evidence is signed and kept for good, so it must hold no personal data and no secret that somebody wrote into
a text. What a class declares to be a code, with a pattern, a Literal or an Enum, and what really is one, goes
as it is. Every other text is free and is masked, what nobody declared among them: the members of another
release, and what lies in a mapping of anything.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from shared.detectors import masked
from shared.entity import Value
from shared.errors import Invalid
from shared.judged import Masked
from shared.records import dataclass

_INSTANT = re.compile(r"[0-9T:.-]{23}Z")


@dataclass
class _Place:
    """What may stand in one place of a document, as it was declared."""

    patterns: list[re.Pattern[str]] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    kept: int = Masked.kept
    models: list[type[BaseModel]] = field(default_factory=list)
    names: "_Place | None" = None
    inside: "_Place | None" = None
    """The names of a mapping, and what is in it or in a list."""

    def told(self, data: Any) -> Any:
        """Return what is in the place as evidence may hold it."""
        match data:
            case str():
                return data if self._code(data) else _free(data, self.kept)
            case dict():
                return self._named(data)
            case list():
                inside = self.inside or _ANYTHING
                return [inside.told(item) for item in data]
        return data

    def under(self, name: str, data: Any) -> Any:
        """Return what is in the place under a name that nobody declared, which may tell what it is."""
        told = self.told(data)
        if isinstance(told, list):
            return [self.under(name, item) if isinstance(item, str) else item for item in told]
        if not isinstance(told, str) or self._code(told):
            return told
        before = f"{masked(name)}: "
        both = masked(before + told)
        return told if both == before + told else both.removeprefix(before)

    def keep(self, said: tuple[Any, ...]) -> bool:
        """Keep as much of a free text as is said of it, and return whether it is said to be one."""
        marks = [one.kept for one in said if isinstance(one, Masked)]
        self.kept = max(marks, default=self.kept)
        return bool(marks)

    def _code(self, text: str) -> bool:
        return text in self.words or any(pattern.fullmatch(text) for pattern in self.patterns)

    def _named(self, data: Mapping[str, Any]) -> dict[str, Any]:
        declared = {name: place for kind in self.models for name, place in _members(kind).items()}
        names, inside = self.names or _ANYTHING, self.inside or _ANYTHING
        found = {
            name if name in declared else names.told(name): declared[name].told(value)
            if name in declared
            else inside.under(name, value)
            for name, value in data.items()
        }
        if len(found) < len(data):
            raise Invalid("two names are the same once they are masked", rule="masked_names")
        return found


_ANYTHING = _Place()


def for_evidence(said: Value) -> dict[str, Any]:
    """
    Return the data of an event, or of why something was done, as evidence may hold it.

    Raises:
        Invalid: Two names in it are the same once they are masked.
    """
    place = _Place(models=[type(said)])
    data: dict[str, Any] = place.told(said.to_stored())
    return data


def _free(text: str, kept: int) -> str:
    """Mask a text and keep its beginning, in which nothing is left to be masked."""
    while (shorter := masked(text)[:kept]) != text:
        text = shorter
    return text


@cache
def _members(kind: type[BaseModel]) -> Mapping[str, _Place]:
    """Return what each member of a model declares, by the name it is written with."""
    hints, found = get_type_hints(kind, include_extras=True), {}
    for name, declared in kind.model_fields.items():
        place = found[declared.serialization_alias or name] = _Place()
        _declare(place, hints[name], tuple(declared.metadata))
    return found


def _declare(place: _Place, kind: Any, said: tuple[Any, ...]) -> None:
    """Add to a place what a type lets stand there; *said* is what an Annotated says of it."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        _declare(place, parts[0], (*parts[1:], *said))
    elif origin in {Union, UnionType}:
        for part in parts:
            _declare(place, part, said)
    elif origin is Literal:
        place.words.update(word for word in parts if isinstance(word, str))
    elif origin is not None and issubclass(origin, Mapping):
        place.names, place.inside = place.names or _Place(), place.inside or _Place()
        _declare(place.names, parts[0], ())
        _declare(place.inside, parts[1], ())
    elif origin is not None:
        place.inside = place.inside or _Place()
        for part in parts:
            _declare(place.inside, part, ())
    elif kind is Any:
        place.names = place.inside = place
        place.keep(said)
    elif isinstance(kind, type):
        _declare_class(place, kind, said)


def _declare_class(place: _Place, kind: type, said: tuple[Any, ...]) -> None:
    if issubclass(kind, BaseModel):
        place.models.append(kind)
    elif issubclass(kind, Enum):
        place.words.update(word.value for word in kind if isinstance(word.value, str))
    elif issubclass(kind, datetime):
        place.patterns.append(_INSTANT)
    elif kind is str and not place.keep(said):
        place.patterns += map(re.compile, _patterns(said))


def _patterns(said: tuple[Any, ...]) -> list[str]:
    """Return the patterns among what an Annotated says, where pydantic's Field keeps them."""
    each = [part for one in said for part in (one, *getattr(one, "metadata", ()))]
    return [part.pattern for part in each if isinstance(getattr(part, "pattern", None), str)]
