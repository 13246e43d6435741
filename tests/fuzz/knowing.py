"""What there is that a request may name: as the rehearsal named it, and as the store has it now."""

import json
from collections import Counter, defaultdict
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from shared.actors import PLATFORM
from shared.edge.catalog import operations

ENOUGH = 40
"""So many things of each kind are looked at, others each time."""

SAME = {"expected_digest": "action_digest"}
"""What a body calls otherwise than the thing that it is about."""


@dataclass(frozen=True)
class Thing:
    """One document that a path may name."""

    tenant: str
    id: str
    data: dict[str, Any]


class Known:
    """Takes what requests name from what there is."""

    def __init__(self, documents, asked, rnd):
        """
        Learn what the parameters of paths name.

        Args:
            documents: The store, with all that a rehearsal left.

            asked: By operation, the request of the rehearsal that was answered well.

            rnd: What chooses.
        """
        self._rows, self._rnd, self.asked = documents._rows, rnd, asked
        self._named = {
            op.id: op.pattern.fullmatch(asked[op.id].path.partition("?")[0]).groupdict()
            for op in operations()
        }
        self._where = self._collections()
        self.look()

    def _collections(self):
        """Say of each parameter in which collection its things are: the smallest that has all of them."""
        homes, sizes = defaultdict(set), Counter()
        for collection, id in self._rows("select collection, id from documents", ()):
            homes[id].add(collection)
            sizes[collection] += 1
        fitting: dict[str, set[str]] = {}
        for named in self._named.values():
            for name, value in named.items():
                fitting[name] = fitting.get(name, homes[value]) & homes[value]
        return {
            name: min(found, key=lambda one: (sizes[one], one))
            for name, found in fitting.items()
            if found
        }

    def look(self):
        """Look again: every request may change what there is."""
        query = "select tenant, id, data from documents where collection = ? order by id"
        self._there = {}
        for name, collection in self._where.items():
            rows = list(self._rows(query, (collection,)))
            chosen = self._rnd.sample(rows, min(ENOUGH, len(rows)))
            self._there[name] = [Thing(tenant, id, json.loads(data)) for tenant, id, data in chosen]

    def path(self, op):
        """Return what the path of a request names, and the thing that it is about, if it is about one."""
        # What belongs together is taken together.
        fitting, found, about = self._rnd.random() < 0.3, {}, None
        for name, value in self._named[op.id].items():
            found[name] = value
            there = self._there.get(name)
            if there and not fitting:
                one = self._rnd.choice(there)
                found[name], about = one.id, about or one
            elif there:
                about = about or next((one for one in there if one.id == value), None)
        return found, about

    def body(self, op, value, about):
        """Return a body that names what there is, here and there the one of the rehearsal."""
        if self._rnd.random() < 0.3 and self.asked[op.id].body:
            value = json.loads(self.asked[op.id].body)
        return self._filled(deepcopy(value), about)

    def _filled(self, value, about):
        if isinstance(value, list):
            return [self._filled(one, about) for one in value]
        if not isinstance(value, dict):
            return value
        return {name: self._member(name, one, about) for name, one in value.items()}

    def _member(self, name, value, about):
        if not isinstance(value, str):
            return self._filled(value, about)
        if name.endswith("_id") and self._there.get(name) and self._rnd.random() < 0.8:
            return self._rnd.choice(self._there[name]).id
        said = about.data.get(SAME.get(name, name)) if about else None
        return said if isinstance(said, str) and self._rnd.random() < 0.5 else value


def owner(about):
    """Return whose a request is: the tenant's of what it is about."""
    return about.tenant if about else PLATFORM
