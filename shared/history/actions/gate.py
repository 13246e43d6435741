"""
The gate: acts are held to rules over history in the transaction that begins them, and remembered in it.

What a rule remembers is a page, of one run, agent or tenant and of one of the facts that it counts by. Each act reads and writes
the page of every rule that it is about, so of several at once one is first, and the others are judged anew by what it left.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal

from shared.canonical import digest
from shared.history.models import MOST_SEEN, Act, AtMost, Broken, Page, Rule, Seen, Total
from shared.history.rules.memory import breaks, is_one, place_of, remembered
from shared.store import Transaction

KEPT = timedelta(days=90)
"""How long a page is kept after the last act on it, where its rule looks back no further."""

Ended = Literal["done", "failed"]


def begin(txn: Transaction, rules: Iterable[Rule], act: Act, *, at: datetime) -> tuple[Broken, ...]:
    """
    Begin an act, in flight until `finish`, unless it would break a rule; then nothing of it is remembered.

    An act that was begun already is not counted again. What nobody finishes stays in flight and counts, as nobody
    knows that it did not happen.

    Args:
        txn: Where it begins; it must commit for the act to be allowed.

        rules: The rules of its tenant.

        act: What is to be done.

        at: When.
    """
    rules = tuple(rules)
    broken = look(txn, rules, act, at=at)
    if not broken:
        remember(txn, rules, act, at=at)
    return broken


def look(txn: Transaction, rules: Iterable[Rule], act: Act, *, at: datetime) -> tuple[Broken, ...]:
    """Return the rules that an act would break if it began now: nothing of it is remembered."""
    act = act.model_copy(update={"at": at, "state": "in_flight"})
    found = (
        breaks(rule, page.seen, act) or _full(rule, page)
        for rule, page in _looked_at(txn, rules, act, at)
        if not _known(page, act)
    )
    return tuple(one for one in found if one)


def remember(txn: Transaction, rules: Iterable[Rule], act: Act, *, at: datetime) -> None:
    """Remember that an act begins of which `look` found in this transaction that it breaks nothing."""
    act = act.model_copy(update={"at": at, "state": "in_flight"})
    pages = list[Page]()
    for rule, page in _looked_at(txn, rules, act, at):
        seen = remembered(rule, act)
        # Also what only looked is written, or what comes meanwhile would be missed.
        pages.append(page if seen is None or _known(page, act) else _with(page, seen))
    for page in pages:
        txn.save(page)


def _looked_at(
    txn: Transaction, rules: Iterable[Rule], act: Act, at: datetime
) -> Iterator[tuple[Rule, Page]]:
    """Yield each rule that an act is about, or that remembers it, with the page that it is on."""
    for rule in rules:
        if remembered(rule, act) is not None or is_one(rule.act, act) != "no":
            yield rule, _page(txn, rule, act, at)


def _known(page: Page, act: Act) -> bool:
    return any(one.act == act.id for one in page.seen)


def finish(
    txn: Transaction, rules: Iterable[Rule], act: Act, ended: Ended, *, at: datetime
) -> bool:
    """
    Say how an act ended: it is done, or is known not to have happened and counts no longer.

    One that is said to be done counts also where nobody remembers it: it was said to have failed, or a rule is new.

    Returns:
        Whether that is so now: what is done cannot have failed.
    """
    after = act.model_copy(update={"at": at, "state": ended})
    changed = list[Page]()
    for rule in rules:
        if remembered(rule, act) is None:
            continue
        page, seen = _page(txn, rule, act, at), remembered(rule, after)
        before = next((one for one in page.seen if one.act == act.id), None)
        if before and before.done:
            if ended == "failed":
                return False
        elif before:
            # Those before it keep their places: acts are in the order in which they began.
            kept = [seen if one is before else one for one in page.seen]
            changed.append(page.model_copy(update={"seen": tuple(one for one in kept if one)}))
        elif seen and len(page.seen) < MOST_SEEN:
            changed.append(_with(page, seen))
    for page in changed:
        txn.save(page)
    return True


def _page(txn: Transaction, rule: Rule, act: Act, at: datetime) -> Page:
    """Return the page of a rule that an act is on, without what is too old to count."""
    span = KEPT if rule.within_s is None else timedelta(seconds=rule.within_s)
    id = digest([*_place(rule, act)])[:32]
    kept = {"kept_until": at + max(span, KEPT)}
    found = txn.get_or_none(Page, id) or Page(id=id, rule=rule.id, **kept)
    old = None if rule.within_s is None else at - span
    seen = tuple(one for one in found.seen if old is None or one.at is None or one.at >= old)
    return found.model_copy(update={"seen": seen, **kept})


def _place(rule: Rule, act: Act) -> Iterator[str]:
    """Yield what names the page: unrelated acts share none, where they are known to be unrelated."""
    yield rule.id
    yield {"run": act.run, "agent": act.agent, "tenant": "*"}[rule.across]
    if isinstance(rule, AtMost | Total):
        # What is in no place is let through by no such rule, so nothing begins on this page.
        yield place_of(rule, act) or "?"


def _with(page: Page, seen: Seen) -> Page:
    return page.model_copy(update={"seen": (*page.seen, seen)})


def _full(rule: Rule, page: Page) -> Broken | None:
    if len(page.seen) < MOST_SEEN:
        return None
    message = f"{MOST_SEEN} acts are remembered for this rule already, and no more are counted"
    return Broken(rule=rule.id, message=message, severity=rule.severity)
