"""
Traces: one trace through requests, events and workflows (W3C Trace Context, level 1).

A hop is one run of one function. It goes on with the trace it was given, under a span id of its own, and
hands that on: in the answer, in the events it causes, in what it sends outward.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.records import dataclass

SAMPLED_OF_256 = 26
"""One trace in ten is sampled; which one is decided by the trace's id, so that every hop agrees."""

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass
class Span:
    """Where in which trace this run of a function is."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """The header that says so."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"

    def log_fields(self, project: str) -> dict[str, object]:
        """Return the members by which Cloud Logging joins a line to its trace."""
        return {
            "logging.googleapis.com/trace": f"projects/{project}/traces/{self.trace_id}",
            "logging.googleapis.com/spanId": self.span_id,
            "logging.googleapis.com/trace_sampled": self.sampled,
        }


@contextmanager
def span(parent: str | None, *, always: bool = False) -> Iterator[Span]:
    """
    Go on with the trace that *parent* names, or begin one where it names none.

    Args:
        parent: The `traceparent` that came with the request or the event.

        always: Whether it is sampled whatever was decided before.
    """
    trace_id, sampled = _read(parent)
    here = Span(trace_id, secrets.token_hex(8), sampled or always)
    token = _here.set(here)
    try:
        yield here
    finally:
        _here.reset(token)


def current() -> str | None:
    """Return the `traceparent` of what is sent from here, if this is a span."""
    here = _here.get(None)
    return here.traceparent if here else None


def _read(parent: str | None) -> tuple[str, bool]:
    """Read a `traceparent`; of later versions what level 1 knows, of a malformed one nothing."""
    match = _HEADER.fullmatch(parent or "")
    if match:
        version, trace_id, span_id, flags, rest = match.groups()
        later = version not in {"00", "ff"}
        if (later or (version == "00" and not rest)) and int(trace_id, 16) and int(span_id, 16):
            return trace_id, bool(int(flags, 16) & 1)
    trace_id = secrets.token_hex(16)
    return trace_id, int(trace_id[-2:], 16) < SAMPLED_OF_256


_here: ContextVar[Span] = ContextVar("span")
