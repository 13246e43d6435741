"""Warn where this machine could behave otherwise than the service, or where an effect has no key."""

from collections.abc import Iterator

from local.workflows.errors import Position
from local.workflows.expressions import Binary, Const, Field, Index, Logic, MapOf, Name, Node
from local.workflows.expressions import Call as CallNode
from local.workflows.functions.connectors import ANSWERED, Connector, nearest
from local.workflows.program import Call

_EFFECTS = {"http.post", "http.put", "http.patch", "http.delete"}
_ORDER = {"<", "<=", ">", ">="}
_SAFE = (Const, Name, Logic)
_COMPARING = {"==", "!="}


def _entries(node: Node | None) -> dict[str, Node] | None:
    """Return the entries of a map that is written out, else None."""
    if isinstance(node, Const) and isinstance(node.constant, dict):
        return {key: Const(constant=value) for key, value in node.constant.items()}
    if isinstance(node, MapOf):
        keys, values = node.operands[::2], node.operands[1::2]
        pairs = zip(keys, values, strict=True)
        return {str(k.constant): v for k, v in pairs if isinstance(k, Const)}
    return None


def lint_call(call: Call) -> Iterator[tuple[Position, str]]:
    """Warn about a call step."""
    method = call.arguments.get("method")
    effect = call.name in _EFFECTS or (
        call.name == "http.request"
        and not (isinstance(method, Const) and method.constant in {"GET", "HEAD", "OPTIONS"})
    )
    if effect:
        headers = call.arguments.get("headers")
        entries = _entries(headers) if headers is not None else {}
        if entries is not None and "idempotency-key" not in {key.lower() for key in entries}:
            yield (
                call.position,
                (
                    "warning: this effect has no Idempotency-Key header, "
                    "so it may happen twice when it is repeated"
                ),
            )
    auth = _entries(call.arguments.get("auth"))
    if auth is not None and "audience" not in auth:
        kind = auth.get("type")
        if isinstance(kind, Const) and kind.constant == "OIDC":
            yield call.position, "warning: without 'audience' the token's audience is the whole URL"


def lint_connector(connector: Connector, where: Position) -> Iterator[tuple[Position, str]]:
    """Warn about a connector that this machine cannot carry out by itself."""
    name = connector.name
    if name in ANSWERED:
        return
    if not connector.parameters:
        near = nearest(name)
        what = f"no connector '{name}' is known here" + (
            f"; did you mean '{near}'?" if near else ""
        )
        yield (
            where,
            f"warning: {what}; this machine cannot run it, and its call ends in a SystemError",
        )
        return
    yield (
        where,
        (
            f"warning: this machine does not answer '{name}': unless `connectors` gives an address of "
            "its service, the call ends in a SystemError"
        ),
    )


def _may_raise(node: Node) -> bool:
    if isinstance(node, Field | Index | CallNode):
        return True
    if isinstance(node, Binary) and node.operator not in _COMPARING:
        return True
    return any(map(_may_raise, node.operands))


def lint_expression(node: Node) -> Iterator[tuple[Position, str]]:
    """Warn about an expression."""
    for part in node.walk():
        if isinstance(part, CallNode) and part.name.startswith("googleapis."):
            yield (
                part.position,
                "warning: the documentation allows connectors in call steps only",
            )
        if isinstance(part, Logic) and _may_raise(part.operands[1]):
            yield (
                part.position,
                (
                    f"warning: the service may evaluate both sides of '{part.operator}', "
                    "and the right side of this one can fail"
                ),
            )
        if isinstance(part, Binary) and part.operator in _ORDER:
            texts = (o for o in part.operands if isinstance(o, Const))
            if any(isinstance(text.constant, str) for text in texts):
                yield part.position, "warning: the order of strings is not documented"
        if isinstance(part, Const) and isinstance(part.constant, str) and "${" in part.constant:
            yield part.position, "warning: '${' inside a string stays as it is"
