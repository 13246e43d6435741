"""Promises: events that are announced when their time comes, kept in the commit that makes them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.entity import Record, Timestamp
from shared.handling import Handling, Nobody, PersonalData, UntilDone


class Due(Record):
    """A promise to announce something at a time."""

    collection: ClassVar[str] = "dues"
    handling: ClassVar = Handling(
        kept=UntilDone("it was announced at its time"),
        export=Nobody("what it announces is exported as an entry"),
        erasure="deleted",
    )
    personal: ClassVar = PersonalData(texts="data")

    at: Timestamp
    topic: str = "dues"
    tenant: str
    action: str
    entity: str
    data: Mapping[str, Any]
    data_version: int = 1
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
