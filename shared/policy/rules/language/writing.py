"""Write policies as they are laid out everywhere; comments stay, each before what it stood before or beside."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from shared.policy.rules.language import nodes
from shared.policy.rules.language.grammar import TOKEN

WIDTH = 100


def written(policies: Sequence[nodes.Policy], source: str = "") -> str:
    """
    Return the text of policies.

    Args:
        policies: What was read.

        source: Of what it was read: its comments are kept.
    """
    comments = _Comments(source)
    texts = ["\n".join(_policy(one, comments)) for one in policies]
    return "\n\n".join(texts) + "\n" + "".join(f"{one}\n" for one in comments.rest())


def expression(one: nodes.Expression, *, inside: str = "") -> str:
    """Write a condition, in brackets where it needs them inside of another."""
    match one:
        case nodes.Or(parts=parts):
            said, bracketed = " or ".join(expression(p, inside="or") for p in parts), inside != ""
        case nodes.And(parts=parts):
            said = " and ".join(expression(part, inside="and") for part in parts)
            bracketed = inside in {"and", "not"}
        case nodes.Not(of=of):
            said, bracketed = f"not {expression(of, inside='not')}", inside == "not"
        case nodes.Compare(left=left, operator=operator, right=right):
            said, bracketed = f"{_operand(left)} {operator} {_operand(right)}", False
        case _:
            said, bracketed = _operand(one), False
    return f"({said})" if bracketed else said


def _operand(one: nodes.Expression) -> str:
    match one:
        case nodes.Listed(items=items):
            return f"[{', '.join(map(_operand, items))}]"
        case nodes.Function(arguments=arguments):
            return f"{one.function}({', '.join(map(_operand, arguments))})"
        case nodes.Text() | nodes.Number() | nodes.Constant():
            return quoted(one.value)
        case _:
            return str(one)


def quoted(value: Any) -> str:
    """Write a value as JSON does."""
    return json.dumps(value, ensure_ascii=False)


class _Comments:
    """The comments of a text, by their lines; each is written once."""

    def __init__(self, source: str) -> None:
        found = TOKEN.finditer(source)
        self._waiting = [
            (source.count("\n", 0, one.start()) + 1, one[0].rstrip())
            for one in found
            if one[0].startswith("#")
        ]

    def before(self, line: int) -> Iterator[str]:
        """Yield those up to a line, which have not been written."""
        while self._waiting and self._waiting[0][0] <= line:
            yield self._waiting.pop(0)[1]

    def rest(self) -> Iterator[str]:
        yield from (one for _, one in self._waiting)


def _policy(policy: nodes.Policy, comments: _Comments) -> Iterator[str]:
    yield from comments.before(policy.line)
    yield f"policy {policy.name} version {policy.version} {{"
    if policy.about is not None:
        yield f"  about {quoted(policy.about)}"
    yield f"  bundle {policy.bundle}"
    if policy.applies is not None:
        yield f"  applies to {expression(policy.applies)}"
    kind = ""
    for item in policy.items:
        if item.kind != kind or item.kind == "test":
            yield ""
        kind = item.kind
        yield from (f"  {one}" for one in chain(comments.before(item.line), _item(item)))
    yield "}"


def _item(item: nodes.Item) -> Iterator[str]:
    match item:
        case nodes.Rule():
            yield from _rule(item)
        case nodes.Redact(path=path, pattern=pattern, when=when):
            what = f"field {path}" if path else f"pattern {quoted(pattern)}"
            mask = item.mask if item.text is None else quoted(item.text)
            told = f" when {expression(when)}" if when else ""
            yield f"redact {item.name} {what} with {mask}{told}"
        case nodes.Flow(unless=unless):
            but = f" unless {', '.join(unless)}" if unless else ""
            yield f"flow {item.name} forbid {item.label} -> {item.sink}{but}"
        case nodes.History(says=says):
            yield from _spread(f"history {item.name}", says)
        case nodes.Test(by=by):
            yield f"test {quoted(item.name)} {{"
            yield from (f"  {one}" for one in _spread("given", item.given))
            yield f"  expect {item.expect}{f' by {by}' if by else ''}"
            yield "}"


def _spread(head: str, document: Mapping[str, Any]) -> Iterator[str]:
    """Write a document on one line, or each of its members on a line of its own."""
    whole = f"{head} {quoted(document)}"
    if len(whole) < WIDTH - 2:
        yield whole
        return
    yield f"{head} {{"
    members = [f"  {quoted(name)}: {quoted(value)}" for name, value in document.items()]
    yield from ",\n".join(members).split("\n")
    yield "}"


def _rule(rule: nodes.Rule) -> Iterator[str]:
    ranked = "" if rule.priority == nodes.PRIORITY else f" priority {rule.priority}"
    head = f"rule {rule.name}{ranked} when {expression(rule.when)}"
    effects = [_effect(one) for one in rule.effects]
    whole = " ".join((head, *effects))
    if len(whole) < WIDTH:
        yield whole
        return
    yield head
    yield from (f"  {one}" for one in effects)


def _effect(effect: nodes.Effect) -> str:
    match effect:
        case nodes.Allow():
            said = "allow"
        case nodes.Deny(message=message, severity=severity):
            level = "" if severity == "medium" else f" severity {severity}"
            said = f"deny {quoted(message)}{level}"
        case nodes.Require(approval=approval, chain=chain_, window=window):
            chained, within = (
                f" chain {chain_}" if chain_ else "",
                f" within {window}" if window else "",
            )
            said = f"require approval {approval}{chained}{within}"
        case nodes.Oblige(obligation=what, fields=fields, limit=limit, per=per):
            named = f" [{', '.join(map(quoted, fields))}]" if fields else ""
            said = f"oblige {what}{named}{f' {limit} per {per}' if limit else ''}"
        case nodes.Alert(level=level, message=message):
            said = f"alert {level} {quoted(message)}"
        case nodes.Note(message=message):
            said = f"note {quoted(message)}"
    return said
