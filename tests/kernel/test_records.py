"""A record is what the standard library's dataclass is, but for the compiling."""

import copy
import dataclasses
from dataclasses import KW_ONLY, FrozenInstanceError, InitVar, field, replace
from functools import cached_property
from typing import ClassVar

import pytest

from shared import records

BOTH = pytest.mark.parametrize("dataclass", [dataclasses.dataclass, records.dataclass])


def made(dataclass):
    """Return one of each kind of class that there is here."""

    @dataclass(frozen=True)
    class Plain:
        kind: ClassVar[str] = "plain"
        a: int
        b: str = "x"
        c: list = field(default_factory=list)
        d: int = field(default=0, compare=False, repr=False)

        @cached_property
        def twice(self):
            return self.a * 2

    @dataclass(frozen=True)
    class Further(Plain):
        e: int = 5

    @dataclass(frozen=True, kw_only=True)
    class Named:
        a: int
        passed: InitVar[int]
        kept: int = field(init=False, repr=False)
        own: dict = field(default_factory=dict, init=False)

        def __post_init__(self, passed):
            object.__setattr__(self, "kept", passed)

    @dataclass
    class Loose:
        a: int
        _: KW_ONLY
        b: int = 1

        def __repr__(self):
            return "loose"

    @dataclass(eq=False)
    class Itself:
        a: int

    @dataclass(frozen=True)
    class Empty:
        pass

    return Plain, Further, Named, Loose, Itself, Empty


@BOTH
def test_fields_are_given_by_place_or_name_and_have_defaults(dataclass):
    plain, further, named, loose, *_ = made(dataclass)
    assert vars(plain(1)) == {"a": 1, "b": "x", "c": [], "d": 0}
    assert vars(plain(1, "y", c=[2])) == {"a": 1, "b": "y", "c": [2], "d": 0}
    assert plain(1).c is not plain(1).c
    assert vars(further(1, "y", [], 4, 6)) == {"a": 1, "b": "y", "c": [], "d": 4, "e": 6}
    assert vars(named(a=1, passed=2)) == {"a": 1, "own": {}, "kept": 2}
    assert vars(loose(1, b=2)) == {"a": 1, "b": 2}


@BOTH
@pytest.mark.parametrize(
    "wrong",
    [
        lambda plain, *_: plain(),
        lambda plain, *_: plain(1, "y", [], 0, 5),
        lambda plain, *_: plain(1, other=2),
        lambda plain, *_: plain(other=2),
        lambda plain, *_: plain(1, a=2),
        lambda plain, *_: plain(kind="other", a=1),
        lambda _, __, named, *___: named(1, 2),
        lambda _, __, named, *___: named(a=1),
        lambda _, __, named, *___: named(a=1, passed=2, own={}),
        lambda _, __, named, *___: named(a=1, passed=2, kept=3),
        lambda _, __, ___, loose, *____: loose(1, 2),
        lambda *those: those[-1](1),
    ],
)
def test_what_does_not_fit_is_refused(dataclass, wrong):
    with pytest.raises(TypeError):
        wrong(*made(dataclass))


@BOTH
def test_those_are_equal_whose_compared_fields_are(dataclass):
    plain, further, _, loose, itself, empty = made(dataclass)
    assert plain(1, d=2) == plain(1, d=3)
    assert plain(1) != plain(2)
    assert plain(1) != further(1)
    assert plain(1) != (1, "x", [], 0)
    assert hash(plain(1, c=())) == hash(plain(1, c=(), d=3))
    assert loose(1) == loose(1)
    assert loose.__hash__ is None
    assert itself(1) != itself(1)
    assert hash(itself(1)) is not None
    assert (empty(), hash(empty())) == (empty(), hash(empty()))


@BOTH
def test_what_is_frozen_stays_as_it_is(dataclass):
    plain, further, _, loose, *_ = made(dataclass)
    for one in (plain(1), further(1)):
        for name in ("a", "other"):
            with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
                setattr(one, name, 2)
        with pytest.raises(FrozenInstanceError, match="cannot delete field 'a'"):
            del one.a
        assert one.twice == 2
    free = loose(1)
    free.a = 2
    assert free == loose(2)


@BOTH
def test_it_is_shown_as_its_fields(dataclass):
    plain, _, named, loose, *_ = made(dataclass)
    assert repr(plain(1)).endswith("Plain(a=1, b='x', c=[])")
    assert repr(named(a=1, passed=2)).endswith("Named(a=1, own={})")
    assert repr(loose(1)) == "loose"
    itself = plain(1)
    itself.c.append(itself)
    assert repr(itself).endswith("Plain(a=1, b='x', c=[...])")


@BOTH
def test_what_the_standard_library_does_with_dataclasses_it_does_with_it(dataclass):
    plain, _, named, loose, *_ = made(dataclass)
    assert replace(plain(1, d=4), b="y") == plain(1, "y", d=4)
    assert dataclasses.asdict(plain(1)) == {"a": 1, "b": "x", "c": [], "d": 0}
    assert [one.name for one in dataclasses.fields(named)] == ["a", "kept", "own"]
    assert dataclasses.is_dataclass(loose)
    assert plain.__match_args__ == ("a", "b", "c", "d")
    assert copy.deepcopy(plain(1)) == plain(1)


def test_nothing_is_compiled():
    compiled = [
        name
        for one in made(records.dataclass)
        for name, method in vars(one).items()
        if getattr(getattr(method, "__code__", None), "co_filename", "") == "<string>"
    ]
    assert compiled == []
    assert vars(made(dataclasses.dataclass)[0])["__init__"].__code__.co_filename == "<string>"
