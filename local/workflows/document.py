"""
Read YAML as the service reads it, keeping the place of every node.

Scalars follow YAML 1.2: `yes` and `2024-01-01` are strings, only `true` and `false` are booleans.
"""

import re
from collections.abc import Iterator

import yaml

from local.workflows.errors import Position

SOURCE_LIMIT = 128 * 1024
# Aliases can make a small source huge; a source of 128 KB cannot spell this many nodes itself.
_NODE_LIMIT = 130_000
_NESTING_LIMIT = 100
_TOO_LARGE = "the source is too large or nested too deeply"
_NULL = "tag:yaml.org,2002:null"
_TAB = "found character '\\t' that cannot start any token"


class DocumentError(Exception):
    """Say what is wrong with the text, and where."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.position = position


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def scan_to_next_token(self) -> None:
        """Go over blanks; a tab is one where it indents nothing (YAML 1.2.2 section 6.1)."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (
            self.flow_level or not self.allow_simple_key or self._blank()
        ):
            while self.peek() in {" ", "\t"}:
                self.forward()
            super().scan_to_next_token()

    def fetch_flow_collection_start(self, kind: type[yaml.Token]) -> None:
        """Begin a list or map in brackets; at each token the scanner looks through all that are open."""
        if self.flow_level >= _NESTING_LIMIT:
            raise yaml.scanner.ScannerError(None, None, _TOO_LARGE, self.get_mark())
        super().fetch_flow_collection_start(kind)

    def scan_flow_scalar(self, style: str) -> yaml.ScalarToken:
        """Read a quoted text; JSON writes what 16 bits do not hold as two escapes, each of a half (RFC 8259 section 7)."""
        begins = self.get_mark()
        try:
            token = super().scan_flow_scalar(style)
        except (ValueError, OverflowError):
            raise yaml.scanner.ScannerError(
                None, None, "an escape names no character", begins
            ) from None
        if not token.value.isascii():
            halves = token.value.encode("utf-16", "surrogatepass")
            token.value = halves.decode("utf-16", "surrogatepass")
        return token

    def _blank(self) -> bool:
        """Tell whether nothing but a comment is left of the line."""
        ahead = 0
        while self.peek(ahead) in {" ", "\t"}:
            ahead += 1
        return self.peek(ahead) in set("#\0\r\n\x85\u2028\u2029")


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]++|0o[0-7]++|0x[0-9a-fA-F]++", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]++|[0-9]++(?:\.[0-9]*+)?)(?:[eE][-+]?[0-9]++)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )


def position(node: yaml.Node) -> Position:
    """Return where a node starts, and of a scalar how long it is."""
    length = len(node.value.encode(errors="replace")) if isinstance(node, yaml.ScalarNode) else 0
    return Position(node.start_mark.line + 1, node.start_mark.column + 1, length)


def compose(source: str) -> tuple[yaml.Node, Position | None]:
    """Read the first document, or raise a DocumentError; return too where a second one starts."""
    if len(source.encode(errors="replace")) > SOURCE_LIMIT:
        raise DocumentError("the source is larger than 128 KB", Position(1, 1))
    try:
        found = [n for n in yaml.compose_all(source, Loader=_Loader) if n.tag != _NULL or n.value]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
        what = error.problem or error.context or "not YAML"
        if what == _TAB:
            what = "a tab cannot indent a line: use spaces"
        elif what == "mapping values are not allowed here":
            what += ": quote a text or an expression that has ': ' in it, or mend the indentation"
        raise DocumentError(what, where) from None
    except yaml.YAMLError as error:
        raise DocumentError(str(error).partition("\n")[0], Position(1, 1)) from None
    except RecursionError:
        raise DocumentError("the source is nested too deeply", Position(1, 1)) from None
    if not found:
        raise DocumentError("the source is empty", Position(1, 1))
    _check_extent(found[0])
    return found[0], position(found[1]) if found[1:] else None


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _check_extent(root: yaml.Node) -> None:
    count, stack = 0, [(root, 0)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > _NODE_LIMIT or depth > _NESTING_LIMIT:
            raise DocumentError(_TOO_LARGE, position(node))
        stack += [(child, depth + 1) for child in _children(node)]


def scalar(node: yaml.Node) -> bool | float | str | None:
    """Return the value of a scalar."""
    kind, text = node.tag.rpartition(":")[2], node.value
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return bool(text.lower() == "true")
        if kind == "int":
            bare = text.lstrip("+-")
            base = 16 if bare.startswith("0x") else 8 if bare.startswith("0o") else 10
            return int(text, base)
        if kind == "float":
            return float(re.sub(r"\.(inf|nan)$", r"\1", text, flags=re.IGNORECASE))
    except ValueError:
        raise DocumentError(f"{text!r} is not of the type {node.tag}", position(node)) from None
    return str(text)
