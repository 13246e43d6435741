"""Keep the roster: note once a day, and whenever their roles change, who signs in."""

import logging
from collections.abc import Callable
from datetime import date, datetime

from shared.actors import Actor
from shared.documents import Contended, Documents, Key, Write
from shared.errors import StoreUnavailable
from shared.identity.models import Member
from shared.identity.rules.members import member

log = logging.getLogger("waooaw")
MOST = 10_000


class Roster:
    """Notes people as they read, which whoever works with the platform does first: a decision waits for no note."""

    def __init__(self, documents: Documents, clock: Callable[[], datetime]) -> None:
        """Note them among *documents*."""
        self._documents, self._clock = documents, clock
        self._noted: dict[Key, tuple[date, frozenset[str]]] = {}

    def note(self, actor: Actor) -> None:
        """Note a person, once a day and whenever their roles have changed."""
        if actor.auth_time is None:
            return
        key, at = Key(actor.tenant, Member.collection, actor.id), self._clock()
        now = (at.date(), frozenset(map(str, actor.roles)))
        if self._noted.get(key) == now:
            return
        try:
            found = self._documents.get(key)
            known = Member.from_stored(found.data) if found else None
            if known is None or (known.seen_at.date(), frozenset(map(str, known.roles))) != now:
                new = member(actor.id, actor.roles, at)
                self._documents.commit([Write(key, new.to_stored())])
        except (Contended, StoreUnavailable):
            # Somebody else notes them just now, or the next request will.
            log.info("somebody was not noted in the roster")
            return
        if len(self._noted) >= MOST:
            self._noted.clear()
        self._noted[key] = now
