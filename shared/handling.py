"""
What becomes of stored data: how long it is kept, who is given it, what an erasure leaves, and what of it is about people.

Each kind of document declares its `handling`, and each class what of its members is `personal`. An export, an erasure
and a purge are generic over that, and docs/data.md is written from it. Why so: docs/decisions/0030-data.md.
"""

from collections.abc import Mapping
from typing import Final, Literal

GRACE_DAYS = 30
"""How long what belongs to an account is kept after the account was closed."""

EVIDENCE_DAYS: Mapping[str, int | None] = {
    "standard": 2555,
    "financial": 2555,
    "constitutional": None,
}
"""How long an entry is kept by its class, in days; None for ever. A tenant may say longer, and of `standard` less."""


class _Reasoned:
    """Something that is said with its reason."""

    __match_args__ = ("why",)

    def __init__(self, why: str) -> None:
        """Say why."""
        if not why:
            raise ValueError("what is kept, held back or left says why")
        self.why: Final = why


class After:
    """It is purged so many days after the instant that a member holds."""

    __match_args__ = ("days", "since")

    def __init__(self, days: int, *, since: str) -> None:
        """Say how many days, and since which instant."""
        self.days: Final = days
        self.since: Final = since


class AtExpiry:
    """The store deletes it at its `kept_until`."""


class WithAccount:
    """It is kept for as long as its tenant has an account, and GRACE_DAYS more."""


class UntilDone(_Reasoned):
    """What it is for ends it, said after "until"; whatever does that deletes it."""


class ByClass:
    """It is an entry of evidence, and kept as its class says: EVIDENCE_DAYS."""


class ForEver(_Reasoned):
    """It is never purged."""


Retention = After | AtExpiry | WithAccount | UntilDone | ByClass | ForEver


class Nobody(_Reasoned):
    """It is given to nobody."""


class Blanked(_Reasoned):
    """Its texts, names, contacts, devices and places are blanked; ids and all else stay."""


class Stays(_Reasoned):
    """An erasure leaves it as it is."""


class Handling:
    """What becomes of the documents of one kind."""

    def __init__(
        self,
        *,
        kept: Retention,
        export: Literal["person", "tenant"] | Nobody,
        erasure: Literal["deleted"] | Blanked | Stays,
        person: str | None = None,
        withheld: str = "",
    ) -> None:
        """
        Say it; what contradicts itself is refused.

        Args:
            kept: How long it is kept, and from when.

            export: Who gets it with an export: the person it is about and their tenant, the tenant alone, or nobody.

            erasure: What an erasure does to it, of its person where it has one, else of its tenant.

            person: The member that names the person it is about: it is their id, or begins with it before a colon.

            withheld: The members that an export leaves out, with spaces between.
        """
        if export == "person" and person is None:
            raise ValueError("what is exported to a person says which member names them")
        if isinstance(kept, ForEver) and erasure == "deleted":
            raise ValueError("what is kept for ever is not deleted by an erasure")
        self.kept: Final = kept
        self.export: Final = export
        self.erasure: Final = erasure
        self.person: Final = person
        self.withheld: Final = frozenset(withheld.split())


class PersonalData:
    """
    Which members of a class are about people, by what they hold.

    Each class says it of its own members; of what is in a part, the part does, unless all of it is about nobody.
    """

    def __init__(
        self,
        *,
        ids: str = "",
        names: str = "",
        contacts: str = "",
        texts: str = "",
        devices: str = "",
        places: str = "",
        nobody: str = "",
    ) -> None:
        """
        Name the members, with spaces between.

        Args:
            ids: Who somebody is to the sign-in, which alone knows the person.

            names: What a person is called.

            contacts: Where a person is reached.

            texts: Words that people wrote, or programs about them: anybody may be named there.

            devices: What tells a person's device from others.

            places: Where a person is.

            nobody: Texts, also whole parts, that are about no person: about work, rules and programs.
        """
        said = {"ids": ids, "names": names, "contacts": contacts, "texts": texts}
        said |= {"devices": devices, "places": places, "nobody": nobody}
        self.kinds: Final = {name: held for held, those in said.items() for name in those.split()}


BLANKED = ("names", "contacts", "texts", "devices", "places")
"""What an erasure blanks where it leaves a document."""


def personal(kind: type) -> dict[str, str]:
    """Return what the members of a class hold, by itself or by what it derives from."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if isinstance(said := vars(one).get("personal"), PersonalData):
            found |= said.kinds
    return found
