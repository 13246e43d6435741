"""Watch what a release writes, and notice each member of the other release that is lost in it."""

import threading
from contextlib import contextmanager

from shared.guarding import Guard
from shared.identity.models import Member

MEMBERS = {"later", "saved_by"}
"""What only the next release knows."""

ANEW = {"audit", "sent_back"}
"""Parts that are made anew as a whole: by each change of an entity, and by each return to an author."""

REPLACING = {
    "agents.submit_me_wow",
    "genesis.revise_industry",
    "genesis.revise_job_role",
    "genesis.revise_skill",
    "platform.forget_jobs",
    "platform.probe_services",
}
"""Functions that put what a request or a look says, or nothing any more, in the place of a part, whose members go with it."""


class Watched:
    """The `Documents` port, which compares what was written with what was there."""

    def __init__(self, documents):
        self._documents = documents
        self._doing = threading.local()
        self.lost = []

    @contextmanager
    def doing(self, function):
        """Say which function writes what this thread writes."""
        self._doing.function = function
        try:
            yield
        finally:
            self._doing.function = ""

    def commit(self, writes):
        """Write all or nothing."""
        before = {write.key: self._documents.get(write.key) for write in writes if write.data}
        self._documents.commit(writes)
        function = getattr(self._doing, "function", "")
        for write in writes:
            found = before.get(write.key)
            # A guard says nothing but that it was turned, and who is there is noted anew each day.
            if found and write.key.collection not in {Guard.collection, Member.collection}:
                place = f"{function}: {write.key.collection}/{write.key.id}"
                parts = function not in REPLACING
                self.lost += losses(found.data, write.data, place, parts=parts)

    def __getattr__(self, name):
        return getattr(self._documents, name)


def losses(before, after, place, *, parts=True):
    """Return where something that is still there is without a member that it had."""
    gone = [f"{place}.{name}" for name in MEMBERS & before.keys() - after.keys()]
    for name in before.keys() & after.keys() - ANEW if parts else ():
        for one, other in pairs(before[name], after[name]):
            gone += losses(one, other, f"{place}.{name}")
    return gone


def pairs(before, after):
    """Return the parts that are the same before and after, but for what this is about."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield before, after
    elif isinstance(before, list) and isinstance(after, list):
        for one in before:
            yield from ((one, other) for other in after if same(one, other))


def same(one, other):
    """Say whether two parts of a list are one: they differ in nothing but what one release does not know."""
    return isinstance(one, dict) and isinstance(other, dict) and bare(one) == bare(other)


def bare(part):
    """Return a part without what only the next release knows."""
    if isinstance(part, dict):
        return {name: bare(one) for name, one in part.items() if name not in MEMBERS}
    return [bare(one) for one in part] if isinstance(part, list) else part
