"""The headers that every operation takes and gives: said once, to whoever reads and to what checks."""

import re
from collections.abc import Iterator

from shared.operation import Operation
from shared.records import dataclass


@dataclass(frozen=True)
class Header:
    """One header: what it is for, and which texts it may be."""

    name: str
    description: str
    pattern: str = ""
    format: str | None = None

    def allows(self, text: str) -> bool:
        """Say whether a text is one that it may be."""
        return re.fullmatch(self.pattern, text) is not None

    @property
    def schema(self) -> dict[str, str]:
        """Describe what it may be."""
        found = {"type": "string"} | ({"format": self.format} if self.format else {})
        return found | ({"pattern": f"^({self.pattern})$"} if self.pattern else {})


STORY = Header(
    "X-Correlation-ID",
    "The story that a request belongs to, kept through all of it; made where absent.",
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "uuid",
)
KEY = Header("Idempotency-Key", "The same key answers the same, for 24 hours.", r"[!-~]{1,255}")
APPROVAL = Header(
    "X-Approval-ID",
    "The approval that this is done with, where the rules ask for one: of exactly this request, and used up by it.",
    r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}",
)
MATCH = Header(
    "If-Match",
    "The ETag that was read, in its quotes: a stale one is refused with 412. What is new has the empty one, or"
    " `If-None-Match: *`. The `version_hash` alone, in quotes, stands for whatever says the same.",
    r'\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*',
)

ETAG = Header(
    "ETag",
    "Which version this is: its `version_hash` and, behind a dot, how many changes there were.",
)
ENTRY = Header(
    "X-Audit-Entry", "The audit entry that the change is: its id, hash, key and signature."
)
DECISION = Header(
    "X-Decision-ID",
    "The decision of the rules behind it, of a denial too: `GET /v1/policy/attestations/{decision_id}` shows it.",
)
REQUEST = Header("X-Request-ID", "Names this one request; quote it when you ask for help.")
LOCATION = Header("Location", "The address that goes on with it: where it is read.")
DISPOSITION = Header("Content-Disposition", "Under which name to keep the file (RFC 6266).")
RETRY = Header("Retry-After", "In how many seconds to try again.")

PACES = (
    Header(
        "X-RateLimit-Limit",
        "How many requests you may send in the window of the limit that you are nearest to.",
    ),
    Header("X-RateLimit-Remaining", "How many of them you may send at once. Every answer says it."),
    Header("X-RateLimit-Reset", "In how many seconds you may send a whole burst again."),
)


def given(op: Operation) -> Iterator[tuple[Header, bool]]:
    """Yield the headers that a request of an operation may have, and whether it must."""
    yield STORY, False
    if op.mutates:
        yield KEY, False
        yield APPROVAL, False
    if op.takes_version:
        yield MATCH, bool(op.versioned)


def named(*given: Header) -> dict[str, dict[str, str]]:
    """Refer to response headers, which are described once."""
    return {one.name: {"$ref": f"#/components/headers/{one.name}"} for one in given}
