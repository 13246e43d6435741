"""Make the parts of a policy of what the parser found; loaded with lark, when the first text is read."""

from typing import Any, get_args

from lark import Token, Transformer, v_args

from shared.policy.rules.language import nodes, tokens
from shared.records import dataclass

OBLIGATIONS = {
    "sandbox_route": None,
    "sign_payload": None,
    "require_idempotency_key": None,
    "mask_fields": "fields",
    "rate_limit": "rate",
}
"""What rules of a policy may oblige to, and with which arguments."""


BUNDLES = ("tenant", "designer")
MASKS = ("remove", "hash", "last4", "token")


@dataclass(frozen=True)
class _Header:
    """What is said once of a policy."""

    name: str
    value: Any
    said: Token


placed = v_args(meta=True)
"""A method that is told where its part begins."""


class Builder(Transformer[Token, Any]):
    """Makes each part of its children; a method is called as the rule of the grammar."""

    def start(self, found: list[nodes.Policy]) -> tuple[nodes.Policy, ...]:
        """All policies of a text."""
        return tuple(found)

    @placed
    def policy(self, meta: Any, found: list[Any]) -> nodes.Policy:
        """One policy, whose headers are each said once."""
        name, version, *rest = found
        headers: dict[str, Any] = {}
        items = []
        for one in rest:
            if not isinstance(one, _Header):
                items.append(one)
            elif one.name in headers:
                raise tokens.Misread(one.said, f"“{one.said}” is said twice; keep one of them")
            else:
                headers[one.name] = one.value
        return nodes.Policy(
            name=name, version=str(version), items=tuple(items), **headers, **_place(meta)
        )

    @placed
    def about(self, meta: Any, found: list[Token]) -> _Header:
        """What it is for."""
        return _Header("about", tokens.shown(found[0]), _token(meta, "about"))

    @placed
    def bundle(self, meta: Any, found: list[Any]) -> _Header:
        """Whose rules these are."""
        if found[0] not in BUNDLES:
            said = f"a policy is of bundle {' or '.join(BUNDLES)}, and not of {found[0]}"
            raise tokens.Misread(_token(meta, "bundle"), said, "unknown_bundle")
        return _Header("bundle", found[0], _token(meta, "bundle"))

    @placed
    def applies(self, meta: Any, found: list[Any]) -> _Header:
        """To what it applies."""
        return _Header("applies", found[0], _token(meta, "applies to"))

    @placed
    def rule(self, meta: Any, found: list[Any]) -> nodes.Rule:
        """A rule."""
        name, priority, when, *effects = found
        ranked = nodes.PRIORITY if priority is None else tokens.number(priority)
        if not 0 <= ranked <= 1000:
            raise tokens.Misread(priority, "a priority is from 0 to 1000")
        return nodes.Rule(
            name=name, when=when, effects=tuple(effects), priority=ranked, **_place(meta)
        )

    @placed
    def allow(self, meta: Any, _: list[Any]) -> nodes.Allow:
        """The effect."""
        return nodes.Allow(**_place(meta))

    @placed
    def deny(self, meta: Any, found: list[Any]) -> nodes.Deny:
        """The effect."""
        message, severity = found
        level: nodes.Level = (
            "medium" if severity is None else tokens.one_of(severity, nodes.Level, "a severity")
        )
        return nodes.Deny(message=tokens.shown(message), severity=level, **_place(meta))

    @placed
    def require(self, meta: Any, found: list[Any]) -> nodes.Require:
        """The effect."""
        approval, chain, window = found
        if approval not in get_args(nodes.Sort):
            raise tokens.Misread(
                _token(meta, "require"),
                f"“{approval}” is no approval; say {tokens.listed(nodes.Sort)}",
            )
        return nodes.Require(
            approval=approval, chain=chain, window=tokens.duration(window), **_place(meta)
        )

    @placed
    def oblige(self, meta: Any, found: list[Any]) -> nodes.Oblige:
        """The effect."""
        word, *said = found
        if word not in OBLIGATIONS:
            known = ", ".join(sorted(OBLIGATIONS))
            raise tokens.Misread(word, f"“{word}” is no obligation; say one of {known}")
        given: tuple[str | None, dict[str, Any]] = next(iter(said), (None, {}))
        needed = OBLIGATIONS[str(word)]
        if given[0] != needed:
            how = {
                "fields": "with a list of fields in quotes",
                "rate": "as “rate_limit 10 per 1h”",
                None: "alone",
            }
            raise tokens.Misread(word, f"“{word}” stands {how[needed]}")
        return nodes.Oblige(obligation=str(word), **given[1], **_place(meta))

    def fields(self, found: list[Token]) -> tuple[str, dict[str, Any]]:
        """The argument of an obligation."""
        return "fields", {"fields": tuple(tokens.shown(one) for one in found)}

    def rate(self, found: list[Token]) -> tuple[str, dict[str, Any]]:
        """The argument of an obligation."""
        limit = tokens.number(found[0])
        if limit < 1:
            raise tokens.Misread(found[0], "a limit is 1 at least")
        return "rate", {"limit": limit, "per": tokens.duration(found[1])}

    @placed
    def alert(self, meta: Any, found: list[Token]) -> nodes.Alert:
        """The effect."""
        level = tokens.one_of(found[0], nodes.Level, "a level")
        return nodes.Alert(level=level, message=tokens.shown(found[1]), **_place(meta))

    @placed
    def note(self, meta: Any, found: list[Token]) -> nodes.Note:
        """The effect."""
        return nodes.Note(message=tokens.shown(found[0]), **_place(meta))

    @placed
    def redact(self, meta: Any, found: list[Any]) -> nodes.Redact:
        """A redaction."""
        name, what, mask, when = found
        return nodes.Redact(name=name, when=when, **mask, **what, **_place(meta))

    def redacted_field(self, found: list[nodes.Path]) -> dict[str, Any]:
        """What a redaction is of."""
        return {"path": found[0]}

    def redacted_pattern(self, found: list[Token]) -> dict[str, Any]:
        """What a redaction is of."""
        return {"pattern": tokens.text(found[0])}

    def mask(self, found: list[Token]) -> dict[str, Any]:
        """With what something is hidden: a word for how, or a text in quotes that stands in its place."""
        token = found[0]
        if token.type == "STRING":
            return {"mask": "text", "text": tokens.shown(token)}
        if token not in MASKS:
            known = ", ".join(MASKS)
            raise tokens.Misread(
                token, f"“{token}” is no mask; say one of {known}, or a text in quotes"
            )
        return {"mask": str(token)}

    @placed
    def flow(self, meta: Any, found: list[Any]) -> nodes.Flow:
        """A rule about where data may go."""
        name, label, sink, unless = found
        return nodes.Flow(name=name, label=label, sink=sink, unless=unless or (), **_place(meta))

    def sink(self, found: list[Token]) -> str:
        """Where data go."""
        return "".join(map(str, found))

    def treatments(self, found: list[str]) -> tuple[str, ...]:
        """What makes a flow right."""
        return tuple(found)

    def treatment(self, found: list[Token]) -> str:
        """What makes a flow right."""
        return tokens.named(found[0])

    @placed
    def history(self, meta: Any, found: list[Any]) -> nodes.History:
        """A rule over what was done before."""
        name, says = found
        return nodes.History(name=name, says=says, **_place(meta))

    @placed
    def test(self, meta: Any, found: list[Any]) -> nodes.Test:
        """A test."""
        name, given, expect, by = found
        return nodes.Test(
            name=tokens.shown(name), given=given, expect=expect, by=by, **_place(meta)
        )

    def verdict(self, found: list[Token]) -> str:
        """What a test expects."""
        return str(tokens.one_of(found[0], nodes.Expected, "a verdict"))

    def any_of(self, found: list[Any]) -> nodes.Or:
        """Several conditions."""
        return nodes.Or(parts=_flat(nodes.Or, found), **_where(found[0]))

    def all_of(self, found: list[Any]) -> nodes.And:
        """Several conditions."""
        return nodes.And(parts=_flat(nodes.And, found), **_where(found[0]))

    @placed
    def opposite(self, meta: Any, found: list[Any]) -> nodes.Not:
        """The opposite of a condition."""
        return nodes.Not(of=found[0], **_place(meta))

    def compared(self, found: list[Any]) -> nodes.Compare:
        """A comparison."""
        left, operator, right = found
        return nodes.Compare(left=left, operator=operator, right=right, **_where(left))

    def op(self, found: list[Token]) -> str:
        """An operator."""
        return " ".join(map(str, found))

    @placed
    def text(self, meta: Any, found: list[Token]) -> nodes.Text:
        """An operand."""
        return nodes.Text(value=tokens.text(found[0]), **_place(meta))

    @placed
    def number(self, meta: Any, found: list[Token]) -> nodes.Number:
        """An operand."""
        return nodes.Number(value=tokens.number(found[0]), **_place(meta))

    @placed
    def constant(self, meta: Any, found: list[Token]) -> nodes.Constant:
        """An operand."""
        value = {"true": True, "false": False, "null": None}[found[0]]
        return nodes.Constant(value=value, **_place(meta))

    @placed
    def listing(self, meta: Any, found: list[Any]) -> nodes.Listed:
        """An operand."""
        return nodes.Listed(items=tuple(found), **_place(meta))

    @placed
    def call(self, meta: Any, found: list[Any]) -> nodes.Function:
        """An operand."""
        name, *arguments = found
        return nodes.Function(
            function=tokens.ident(name), arguments=tuple(arguments), **_place(meta)
        )

    @placed
    def path(self, meta: Any, found: list[Any]) -> nodes.Path:
        """An operand."""
        head, *steps = found
        return nodes.Path(steps=(tokens.ident(head), *steps), **_place(meta))

    def step(self, found: list[Any]) -> str | int:
        """A step of a path."""
        one = found[0]
        if not isinstance(one, Token):
            return nodes.EACH
        if one.type == "STEP":
            return str(one)[1:]
        index = tokens.number(one)
        if not 0 <= index < 10_000:
            raise tokens.Misread(one, "a place in a list is from 0 to 9999")
        return index

    def each(self, _: list[Token]) -> tuple[()]:
        """A step into every item."""
        return ()

    def given(self, found: list[Any]) -> dict[str, Any]:
        """An object of a document."""
        made: dict[str, Any] = {}
        for token, value in found:
            name = tokens.text(token)
            if name in made:
                raise tokens.Misread(token, f"the member {name!r} stands here twice")
            made[name] = value
        return made

    def member(self, found: list[Any]) -> tuple[Token, Any]:
        """A member of a document."""
        return found[0], found[1]

    def array(self, found: list[Any]) -> list[Any]:
        """A list of a document."""
        return found

    def text_value(self, found: list[Token]) -> str:
        """A text of a document."""
        return tokens.text(found[0])

    def number_value(self, found: list[Token]) -> int:
        """A number of a document."""
        return tokens.number(found[0])

    def constant_value(self, found: list[nodes.Constant]) -> bool | None:
        """True, false or null in a document."""
        return found[0].value

    def name(self, found: list[Token]) -> str:
        """A name."""
        return tokens.named(found[0])


def _place(meta: Any) -> dict[str, Any]:
    return {"line": meta.line, "column": meta.column}


def _where(part: nodes.Node) -> dict[str, Any]:
    return {"line": part.line, "column": part.column}


def _token(meta: Any, said: str) -> Token:
    """Return what stands where a part begins."""
    return Token("WORD", said, start_pos=meta.start_pos, line=meta.line, column=meta.column)


def _flat(kind: type[nodes.And] | type[nodes.Or], found: list[Any]) -> tuple[Any, ...]:
    """Return conditions without brackets that make no difference: ``a and (b and c)``."""
    return tuple(part for one in found for part in (one.parts if isinstance(one, kind) else (one,)))
