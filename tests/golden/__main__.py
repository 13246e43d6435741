"""
Make the golden documents of this release: ``make golden``.

The platform runs everything once, and of all it stored one document of every kind is kept. What never
occurs there is made from its model. What is there already and shows every member stays as it is.
"""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from shared import evidence
from shared.actors import PLATFORM, Actor
from shared.bus import due_message, envelope
from shared.documents import Query, Write
from shared.edge.schemas import example
from shared.entity import Entity, Event
from shared.evidence import Circumstances, Entry, state_hash
from shared.identity.models import VerificationKey
from shared.promises import Due
from shared.release import VERSION
from tests import golden
from tests.e2e.counting import platform_in
from tests.golden import Golden
from tests.rehearsals import rehearse
from tests.rehearsals.scene import until


def make():
    """Write what is missing in the folder of this release, and in no other; say what was done."""
    seal_earlier()
    wanted = {golden.file_of(golden.PRESENT, kind): kind for kind in golden.kinds_stored()}
    lacking = {
        file: found for file, kind in wanted.items() if (found := golden.lacking(file, kind))
    }
    again = [file for file, found in lacking.items() if found != {golden.SHAPE}]
    documents = made({file: wanted[file] for file in again})
    for file in lacking:
        document = documents.get(file) or golden.read(file)
        golden.write(file, replace(document, shape=golden.shape_of(wanted[file])))
    for file in set(golden.PRESENT.rglob("*.json")) - wanted.keys():
        file.unlink()
    return f"{len(lacking)} of {len(wanted)} golden documents of {VERSION} were written\n"


def made(wanted):
    """Run everything, if anything is wanted, and return the document of each kind for its file."""
    if not wanted:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
    return {file: run.golden(kind) for file, kind in wanted.items()}


def seal_earlier():
    """Seal the folders of the releases before this one, which nobody writes again."""
    seals = golden.sealed()
    if VERSION in seals:
        sys.exit(f"{VERSION} is over, and its golden documents stay: raise the version first")
    for folder in golden.releases():
        if folder != golden.PRESENT:
            seals.setdefault(folder.name, golden.seal(folder))
            if seals[folder.name] != golden.seal(folder):
                sys.exit(f"the golden documents of {folder.name} were changed: take that back")
    golden.SEALED.write_text(golden.line(seals) + "\n")


class Run:
    """One run of everything, with all that was stored and announced in it."""

    def __init__(self, folder):
        """Run it in a folder that is thrown away, and its keys with it."""
        self._kinds = {}
        writes = []
        platform = platform_in(folder)
        platform.documents.on_commit(writes.extend)
        self._signer = platform.ports.signer
        record, evidence.record = evidence.record, self._noting(evidence.record)
        rehearse(platform)
        until(platform.idle)
        evidence.record = record
        keys = platform.documents.find(PLATFORM, Query(VerificationKey.collection))
        platform.stop()
        self._keys = {key.key.id: key.data["jwk"] for key in keys}
        self._written = {}
        for write in (*writes, *(Write(key.key, key.data) for key in keys)):
            if write.data is not None:
                self._written.setdefault(write.key.collection, []).append(write)
        self._entries = {write.key.id: write.data for write in self._written[Entry.collection]}

    def golden(self, kind):
        """Return what there was of a kind; what never occurred is made from its model."""
        return self._event(kind) if issubclass(kind, Event) else self._document(kind)

    def _noting(self, record):
        def noting(entity, event, *given, **more):
            entry = record(entity, event, *given, **more)
            self._kinds[entry.id] = type(event)
            return entry

        return noting

    def _document(self, kind):
        found = [Golden(w.data, w.key.tenant) for w in self._written.get(kind.collection, ())]
        best = _richest(found or [Golden(_example(kind).model_dump(mode="json"))])
        if issubclass(kind, Entity):
            chain = self._chain(f"{kind.collection}/{best.data['id']}", best.data["audit"]["n"])
            return Golden(best.document, best.tenant, None, chain, self._keys)
        return best

    def _chain(self, entity, length):
        chain = [one for one in self._entries.values() if one["entity"] == entity]
        chain.sort(key=lambda entry: entry["eseq"])
        return tuple(chain[:length])

    def _event(self, kind):
        found = [entry for id, entry in self._entries.items() if self._kinds.get(id) is kind]
        due = [
            w.data for w in self._written[Due.collection] if w.data["action"] == kind.traits.action
        ]
        if not found and due:
            return _richest([Golden(message=_told(due_message(Due.from_stored(d)))) for d in due])
        return _richest([self._announced(entry) for entry in found or [self._made(kind)]])

    def _announced(self, stored):
        entry = Entry.from_stored(stored)
        message = _told(envelope(entry, environment="local")) if entry.topic else None
        return Golden(None, entry.tenant, message, (stored,), self._keys)

    def _made(self, kind):
        """Write the entry of an event that never occurred, about an agent."""
        agent = golden.records()["agents"].from_stored(self._written["agents"][-1].data)
        circumstances = Circumstances(
            actor=Actor(id="service:golden", tenant=PLATFORM, roles=frozenset()),
            at=agent.updated_at,
            operation="golden.make",
            correlation_id=agent.correlation_id,
        )
        return evidence.record(
            agent,
            _example(kind),
            state_hash(agent.model_dump(mode="json")),
            entry_id=agent.id,
            shard=0,
            circumstances=circumstances,
            signer=self._signer,
        ).to_stored()


def _example(kind):
    schema = kind.model_json_schema(ref_template="{model}")
    return kind.model_validate(example(schema, schema.get("$defs", {})))


def _told(message):
    return vars(message) | {"data": json.loads(message.data)}


def _richest(found):
    """Return what shows most members, and of these the shortest."""
    return max(found, key=lambda one: (len(golden.paths(one.data)), -len(golden.line(one.data))))


if __name__ == "__main__":
    sys.stdout.write(make())
