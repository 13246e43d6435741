"""Evidence: each text in an event says whether it is free, and so masked, or a code."""

import re
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from shared.entity import ActorId, Because, Event, Value
from shared.evidence import MAX_DATA_BYTES, ApprovalRef
from shared.judged import Masked
from shared.masking import for_evidence
from shared.texts import inside
from tests.conftest import NOON
from tests.contracts.members import leaves, members, models
from tests.contracts.test_texts import patterns
from tests.kernel.test_masking import PROSE, SECRETS

EVENTS = [kind for kind in models() if issubclass(kind, Event)]
SAID = [*EVENTS, Because, ApprovalRef]
"""What becomes part of an entry."""

PROSES = ("a b", "see: a", "a\nb", "\u0430", "", "kim@example.com")
BOUNDED_WHERE_IT_COMES_IN = {"Reported": "a report's data has at most 16 KiB, and nothing to mask"}
BYTES = 4
"""As many as a character takes in UTF-8, at the most."""


def hints_of(kind):
    hints = get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.model_fields}


def parts(kind: type[BaseModel], found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Return a model and all that is in it."""
    if kind not in found:
        found.add(kind)
        for hint in hints_of(kind).values():
            for leaf in leaves(hint):
                if isinstance(leaf.kind, type) and issubclass(leaf.kind, BaseModel):
                    parts(leaf.kind, found)
    return found


def declared(leaf):
    if any(isinstance(one, Masked) for one in leaf.said):
        return True
    found = list(patterns(leaf))
    # The sign-in may name people by what looks like an address; nobody else may.
    prose = PROSES[:-1] if get_args(ActorId)[1] in leaf.said else PROSES
    return bool(found) and not any(all(re.search(p, one) for p in found) for one in prose)


def test_every_text_in_evidence_declares_itself():
    silent = {
        name
        for part in set().union(*(parts(kind, set()) for kind in SAID))
        for name, leaf in members(part)
        if leaf.kind in {str, Any} and not declared(leaf)
    }
    assert not silent, (
        "say of each what it is: words are shared.entity.Said (they are masked), and what programs compare is"
        f" Code, Id, Hex64, ActorId or a Literal: {sorted(silent)}"
    )


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_no_text_of_any_member_reaches_evidence_as_it_was_written():
    """Not even in the place of a code, and past pydantic's validation."""
    for kind in SAID:
        for text in inside(for_evidence(careless(kind))):
            assert not any(secret in text for secret in SECRETS), f"{kind.__name__}: {text}"


def careless(kind):
    times = {
        n: NOON for n, h in hints_of(kind).items() if any(x.kind is datetime for x in leaves(h))
    }
    words = dict.fromkeys([*kind.model_fields, "of_another_release"], PROSE)
    return kind.model_construct(**words | times)


def test_free_texts_of_an_event_fit_into_it_whatever_is_written():
    most = {
        k.__name__: longest(k) * BYTES for k in SAID if k.__name__ not in BOUNDED_WHERE_IT_COMES_IN
    }
    over = {name: size for name, size in most.items() if size > MAX_DATA_BYTES - 2048}
    assert not over, f"bound the lists of these, or keep less of their texts: {over}"


def longest(kind, said=()) -> float:
    """Return how many characters of free text can stand in a place."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return longest(inner[0], (*inner[1:], *said))
    if origin in {Union, UnionType}:
        return max(longest(one, said) for one in inner)
    if kind in {str, Any}:
        return max([one.kept for one in said if isinstance(one, Masked)], default=0)
    if isinstance(kind, type) and issubclass(kind, Value):
        hints = hints_of(kind)
        return sum(longest(hints[n], tuple(f.metadata)) for n, f in kind.model_fields.items())
    within = sum(longest(one) for one in inner if one is not ...)
    return within * most_items(said) if within else 0


def most_items(said):
    each = [part for one in said for part in (one, *getattr(one, "metadata", ()))]
    return min(
        (part.max_length for part in each if hasattr(part, "max_length")), default=float("inf")
    )
