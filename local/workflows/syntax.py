"""Parse the text between `${` and `}`."""

import json
import re
from dataclasses import dataclass

from local.workflows.expressions import (
    Binary,
    Call,
    Const,
    Field,
    Index,
    ListOf,
    Logic,
    Name,
    Node,
    Unary,
)

LENGTH_LIMIT = 400
_NESTING_LIMIT = 60
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>//|<=|>=|==|!=|[-+*/%<>()\[\],.])
    """,
    re.VERBOSE | re.DOTALL,
)
_LEVELS = (
    frozenset({"or", "OR"}),
    frozenset({"and", "AND"}),
    frozenset({"<", "<=", ">", ">=", "==", "!=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "//", "%"}),
)
_WORDS = frozenset({"or", "OR", "and", "AND", "not", "NOT", "in"})
_LITERALS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "null": None,
    "Null": None,
    "NULL": None,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class ExpressionError(Exception):
    """Say what is wrong with an expression, and at which character of it."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    offset: int


def _tokens(text: str) -> list[_Token]:
    found, offset = [], 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise ExpressionError(f"token recognition error at: '{text[offset]}'", offset)
        kind = match.lastgroup or ""
        if kind == "name" and match.group() in _WORDS:
            kind = "sign"
        if kind != "space":
            found.append(_Token(kind, match.group(), offset))
        offset = match.end()
    found.append(_Token("end", "the end of the expression", offset))
    return found


def _unescaped(literal: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match.group(1)
        if code.startswith("u"):
            return str(json.loads(f'"\\{code}"'))
        return _ESCAPES.get(code, code)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", character, literal[1:-1], flags=re.DOTALL)


class _Parser:
    """Recursive descent, one method for each kind of binding."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._binary(0)
        if self._next.kind != "end":
            raise self._unexpected()
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _accept(self, sign: str) -> bool:
        if self._next.kind == "sign" and self._next.text == sign:
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise ExpressionError(f"expected '{sign}' before {self._next.text}", self._next.offset)

    def _unexpected(self) -> ExpressionError:
        return ExpressionError(f"unexpected {self._next.text}", self._next.offset)

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._next.kind == "sign" and self._next.text in _LEVELS[level]:
            token = self._take()
            operator, operands = token.text.lower(), (left, self._binary(level + 1))
            kind = Logic if operator in {"and", "or"} else Binary
            left = kind(operands, operator=operator, offset=token.offset)
        return left

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > _NESTING_LIMIT:
            raise ExpressionError("the expression is nested too deeply", self._next.offset)
        try:
            if self._accept("not") or self._accept("NOT"):
                return Unary((self._unary(),), operator="not")
            if self._accept("-"):
                return Unary((self._unary(),), operator="-")
            return self._postfix()
        finally:
            self._depth -= 1

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            if self._accept("."):
                if self._next.kind != "name":
                    raise self._unexpected()
                node = Field((node,), name=self._take().text)
            elif self._accept("["):
                node = Index((node, self._binary(0)))
                self._expect("]")
            elif self._next.kind == "sign" and self._next.text == "(":
                name = dotted(node)
                if not name:
                    raise ExpressionError("only a function can be called", self._next.offset)
                self._take()
                node = Call(self._items(")"), name=name, offset=_start(node))
            else:
                return node

    def _items(self, close: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._accept(close):
            if items:
                self._expect(",")
            items.append(self._binary(0))
        return tuple(items)

    def _primary(self) -> Node:
        if self._accept("("):
            node = self._binary(0)
            self._expect(")")
            return node
        if self._accept("["):
            return ListOf(self._items("]"))
        token = self._next
        if token.kind not in {"number", "string", "name"}:
            raise self._unexpected()
        self._at += 1
        if token.kind == "number":
            return Const(constant=self._number(token))
        if token.kind == "string":
            return Const(constant=_unescaped(token.text))
        if token.text in _LITERALS:
            return Const(constant=_LITERALS[token.text])
        return Name(name=token.text, offset=token.offset)

    @staticmethod
    def _number(token: _Token) -> int | float:
        if not token.text.isdigit():
            return float(token.text)
        value = int(token.text)
        if value >= 2**63:
            raise ExpressionError(f"{value} does not fit into 64 bits", token.offset)
        return value


def _start(node: Node) -> int:
    while node.operands:
        node = node.operands[0]
    return node.offset


def dotted(node: Node) -> str:
    """Return the dotted name that a chain of accesses spells, or an empty string."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Field):
        head = dotted(node.operands[0])
        return f"{head}.{node.name}" if head else ""
    return ""


def parse(text: str) -> Node:
    """Parse an expression, without its `${` and `}`."""
    if len(text) > LENGTH_LIMIT:
        raise ExpressionError(
            f"the expression has {len(text)} characters; the limit is {LENGTH_LIMIT}", 0
        )
    return _Parser(text).whole()
