"""What is kept beside approvals: what was asked and refused, who looked and how fast, and what waits for nobody."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Decision
from shared.entity import Id, Record, Timestamp
from shared.handling import Handling, Nobody, PersonalData, WithAccount


class Asking(Record):
    """Which approval asks a question; its id says which question, so that there is one."""

    collection: ClassVar[str] = "askings"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("it finds the approval of a question, which is exported"),
        erasure="deleted",
    )

    approval_id: str


class LateVeto(Record):
    """What somebody objected to too late; its id is that of the question whether it is to count."""

    collection: ClassVar[str] = "late_vetoes"
    handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure="deleted")

    approval_id: Id
    said: Decision
    received_at: Timestamp


class Opening(Record):
    """The first time that somebody opened a question, as an earlier release kept it; its id names both."""

    collection: ClassVar[str] = "openings"
    handling: ClassVar = Handling(
        kept=WithAccount(), export="person", erasure="deleted", person="opened_by"
    )
    personal: ClassVar = PersonalData(ids="id opened_by")

    approval_id: str
    opened_by: str
    opened_at: Timestamp


class Attention(Record):
    """What somebody who decides looked at of late; its id is theirs."""

    collection: ClassVar[str] = "attention"
    handling: ClassVar = Handling(
        kept=WithAccount(), export="person", erasure="deleted", person="id"
    )
    personal: ClassVar = PersonalData(ids="id")

    opened: Mapping[str, Timestamp] = {}
    """When they first opened a question as it is now, by its id: those that they opened last."""

    unread: tuple[Timestamp, ...] = ()
    """When they last approved what they had not opened."""

    def opened_at(self, approval: Approval) -> datetime | None:
        """Return when they first opened a question as it is now, or None where they did not."""
        at = self.opened.get(approval.id)
        return at if at and at >= asked_since(approval) else None


def asked_since(approval: Approval) -> datetime:
    """Return since when a question is as it is now: evidence makes it another one to look at."""
    added = approval.evidence_added
    return added[-1].at if added else approval.requested_at


class Desk(Record):
    """What keeps two from showing the same Governor more at once; its id is the scope."""

    collection: ClassVar[str] = "desks"
    handling: ClassVar = Handling(
        kept=WithAccount(), export=Nobody("a lock: it says nothing"), erasure="deleted"
    )


class Canary(Record):
    """The mark of a request that must be refused, kept apart from what the approver sees."""

    collection: ClassVar[str] = "canaries"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("who decides must not know which questions test them"),
        erasure="deleted",
    )


Why = Literal["nobody_can_answer", "nobody_waits", "nobody_closed_it"]


class Stranded(Record):
    """An open question that waits for nobody; its id is the approval's."""

    collection: ClassVar[str] = "stranded"
    handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure="deleted")
    personal: ClassVar = PersonalData(ids="owner")

    why: Why
    """What is missing: somebody who can answer, somebody who waits, or its end."""
    owner: str
    """In whose hands it is."""
    incident_id: Id
    """The incident that was opened for it."""
    since: Timestamp
    """When that was found."""
