"""One request, one effect: the stored answer of a mutation, found again by its `Idempotency-Key`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from shared.actors import Role
from shared.documents import ABSENT, Documents, Key, Snapshot, Write
from shared.entity import Record, Timestamp
from shared.errors import IdempotencyKeyReused
from shared.evidence import digest_of
from shared.handling import AtExpiry, Handling, Nobody, PersonalData
from shared.operation import Call

KEPT = timedelta(hours=24)
KEPT_FOR_WORKFLOWS = timedelta(days=30)
"""A workflow may wait for weeks between two attempts of one step."""


class Answer(Record):
    """What a mutation answered."""

    collection: ClassVar[str] = "idempotency"
    handling: ClassVar = Handling(
        kept=AtExpiry(), export=Nobody("it repeats what was answered"), erasure="deleted"
    )
    personal: ClassVar = PersonalData(texts="body headers")

    request_hash: str
    conditions_hash: str | None = None
    """Of which version it was to be; null where a release kept it that did not look."""
    operation: str
    status: int
    body: str
    headers: Mapping[str, str]
    kept_until: Timestamp


class Repetition:
    """
    One request that carries a key: keeps the answer of its first run, and finds it again.

    A first run reads nothing for it: the answer is kept in the commit of what it answers, which fails where
    there is one already. So it is looked for when a run could not be kept, was refused or changed nothing.
    """

    def __init__(
        self, documents: Documents, call: Call, key: str, request: bytes, conditions: bytes
    ) -> None:
        """Name the key, and what makes a request the same one: what it says, and of which version."""
        self._documents, self._call = documents, call
        self._hash, self._conditions = digest_of(request), digest_of(conditions)
        name = digest_of(f"{call.actor.tenant}\n{call.actor.id}\n{key}".encode())
        self._key = Key(call.tenant, Answer.collection, name)
        self._found: Snapshot | None = None

    def answer(self) -> Answer | None:
        """
        Look for the stored answer.

        Raises:
            IdempotencyKeyReused: The key came with another request before.
        """
        self._found = self._documents.get(self._key)
        if self._found is None:
            return None
        answer = Answer.from_stored(self._found.data)
        if answer.kept_until <= self._call.now:
            return None
        same = answer.conditions_hash in {None, self._conditions}
        if answer.request_hash != self._hash or not same:
            raise IdempotencyKeyReused(
                "this Idempotency-Key came with another request before; use a new one"
            )
        return answer

    def keeping(self, status: int, body: str, headers: Mapping[str, str]) -> Write:
        """Return the write that keeps this answer, to be committed with what it answers."""
        answer = Answer(
            id=self._key.id,
            request_hash=self._hash,
            conditions_hash=self._conditions,
            operation=self._call.operation,
            status=status,
            body=body,
            headers=headers,
            kept_until=_end(self._call),
        )
        expected = self._found.revision if self._found else ABSENT
        return Write(self._key, answer.to_stored(), expected)


def _end(call: Call) -> datetime:
    kept = KEPT_FOR_WORKFLOWS if Role.SERVICE in call.actor.roles else KEPT
    return call.now + kept
