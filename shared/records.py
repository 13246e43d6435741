"""
Dataclasses whose methods are not compiled for each.

The standard library writes the source of up to six methods of each dataclass and compiles it: 0.4 ms of every cold
start, and a function imports some seventy of ours. Here they are closures over the names of the fields. A type checker
sees the decorator of the standard library; `fields`, `replace` and `asdict` take these as they take those.
"""

import dataclasses
from collections.abc import Callable, Mapping
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, eq=True, kw_only=False):
        """Make a class a dataclass, as the decorator of that name does; what a class says itself stays."""
        if cls is None:
            return lambda cls: dataclass(cls, frozen=frozen, eq=eq, kw_only=kw_only)
        own = set(vars(cls))
        dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        methods = {"__init__": _init(cls), "__repr__": _repr(cls)}
        if eq:
            methods |= _compared(cls, hashed=frozen)
        if frozen:
            methods |= {"__setattr__": _set, "__delattr__": _delete}
        for name in methods.keys() - own:
            setattr(cls, name, methods[name])
        return cls


def _init(cls: type) -> Callable[..., None]:
    known: Mapping[str, dataclasses.Field[Any]] = vars(cls)["__dataclass_fields__"]
    kept = {one.name for one in dataclasses.fields(cls)}
    passing = [name for name, one in known.items() if isinstance(one.type, dataclasses.InitVar)]
    given = [name for name in known if name in passing or (name in kept and known[name].init)]
    places = [name for name in given if not known[name].kw_only]
    none = dataclasses.MISSING
    defaults = {name: known[name].default for name in given if known[name].default is not none}
    made = [(n, make) for n in kept if (make := known[n].default_factory) is not none]
    names, size = set(given), len({*given, *(name for name, _ in made)})
    ends = hasattr(cls, "__post_init__")

    def __init__(self: Any, /, *values: Any, **named: Any) -> None:  # noqa: N807 - it is one
        if (
            len(values) > len(places)
            or not names.issuperset(named)
            or (values and named and not named.keys().isdisjoint(places[: len(values)]))
        ):
            raise TypeError(f"{cls.__name__} does not take what it was given")
        fields = self.__dict__
        fields.update(defaults)
        fields.update(zip(places, values))  # noqa: B905 - what has no value has a name
        fields.update(named)
        if len(fields) < size:
            for name, make in made:
                if name not in fields:
                    fields[name] = make()
            if len(fields) < size:
                missing = ", ".join(sorted(names - fields.keys()))
                raise TypeError(f"{cls.__name__} was not given {missing}")
        if ends:
            self.__post_init__(*[fields.pop(name) for name in passing])

    return __init__


def _repr(cls: type) -> Callable[[Any], str]:
    names = [one.name for one in dataclasses.fields(cls) if one.repr]

    @recursive_repr()
    def __repr__(self: Any) -> str:  # noqa: N807 - it is one
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({told})"

    return __repr__


def _compared(cls: type, *, hashed: bool) -> dict[str, Any]:
    names = [one.name for one in dataclasses.fields(cls) if one.compare]
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: Any, other: Any) -> bool:  # noqa: N807 - it is one
        return (
            values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented
        )

    def __hash__(self: Any) -> int:  # noqa: N807 - it is one
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if hashed else None}


def _set(_: Any, name: str, value: Any) -> None:  # noqa: ARG001 - it is not set
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(_: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
