"""
Dataclasses whose methods are not compiled for each.

The standard library writes the source of up to six methods of each dataclass and compiles it: 0.4 ms of every cold
start, and a function imports some seventy of ours, and of pydantic's (`shared/edge/light.py`). Here they are closures
over the names of the fields. A type checker sees the decorator of the standard library; `fields`, `replace` and
`asdict` take these as they take those.
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
    standard = dataclasses.dataclass

    def dataclass(cls=None, /, *, frozen=False, eq=True, repr=True, kw_only=False, slots=False):
        """Make a class a dataclass, as the decorator of that name does; what a class says itself stays."""
        if cls is None:
            return lambda cls: dataclass(
                cls, frozen=frozen, eq=eq, repr=repr, kw_only=kw_only, slots=slots
            )
        own = {name for name, value in vars(cls).items() if name != "__hash__" or value is not None}
        # Where a class says nothing of itself, the standard library reads its signature to say that.
        cls.__doc__ = cls.__doc__ or cls.__name__
        cls = standard(init=False, repr=False, eq=False, kw_only=kw_only, slots=slots)(cls)
        methods = {"__init__": _init(cls, slots=slots)}
        if repr:
            methods["__repr__"] = _repr(cls)
        if eq:
            methods |= _compared(cls, hashed=frozen)
        if frozen:
            methods |= _frozen(cls, slots=slots)
        for name in methods.keys() - own:
            setattr(cls, name, methods[name])
        return cls


def _init(cls: type, *, slots: bool) -> Callable[..., None]:
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
    put = object.__setattr__

    def __init__(self: Any, /, *values: Any, **named: Any) -> None:  # noqa: N807 - it is one
        if (
            len(values) > len(places)
            or not names.issuperset(named)
            or (values and named and not named.keys().isdisjoint(places[: len(values)]))
        ):
            raise TypeError(f"{cls.__name__} does not take what it was given")
        fields = {} if slots else self.__dict__
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
        passed = [fields.pop(name) for name in passing]
        if slots:
            for name, value in fields.items():
                put(self, name, value)
        if ends:
            self.__post_init__(*passed)

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


def _frozen(cls: Any, *, slots: bool) -> dict[str, Any]:
    names = {one.name for one in dataclasses.fields(cls)}

    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807 - it is one
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807 - it is one
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    def __getstate__(self: Any) -> list[Any]:  # noqa: N807 - it is one
        return [getattr(self, one.name) for one in dataclasses.fields(self)]

    def __setstate__(self: Any, state: list[Any]) -> None:  # noqa: N807 - it is one
        for one, value in zip(dataclasses.fields(self), state, strict=False):
            object.__setattr__(self, one.name, value)

    methods = {"__setattr__": __setattr__, "__delattr__": __delattr__}
    return methods | ({"__getstate__": __getstate__, "__setstate__": __setstate__} if slots else {})
