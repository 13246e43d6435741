"""People's documents: bodies that are not JSON, and where they are kept."""

import re
from datetime import timedelta
from typing import Protocol

from shared.actors import PLATFORM
from shared.ports import Port
from shared.records import dataclass

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


class FileReader(Port, Protocol):
    """Hands kept documents out. An operation may name it: it changes nothing."""

    def read(self, name: str) -> Content:
        """
        Return a document.

        Raises:
            NotFound: There is none of that name.
            ProviderDown: It cannot be had now.
        """

    def link(self, name: str, filename: str, *, lasts: timedelta) -> str:
        """
        Return an address at which whoever has it reads this one document, for a while.

        It is for a `Redirect`, or to be handed to who asked: it is a secret as long as it lasts.

        Args:
            name: The document; whether it is there is seen at the address.

            filename: What it is called where it is saved.

            lasts: How long the address is good, an hour at the most.

        Raises:
            ProviderDown: Nobody signs it now.
        """


class FileRemover(Port, Protocol):
    """Ends documents: what is kept for a time is ended by a reaction of its area, which calls this."""

    def remove(self, name: str) -> None:
        """
        Remove a document for good; one that is gone already is removed.

        Raises:
            ProviderDown: It is not removed; try again.
        """

    def remove_all(self, under: str) -> None:
        """
        Remove for good every document whose name is this one, a slash, and more.

        It also removes what was kept by somebody who could not write down any more that they did. One who ends in the
        middle has removed some, and the next goes on.

        Raises:
            ProviderDown: Not all are removed; try again.
        """


class FileStore(Files, FileReader, FileRemover, Protocol):
    """All that an adapter does; a function is given the part that it names."""


MOST_LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class OwnFiles:
    """The files of one tenant: what a function reaches begins with the id of something that is its tenant's."""

    files: FileStore
    tenant: str

    def keep(self, name: str, content: Content) -> None:
        """
        Keep a document, unless there is one of that name.

        The platform keeps what a permission of its own names, of any tenant.

        Raises:
            RuntimeError: The name is another tenant's, or leads elsewhere.
        """
        self.files.keep(self._own(name), content)

    def read(self, name: str) -> Content:
        """Return a document of the tenant's."""
        return self.files.read(self._own(name))

    def link(self, name: str, filename: str, *, lasts: timedelta) -> str:
        """
        Return an address of a document of the tenant's, for a while.

        Raises:
            ValueError: It would last too long, or not at all.
        """
        if not timedelta() < lasts <= MOST_LASTS:
            raise ValueError(f"a link lasts {MOST_LASTS} at the most")
        return self.files.link(self._own(name), filename, lasts=lasts)

    def remove(self, name: str) -> None:
        """Remove a document of the tenant's."""
        self.files.remove(self._own(name))

    def remove_all(self, under: str) -> None:
        """Remove every document under a name of the tenant's."""
        self.files.remove_all(self._own(under))

    def _own(self, name: str) -> str:
        own = self.tenant == PLATFORM or name.startswith(f"{self.tenant}.")
        if not own or not _NAME.fullmatch(name):
            raise RuntimeError(f"{self.tenant} reaches nothing under another's name")
        return name
