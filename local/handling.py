"""What is stored and what becomes of it, for people: docs/data.md, written from what the kinds declare."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeVar, get_args, get_type_hints

import shared
from shared.edge.catalog import catalog
from shared.entity import Entity, Event, Record, Value
from shared.handling import (
    EVIDENCE_DAYS,
    GRACE_DAYS,
    After,
    AtExpiry,
    Blanked,
    ByClass,
    ForEver,
    Handling,
    Nobody,
    Retention,
    Stays,
    UntilDone,
    WithAccount,
    personal,
)

K = TypeVar("K", bound=Value)

PRODUCT = ("functions", "shared", "local")


def stored() -> list[type[Record]]:
    """Return the kind of every collection; what only derives from one is a view of it."""
    found = (kind for kind in _known(Record) if "collection" in vars(kind))
    return sorted(found, key=lambda kind: (_area(kind), kind.collection))


def announced() -> list[type[Event]]:
    """Return every event that has a name."""
    found = (kind for kind in _known(Event) if kind.traits.action)
    return sorted(found, key=lambda kind: kind.traits.action)


def _known(base: type[K]) -> set[type[K]]:
    """Return every kind of the product that derives from a base."""
    catalog()
    for module in pkgutil.walk_packages(shared.__path__, "shared."):
        import_module(module.name)
    found = [base]
    for kind in found:
        found += kind.__subclasses__()
    return {kind for kind in found[1:] if kind.__module__.partition(".")[0] in PRODUCT}


def held(kind: type[Value], at: str = "") -> Iterator[tuple[str, str]]:
    """Yield each member that is said to be about people, or about nobody, with what it holds; parts included."""
    said, hints = personal(kind), get_type_hints(kind)
    for name in kind.model_fields:
        if name in said:
            yield f"{at}{name}", said[name]
        else:
            for part in parts(hints[name]):
                yield from held(part, f"{at}{name}.")


def parts(hint: Any) -> Iterator[type[Value]]:
    """Yield the classes of the parts that a type lets stand in a member."""
    if isinstance(hint, type) and issubclass(hint, Value):
        yield hint
    for inside in get_args(hint):
        yield from parts(inside)


def written() -> str:
    """Return the page as it stands in ``docs/data.md``."""
    return _PAGE.format(
        grace=GRACE_DAYS, areas="\n".join(_areas()), evidence="\n".join(_evidence())
    )


def _area(kind: type[Record]) -> str:
    _, area, *more = kind.__module__.split(".")
    return area if more and area != "edge" else "kernel"


def _areas() -> Iterator[str]:
    area = None
    for kind in stored():
        if _area(kind) != area:
            area = _area(kind)
            yield f"\n### {area.capitalize()}\n"
            yield "| what | kept | exported | when erased | about people |"
            yield "|---|---|---|---|---|"
        of = kind.handling
        cells = (_what(kind), _kept(of.kept), _exported(of), _erased(kind), _about(kind))
        yield f"| {' | '.join(cells)} |"


def _what(kind: type[Record]) -> str:
    words = (inspect.getdoc(kind) or "").split("\n")[0].replace("``", "`")
    return f"**{kind.collection}**: {words}"


def _kept(kept: Retention) -> str:
    match kept:
        case After(days, since):
            return f"{days:,} days after `{since}`"
        case AtExpiry():
            return "until its `kept_until`, when the store deletes it"
        case WithAccount():
            return "with the account"
        case UntilDone(why):
            return f"until {why}"
        case ByClass():
            return "by its class, see below"
        case ForEver(why):
            return f"for ever: {why}"


def _exported(of: Handling) -> str:
    if isinstance(of.export, Nobody):
        return f"to nobody: {of.export.why}"
    whom = (
        f"to the person that `{of.person}` names, and the tenant"
        if of.export == "person"
        else "to the tenant"
    )
    left = ", ".join(f"`{name}`" for name in sorted(of.withheld))
    return f"{whom}, without {left}" if left else whom


def _erased(kind: type[Record]) -> str:
    of = kind.handling
    match of.erasure:
        case Blanked(why):
            return f"blanked: {why}"
        case Stays(why):
            return f"stays: {why}"
        case _:
            whose = "its person" if of.person else "its tenant"
            return f"deleted with {whose}{'; its entries stay' * issubclass(kind, Entity)}"


def _about(kind: type[Record]) -> str:
    found: dict[str, list[str]] = {}
    for path, what in held(kind):
        if what != "nobody":
            found.setdefault(what, []).append(f"`{path}`")
    return "; ".join(f"{what}: {', '.join(paths)}" for what, paths in found.items()) or "nothing"


def _evidence() -> Iterator[str]:
    for named, days in EVIDENCE_DAYS.items():
        kept = f"{days:,} days" if days else "for ever"
        actions = [f"`{one.traits.action}`" for one in announced() if one.traits.retention == named]
        told = "all others" if named == "standard" else ", ".join(actions) or "none yet"
        yield f"| {named} | {kept} | {told} |"


_PAGE = """\
# What is stored, and what becomes of it

Written by `make docs` from what each kind of document declares in the code, which is also what an export, an erasure and a purge go by. Why so: [30](decisions/0030-data.md).

## What the columns mean

- **Kept**: how long, and from when. *With the account*: for as long as the tenant has its account, and {grace} days after it was closed, in which it can come back. *For ever* has a reason.
- **Exported**: who gets it with an export of their data: a person, what is about them; a tenant, that and what is its own; or nobody.
- **When erased**: what an erasure of the person whom the document is about, or of the tenant where it is about no person, does to it. *Deleted* is all of it. *Blanked* puts dashes
  in the place of its texts, names, contacts, devices and places, and leaves the rest. *Stays* has a reason.
- **About people**: *ids* are who somebody is to the sign-in, which alone knows the person. *texts* are words that people wrote, in which anybody may be named. *contacts* and *names*, *devices* and *places* are what these words say.

## What an erasure means

- **Signed evidence stays.** Each change of an entity is a signed entry, and taking one out would break the chain that shows that nothing was taken out. So there is nothing in it to be erased: free text is masked on its way in, so that
  personal data and secrets that the platform recognises are replaced before anything is signed, and people are in it by their ids alone.
- **An id names nobody** once the sign-in has forgotten whose it was, so an erasure ends there. An id that is an address, which an operator's own sign-in might give, names its person for good: do not give such ids.
- **A blanked document keeps its digests.** They no longer lead to the words; who has the words can still show that they were these. The blanking is an entry of its own, so the document verifies afterwards.
- **An erasure of a person** deletes what is about them, and leaves what a tenant holds in which their id stands. Names that others wrote into texts go with the tenant, or are blanked with it.
- **What masking does not recognise**, such as a bare name in a sentence, stays in evidence. Write ids into reasons, not names.

What is deleted at its `kept_until` or when it is done is deleted today. The operations that export and erase, and the purge that counts days, go by this page and are still to come.

## Documents
{areas}

## Evidence

How long the entries of `events` are kept, from when they were made. The keys that verify them are kept for ever. A tenant's own figures come with their operation.

| class | kept | entries |
|---|---|---|
{evidence}
"""
