"""People's documents: bodies that are not JSON, and where they are kept."""

import re
from dataclasses import dataclass
from typing import Protocol

from shared.identity import PLATFORM
from shared.ports import Port

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


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


@dataclass(frozen=True)
class OwnFiles:
    """The files of one tenant: what a function keeps begins with the id of something that is its tenant's."""

    files: Files
    tenant: str

    def keep(self, name: str, content: Content) -> None:
        """
        Keep a document, unless there is one of that name.

        The platform keeps what a permission of its own names, of any tenant.

        Raises:
            RuntimeError: The name is another tenant's, or leads elsewhere.
        """
        own = self.tenant == PLATFORM or name.startswith(f"{self.tenant}.")
        if not own or not _NAME.fullmatch(name):
            raise RuntimeError(f"{self.tenant} keeps nothing under another's name")
        self.files.keep(name, content)
