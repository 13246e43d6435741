"""Whom an act is about, where it is one about a person: what a subject says besides takes no right from anybody."""

from collections.abc import Mapping

from shared.texts import spelled

ABOUT_PEOPLE = frozenset({"role", "user"})
"""The first word of the verbs of acts that are about a person: what becomes of them, and what they may do."""

PERSON = frozenset({"person", "personid", "principal", "principalid", "user", "userid"})
"""The members of their subject that name that person."""


def whom(verb: str, subject: Mapping[str, object]) -> frozenset[str]:
    """Return the person whom an act is about; nobody where its class is not about people, whatever it names."""
    if verb.partition(".")[0].partition("_")[0] not in ABOUT_PEOPLE:
        return frozenset()
    return frozenset(
        said
        for member, said in subject.items()
        if isinstance(said, str) and "".join(filter(str.isalnum, spelled(member))) in PERSON
    )
