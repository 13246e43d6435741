"""People's documents: bodies that are not JSON, and where they are kept."""

from dataclasses import dataclass
from typing import Protocol

from shared.errors import ProviderDown


@dataclass(frozen=True)
class Content:
    """A document, as it was sent: what an operation takes whose body is not JSON."""

    media_type: str
    data: bytes


class Files(Protocol):
    """Keeps documents, each under a name that says what is in it."""

    def keep(self, name: str, content: Content) -> None:
        """
        Keep a document, unless there is one of that name.

        An operation may do this though it is outside the store: done twice it is done once, and what was
        kept for a request that failed is found again by the next.

        Raises:
            ProviderDown: It is not kept; try again.
        """


class NoFiles:
    """Keeps nothing: what a call has that nobody gave a place for documents."""

    def keep(self, name: str, content: Content) -> None:
        """Refuse, as forgetting a document would be worse."""
        raise ProviderDown(f"there is no place here for {name}, {len(content.data)} bytes")
