"""
The gate: acts are held to rules over history in the transaction that begins them, and remembered in it.

What a rule remembers is a page, of one run, agent or tenant and of one of the facts that it counts by. Each act reads and writes
the page of every rule that it is about, so of several at once one is first, and the others are judged anew by what it left.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from shared.canonical import digest
from shared.deciding import Finding, Reason
from shared.history.models import MOST_SEEN, Act, AtMost, Broken, Page, Rule, Seen, Total
from shared.history.rules.memory import breaks, is_one, key_of, remembered
from shared.store import Transaction

POLICY = "history"
"""As what reasons name these rules."""

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
    act = act.model_copy(update={"at": at, "state": "in_flight"})
    pages, broken = list[Page](), list[Broken]()
    for rule in rules:
        seen = remembered(rule, act)
        if seen is None and is_one(rule.act, act) == "no":
            continue
        page = _page(txn, rule, act, at)
        known = any(one.act == act.id for one in page.seen)
        found = None if known else breaks(rule, page.seen, act) or _full(rule, page)
        broken += [found] if found else []
        # Also what only looked is written, or what comes meanwhile would be missed.
        pages.append(page if known or seen is None else _with(page, seen))
    if not broken:
        for page in pages:
            txn.save(page)
    return tuple(broken)


def finish(
    txn: Transaction, rules: Iterable[Rule], act: Act, ended: Ended, *, at: datetime
) -> None:
    """Say how an act ended that was begun: it is done, or is known not to have happened and counts no longer."""
    after = act.model_copy(update={"at": at, "state": ended})
    changed = list[Page]()
    for rule in rules:
        if remembered(rule, act) is None:
            continue
        page = _page(txn, rule, act, at)
        if not any(one.act == act.id and not one.done for one in page.seen):
            continue
        # Those before it keep their places: acts are in the order in which they began.
        kept = [_ended(rule, one, after) if one.act == act.id else one for one in page.seen]
        changed.append(page.model_copy(update={"seen": tuple(one for one in kept if one)}))
    for page in changed:
        txn.save(page)


def _ended(rule: Rule, before: Seen, after: Act) -> Seen | None:
    return before if before.done else remembered(rule, after)


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
        yield key_of(rule.per, act) or "?"


def _with(page: Page, seen: Seen) -> Page:
    return page.model_copy(update={"seen": (*page.seen, seen)})


def _full(rule: Rule, page: Page) -> Broken | None:
    if len(page.seen) < MOST_SEEN:
        return None
    message = f"{MOST_SEEN} acts are remembered for this rule already, and no more are counted"
    return Broken(rule=rule.id, message=message, severity=rule.severity)


def finding(broken: Sequence[Broken]) -> Finding:
    """Return what these rules say, as bundles say it: what may be broken is denied as what is."""
    reasons = tuple(
        Reason(policy=POLICY, rule=one.rule, message=one.message, severity=one.severity)
        for one in broken
    )
    return Finding(
        allow=not broken, reasons=reasons, matched=tuple(f"{POLICY}/{one.rule}" for one in broken)
    )
