"""What one process sees of times in which nothing may change, kept so that it can be told afterwards."""

import logging
from datetime import datetime
from uuid import uuid4

from shared.actors import PLATFORM
from shared.documents import ANYTHING, Documents, Key, Write
from shared.enforcing import Enforcement
from shared.policy.models.outages import OutageSeen

log = logging.getLogger("waooaw.enforcement")

MOST = 100
"""How many outages are kept in mind at most while they cannot be kept in the store."""


class Outages:
    """The outages that one process saw: in the store, where neither a key nor the rules are needed to keep them."""

    def __init__(self, documents: Documents) -> None:
        """Name the store."""
        self._documents = documents
        self._lasting: OutageSeen | None = None
        self._over: list[OutageSeen] = []

    def note(self, state: Enforcement, at: datetime) -> None:
        """Note what a look found; what cannot be kept now is kept with the next one."""
        rule = state.rule if state.level == "off" else None
        before = self._lasting
        if before and before.rule != rule:
            self._over = [*self._over, _seen(before, at, over=True)][-MOST:]
            before = None
        self._lasting = None
        if rule:
            self._lasting = _seen(before, at) if before else _first(rule, state.says, at)
        kept = [*self._over, *([self._lasting] if self._lasting else [])]
        if not kept:
            return
        try:
            self._documents.commit([_write(one) for one in kept])
        except Exception:
            # What may change is not for this to say, and whoever asked goes on.
            log.exception("that nothing could change is not kept yet; the next look keeps it")
        else:
            self._over = []


def _first(rule: str, says: str, at: datetime) -> OutageSeen:
    return OutageSeen(id=str(uuid4()), rule=rule, says=says, began_at=at, seen_at=at)


def _seen(before: OutageSeen, at: datetime, *, over: bool = False) -> OutageSeen:
    return before.model_copy(update={"seen_at": at, "ended_at": at if over else None})


def _write(one: OutageSeen) -> Write:
    return Write(Key(PLATFORM, OutageSeen.collection, one.id), one.to_stored(), ANYTHING)
