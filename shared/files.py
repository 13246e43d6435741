"""People's documents: bodies that are not JSON, and where they are kept."""

from dataclasses import dataclass
from typing import Protocol

from shared.ports import Port


@dataclass(frozen=True)
class Content:
    """A document, as it was sent: what an operation takes whose body is not JSON."""

    media_type: str
    data: bytes


class Files(Port, Protocol):
    """Keeps documents, each under a name that says what is in it."""

    def keep(self, name: str, content: Content) -> None:
        """
        Keep a document, unless there is one of that name.

        An operation may do this though it is outside the store: done twice it is done once, and what was
        kept for a request that failed is found again by the next.

        Raises:
            ProviderDown: It is not kept; try again.
        """
