"""What of the stored a change may be built on: entities that are what their last entries say."""

import logging
from typing import Any

from shared import verification
from shared.documents import Condition, Contended, Documents, Key, Query, Snapshot
from shared.errors import IntegrityHold
from shared.evidence import Entry

log = logging.getLogger("waooaw.store")


class Belief:
    """
    Holds what one transaction reads to its entries, as they lie in the store.

    Else the next honest change would sign whatever somebody has written past us.
    """

    def __init__(self, documents: Documents, tenant: str, correlation_id: str) -> None:
        """Say where the entries are, and in which story it is told of what is wrong."""
        self._documents, self._tenant = documents, tenant
        self._correlation_id = correlation_id

    def by_itself(self, found: Snapshot) -> None:
        """
        Hold an entity to what it says of itself.

        Raises:
            IntegrityHold: It is not that.
        """
        self._hold(found.key, verification.self_disagreement(found.data))

    def to_the_last(self, found: Snapshot) -> None:
        """
        Hold an entity to its last entry: it takes a read.

        Raises:
            IntegrityHold: It is not what its last entry says.
        """
        last = self._last_entry(found)
        self._hold(found.key, verification.disagreement(found.data, last.data if last else None))

    def absent(self, key: Key) -> None:
        """
        Hold an entity that is not there to having no entries.

        Raises:
            IntegrityHold: It has some, and so was there.
            Contended: It came while they were looked for.
        """
        if not self._entries_of(key):
            return
        if self._documents.get(key) is not None:
            raise Contended(f"{key.id} was made while it was read")
        self._hold(key, "ENTITY_MISSING")

    def _hold(self, key: Key, rule: str | None) -> None:
        """Refuse to go on where what is stored at *key* breaks a rule of evidence."""
        if rule is None:
            return
        # A log names no tenant and no person; whoever asked is told which entity it is.
        told = {"correlation_id": self._correlation_id}
        log.error("%s in %s: nothing is built on it", rule, key.collection, extra=told)
        raise IntegrityHold(
            f"{key.collection}/{key.id} is not what its last audit entry says, so nothing was written;"
            " verify the evidence, and restore it from a copy that verifies",
            rule=rule,
        )

    def _last_entry(self, found: Snapshot) -> Snapshot | None:
        audit: dict[str, Any] = found.data.get("audit") or {}
        if audit.get("entry"):
            return self._documents.get(Key(self._tenant, Entry.collection, str(audit["entry"])))
        # It was written before entities named their last entry.
        entries = self._entries_of(found.key, Condition("eseq", "==", audit.get("n")))
        return entries[0] if entries else None

    def _entries_of(self, key: Key, *more: Condition) -> list[Snapshot]:
        """Return one entry of an entity, if there is any."""
        where = (Condition("entity", "==", f"{key.collection}/{key.id}"), *more)
        return self._documents.find(self._tenant, Query(Entry.collection, where, limit=1))
