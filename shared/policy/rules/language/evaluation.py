"""
Ask policies about a document.

A rule that restricts matches also where its condition is undefined; one that allows does not. All rules are asked, and
none ends the others: a priority only orders what is said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from shared.deciding import ApprovalNeeded, Finding, Obligation, Reason, denial, granted, merge
from shared.policy.rules.language import nodes
from shared.policy.rules.language.conditions import (
    Asked,
    Condition,
    TooLong,
    Value,
    condition,
    value,
)
from shared.policy.rules.language.nodes import seconds
from shared.policy.rules.language.values import UNDEFINED, Truth
from shared.records import dataclass

PDP_ERROR = "PDP_ERROR"
"""The rule by which somebody is denied where a policy could not be evaluated."""

MAX_KNOWN = 256

MAX_TOLD = 5
"""How many members that are missing one reason names."""

WINDOW_H = 24
"""For how many hours the answer to a key of idempotency is kept."""


@dataclass(frozen=True)
class Said:
    """What one policy says of one document."""

    finding: Finding | None
    """What it comes to; none where the policy does not apply."""
    rules: tuple[str, ...] = ()
    """The rules and redactions that matched, by name."""
    alerts: tuple[Reason, ...] = ()
    """What people are told."""
    notes: tuple[Reason, ...] = ()
    """What it says beside the decision."""


@dataclass(frozen=True)
class _Compiled:
    name: str
    allows: Condition | None
    """Asked to the letter, for what allows, alerts or notes."""
    restricts: Condition | None
    """Asked widely, for all else."""
    looks: tuple[tuple[str, Value], ...] = ()
    """The ways into the document that its condition takes, each with what leads there."""
    allow: bool = False
    denials: tuple[Reason, ...] = ()
    approvals: tuple[tuple[ApprovalNeeded, Reason], ...] = ()
    obligations: tuple[Obligation, ...] = ()
    alerts: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()


_Widely = tuple[int, str]
"""A rule that restricts, by its place, and why nobody knows whether it should; empty where that is known."""


@dataclass(frozen=True)
class Evaluator:
    """A policy, ready to be asked."""

    policy: nodes.Policy
    _applies: tuple[Condition, Condition] | None = field(compare=False, repr=False)
    _rules: tuple[_Compiled, ...] = field(compare=False, repr=False)
    _known: dict[tuple[Truth, tuple[int, ...], tuple[_Widely, ...]], Said] = field(
        default_factory=dict, compare=False, repr=False
    )

    def asked(self, document: Asked) -> Said:
        """
        Return what it says of a document.

        Whether it applies is asked widely, for that restricts. Where that is undefined its restrictions count, and
        that no rule of it allows does not: nobody knows whether it was meant. One that has rules over history alone says
        nothing of an act by itself.

        Raises:
            TooLong: It took too many steps.
        """
        if self.policy.histories and not self._rules:
            return Said(None)
        applies: Truth = True
        if self._applies is not None:
            applies = self._applies[0](document)
            if applies is False:
                return Said(None)
            # What allows must be meant to the letter.
            applies = None if applies is None else bool(self._applies[1](document) is True)
        letters, widely = [], []
        for place, rule in enumerate(self._rules):
            if rule.allows is not None and rule.allows(document) is True:
                letters.append(place)
            if rule.restricts is None:
                continue
            restricts = rule.restricts(document)
            if restricts is not False:
                widely.append((place, "" if restricts else _unknown(rule.looks, document)))
        met = tuple(
            needed
            for place, _ in widely
            for needed, _ in self._rules[place].approvals
            if granted(needed, document.document)
        )
        if met:
            return self._put(applies, tuple(letters), tuple(widely), met)
        return self._of(applies, tuple(letters), tuple(widely))

    def _of(self, applies: Truth, letters: tuple[int, ...], widely: tuple[_Widely, ...]) -> Said:
        """Return what it says where some rules matched: the same each time, so it is put together once."""
        known = self._known.get((applies, letters, widely))
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[applies, letters, widely] = self._put(applies, letters, widely)
        return known

    def _put(
        self,
        applies: Truth,
        letters: tuple[int, ...],
        widely: tuple[_Widely, ...],
        met: tuple[ApprovalNeeded, ...] = (),
    ) -> Said:
        name, said = self.policy.name, [self._rules[one] for one in letters]
        found: dict[str, Finding] = {}
        for one, why in widely:
            found |= _restricted(self._rules[one], why, met)
        allowed = applies is None or (applies is True and any(one.allow for one in said))
        matched = tuple(
            self._rules[one].name for one in sorted({*letters, *(at for at, _ in widely)})
        )
        alerts = tuple(alert for one in said for alert in one.alerts)
        notes = tuple(note for one in said for note in one.notes)
        finding = _finding(name, allowed, found, matched)
        beside = {"alerts": alerts, "notes": notes}
        if alerts or notes:
            finding = finding.model_copy(update=beside)
        return Said(finding, matched, **beside)


def evaluator(policy: nodes.Policy) -> Evaluator:
    """Make a policy ready to be asked."""
    applies = policy.applies
    both = (condition(applies, wide=True), condition(applies, wide=False)) if applies else None
    ranked = sorted(policy.rules, key=lambda one: -one.priority)
    rules = [_rule(policy.name, one) for one in ranked]
    rules += [_redaction(one) for one in policy.redactions]
    return Evaluator(policy, both, tuple(rules))


def findings(policies: Iterable[Evaluator], document: Mapping[str, Any]) -> dict[str, Finding]:
    """
    Return what policies find, each by ``tenant/<name>``; one that does not apply finds nothing.

    They take their steps of one purse. What goes wrong is a denial, and the policies after it are not asked.
    """
    asked, found = Asked(document), {}
    for one in policies:
        said = judged(one, asked)
        if said.finding is not None:
            found[f"tenant/{one.policy.name}"] = said.finding
        if PDP_ERROR in said.rules:
            break
    return found


def judged(policy: Evaluator, asked: Asked) -> Said:
    """Return what a policy says; where that cannot be found out, it is no yes."""
    try:
        return policy.asked(asked)
    except TooLong:
        why = "its policies take too long to evaluate for this; shorten their patterns and lists"
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, it is no yes
        why = f"it could not be evaluated ({type(error).__name__})"
    return Said(denial(policy.policy.name, PDP_ERROR, why, "high"), (PDP_ERROR,))


def _unknown(looks: Iterable[tuple[str, Value]], document: Asked) -> str:
    """Say in words why it is undefined whether a rule matches."""
    missing = [path for path, value in looks if value(document) is UNDEFINED]
    if not missing:
        return "what it compares is of another type here, or cannot be looked into"
    return f"{', '.join(missing[:MAX_TOLD])} is not said here"


def _restricted(rule: _Compiled, why: str, met: tuple[ApprovalNeeded, ...]) -> dict[str, Finding]:
    """Return what a rule that matched finds, by parts that `merge` puts together; what is *met* it asks for no more."""
    found = {}
    if rule.denials:
        denials = tuple(_because(one, why) for one in rule.denials)
        found[f"{rule.name}/deny"] = Finding(allow=False, reasons=denials)
    for place, (needed, reason) in enumerate(rule.approvals):
        if needed in met:
            continue
        reasons = (_because(reason, why),)
        found[f"{rule.name}/{place}"] = Finding(allow=True, approval=needed, reasons=reasons)
    if rule.obligations:
        found[f"{rule.name}/oblige"] = Finding(allow=True, obligations=rule.obligations)
    return found


def _because(reason: Reason, why: str) -> Reason:
    if not why:
        return reason
    return reason.model_copy(update={"message": f"{reason.message} (the rule counts since {why})"})


def _finding(
    policy: str, allowed: bool, found: Mapping[str, Finding], matched: Iterable[str]
) -> Finding:
    rules = tuple(f"{policy}/{one}" for one in matched)
    if not found:
        return Finding(allow=allowed, matched=rules)
    merged = merge(found)
    return Finding(
        allow=allowed and merged.verdict != "deny",
        reasons=merged.reasons if allowed or merged.verdict == "deny" else (),
        obligations=merged.obligations,
        approval=merged.approval,
        matched=rules,
    )


def _rule(policy: str, rule: nodes.Rule) -> _Compiled:
    denials, approvals, obligations, alerts, notes = [], [], [], [], []
    allow = False
    for effect in rule.effects:
        match effect:
            case nodes.Allow():
                allow = True
            case nodes.Deny(message=message, severity=severity):
                denials.append(_reason(policy, rule.name, message, severity))
            case nodes.Require():
                approvals.append(_required(policy, rule.name, effect))
            case nodes.Oblige():
                obligations.append(_obligation(rule.name, effect))
            case nodes.Alert(level=level, message=message):
                alerts.append(_reason(policy, rule.name, message, level))
            case nodes.Note(message=message):
                notes.append(_reason(policy, rule.name, message, "low"))
    restricts = bool(denials or approvals or obligations)
    letters = allow or bool(alerts or notes)
    return _Compiled(
        name=rule.name,
        allows=condition(rule.when, wide=False) if letters else None,
        restricts=condition(rule.when, wide=True) if restricts else None,
        looks=_looks(rule.when),
        allow=allow,
        denials=tuple(denials),
        approvals=tuple(approvals),
        obligations=tuple(obligations),
        alerts=tuple(alerts),
        notes=tuple(notes),
    )


def _redaction(one: nodes.Redact) -> _Compiled:
    what = {"path": str(one.path)} if one.path else {"pattern": one.pattern or ""}
    text = {} if one.text is None else {"text": one.text}
    return _Compiled(
        name=one.name,
        allows=None,
        restricts=condition(one.when, wide=True) if one.when else _always,
        obligations=(
            Obligation(
                type="redact", parameters={**what, "mask": one.mask, **text}, source_rule=one.name
            ),
        ),
    )


def _looks(of: nodes.Expression) -> tuple[tuple[str, Value], ...]:
    paths = dict.fromkeys(one for one in nodes.inside(of) if isinstance(one, nodes.Path))
    return tuple((str(one), value(one, wide=False)) for one in paths)


def _always(_: Asked) -> Truth:
    return True


def _reason(policy: str, rule: str, message: str, severity: nodes.Level) -> Reason:
    return Reason(policy=policy, rule=rule, message=message, severity=severity)


def _required(policy: str, rule: str, effect: nodes.Require) -> tuple[ApprovalNeeded, Reason]:
    needed = ApprovalNeeded(
        type=effect.approval,
        chain=effect.chain,
        within_s=seconds(effect.window) if effect.window else None,
    )
    said = f"this needs an approval ({effect.approval}) first"
    return needed, _reason(policy, rule, said, "medium")


def _obligation(rule: str, effect: nodes.Oblige) -> Obligation:
    parameters: dict[str, str | int | bool | list[str]] = {}
    match effect.obligation:
        case "mask_fields":
            parameters = {"fields": list(effect.fields)}
        case "rate_limit" if effect.limit and effect.per:
            parameters = {"limit": effect.limit, "per_s": seconds(effect.per), "key": rule}
        case "require_idempotency_key":
            parameters = {"window_h": WINDOW_H}
    return Obligation(type=effect.obligation, parameters=parameters, source_rule=rule)
