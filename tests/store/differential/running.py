"""Operations on both stores side by side, and the fewest of them that still show where the stores differ."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from shared.documents import Contended
from shared.errors import Refusal, Rejected, StoreUnavailable
from tests.store.differential.generating import Generator
from tests.store.differential.operations import Memory, simpler, written

A_WORLD = 150
"""How many operations one world sees, before the next begins empty."""

ATTEMPTS = 300
"""How often a shorter list is tried."""


@dataclass
class Divergence:
    """Where two stores gave something else."""

    operations: list[Any]
    told: tuple[str, str]

    def __str__(self):
        listed = "\n".join(f"    {written(one)}," for one in self.operations)
        first, second = (_short(one) for one in self.told)
        return f"after [\n{listed}\n]\nSQLite:    {first}\nFirestore: {second}"


def operations(seed, world):
    """Return the operations of one world of a run."""
    return Generator(Random(f"{seed}:{world}")).world(A_WORLD)


class Asked:
    """How often something was asked, and how often each thing came of it."""

    def __init__(self):
        self._counts = Counter()

    def add(self, operation, told):
        what = told.partition(":")[0] if told[0].isalpha() and told != "null" else "something"
        empty = not told.strip("[], 0nul")
        self._counts[type(operation).__name__, "nothing" if empty else what] += 1

    def __str__(self):
        each = (f"{name} {what} {n:,}" for (name, what), n in sorted(self._counts.items()))
        return f"{self._counts.total():,} operations ({', '.join(each)})"


def diverging(some, stores, asked=None):
    """Run operations on new stores of both kinds; return the first divergence, or None."""
    with stores() as pair:
        memories = [Memory(), Memory()]
        for position, operation in enumerate(some):
            told = tuple(outcome(operation, *each) for each in zip(pair, memories, strict=True))
            if told[0] != told[1] or told[0].startswith("FAULT"):
                return Divergence(some[: position + 1], told)
            if asked:
                asked.add(operation, told[0])
    return None


def outcome(operation, store, memory):
    """Return what an operation gives, as a text: kinds of numbers and the order of members count too."""
    try:
        return json.dumps(operation.run(store, memory), default=str)
    except Contended:
        return "Contended"
    except (StoreUnavailable, Rejected) as fault:
        # Nothing is down: whatever is refused must be refused before a store is asked.
        return f"FAULT {fault!r}"
    except Refusal as refusal:
        return f"{type(refusal).__name__}: {refusal}"
    except (ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def smallest(found, stores):
    """Return a divergence with as few operations as are needed to show one."""
    best, attempts = found, 0
    size = len(best.operations) // 2
    while size and attempts < ATTEMPTS:
        start, before = 0, len(best.operations)
        while start < len(best.operations) - 1 and attempts < ATTEMPTS:
            attempts += 1
            fewer = best.operations[:start] + best.operations[start + size :]
            again = diverging(fewer, stores) if fewer else None
            if again:
                best = again
            else:
                start += size
        size = size // 2 if len(best.operations) == before else min(size, len(best.operations) // 2)
    return _simplest(best, stores)


def _simplest(best, stores):
    """Return a divergence whose operations do as little as is needed to show it."""
    position = 0
    while position < len(best.operations):
        before, one, rest = (
            best.operations[:position],
            best.operations[position],
            best.operations[position + 1 :],
        )
        again = (diverging([*before, less, *rest], stores) for less in simpler(one))
        found = next(filter(None, again), None)
        best, position = (found, position) if found else (best, position + 1)
    return best


def _short(text):
    text = re.sub(r"(.)\1{40,}", lambda found: f"{found[1]}…({len(found[0])})", text)
    return text if len(text) < 2000 else f"{text[:1500]} … {text[-400:]}"
