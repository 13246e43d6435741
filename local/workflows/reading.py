"""Read the values, maps and lists of a source, collecting problems."""

import re
from collections.abc import Iterator

import yaml

from local.workflows.document import position, scalar
from local.workflows.errors import Position, Problem
from local.workflows.expressions import Const, ListOf, MapOf, Node
from local.workflows.syntax import ExpressionError, parse

_NAME = re.compile(r"[A-Za-z_]\w*")


class Reader:
    """Read nodes into the program, collecting problems instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def problem(self, where: Position, message: str) -> None:
        """Note a problem, and go on."""
        self.problems.append(Problem(self.file, where, message))

    def warn(self, where: Position, message: str) -> None:
        """Note what is allowed, and perhaps not meant."""
        self.warnings.append(Problem(self.file, where, f"warning: {message}"))

    def value(self, node: yaml.Node) -> Node:
        """Read a value in which strings `${…}` are expressions."""
        if isinstance(node, yaml.SequenceNode):
            return _folded(ListOf([self.value(item) for item in node.value]))
        if isinstance(node, yaml.MappingNode):
            operands: list[Node] = []
            for key, item in self.pairs(node):
                operands += [self.key(key), self.value(item)]
            return _folded(MapOf(operands))
        constant = scalar(node)
        if isinstance(constant, str) and constant.strip().startswith("${"):
            return self.expression(node, constant.strip())
        if isinstance(constant, int) and not -(2**63) <= constant < 2**63:
            self.problem(position(node), f"{constant} does not fit into 64 bits")
        return Const(constant=constant, position=position(node))

    def key(self, node: yaml.Node) -> Node:
        """Read the key of a map; a number becomes a string."""
        text = str(node.value).strip()
        return self.expression(node, text) if text.startswith("${") else Const(constant=text)

    def expression(self, node: yaml.Node, text: str) -> Node:
        """Parse `${…}`."""
        if not text.endswith("}"):
            self.problem(position(node), f"an expression must be the whole value: {text}")
            return Const()
        found = self.parsed(node, text[2:-1], 2)
        found.whole = position(node)
        return found

    def parsed(self, node: yaml.Node, text: str, skip: int) -> Node:
        """Parse the text of an expression, which starts *skip* characters into the node."""
        start = position(node)
        single = node.start_mark.line == node.end_mark.line
        first = start.column + skip + (1 if getattr(node, "style", None) else 0)

        def place(offset: int) -> Position:
            return Position(start.line, first + offset) if single else start

        try:
            parsed = parse(text)
        except ExpressionError as error:
            self.problem(place(error.offset), str(error))
            return Const()
        for part in parsed.walk():
            part.position = place(part.offset)
        return parsed

    def pairs(self, node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """Yield the entries of a map and of those that it merges, refusing a repeated key."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(position(node), "expected a map")
            return
        seen: set[str] = set()
        merged: list[yaml.Node] = []
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.problem(position(key), "a key must be a string")
            elif key.value in seen:
                self.problem(position(key), f"the key '{key.value}' occurs twice")
            elif key.value == "<<" and not key.style and not isinstance(item, yaml.ScalarNode):
                merged += item.value if isinstance(item, yaml.SequenceNode) else [item]
            else:
                seen.add(key.value)
                yield key, item
        # https://yaml.org/type/merge.html: what is written here or merged earlier wins.
        for more in merged:
            for key, item in self.pairs(more):
                if key.value not in seen:
                    seen.add(key.value)
                    yield key, item

    def items(self, node: yaml.Node, what: str, most: int, least: int = 1) -> list[yaml.Node]:
        """Return the elements of a list of a limited length."""
        if not isinstance(node, yaml.SequenceNode):
            self.problem(position(node), f"{what} must be a list")
            return []
        if not least <= len(node.value) <= most:
            count = len(node.value)
            self.problem(
                position(node), f"{what} must have {least} to {most} entries; it has {count}"
            )
        return list(node.value)

    def single(self, node: yaml.Node, what: str) -> tuple[yaml.Node, yaml.Node] | None:
        """Return the only entry of a map."""
        pairs = list(self.pairs(node))
        if len(pairs) == 1:
            return pairs[0]
        if isinstance(node, yaml.MappingNode):
            self.problem(position(node), f"{what} must be a map with one key")
        return None

    def name(self, node: yaml.Node, what: str) -> str:
        """Read the name of a variable or routine."""
        if isinstance(node, yaml.ScalarNode) and _NAME.fullmatch(node.value):
            return str(node.value)
        self.problem(position(node), f"{what} must be a name of letters, digits and underscores")
        return ""

    def word(self, node: yaml.Node, what: str) -> str:
        """Read a plain string."""
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            self.problem(position(node), f"{what} must be a string")
        elif self.written(node, what):
            return str(node.value)
        return ""

    def written(self, node: yaml.Node, what: str) -> bool:
        """Refuse a name that UTF-8 cannot carry: an escape may name half a surrogate pair."""
        try:
            node.value.encode()
        except UnicodeEncodeError:
            self.problem(position(node), f"{what} holds half a surrogate pair")
            return False
        return True

    def fields(self, node: yaml.Node, known: set[str], what: str) -> dict[str, yaml.Node]:
        """Return the entries of a map by key, refusing unknown ones."""
        found = {}
        for key, item in self.pairs(node):
            if key.value in known:
                found[str(key.value)] = item
            else:
                self.problem(position(key), f"{what} has no key '{key.value}'")
        return found


def _folded(node: ListOf | MapOf) -> Node:
    """Compute a list or map of literals once."""
    if not all(isinstance(operand, Const) for operand in node.operands):
        return node
    values = [operand.constant for operand in node.operands if isinstance(operand, Const)]
    if isinstance(node, ListOf):
        return Const(constant=values)
    return Const(constant=dict(zip(values[::2], values[1::2], strict=True)))
