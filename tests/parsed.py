"""Source of this repository, which many rules look through: each module is parsed once, and walked once as a whole."""

import ast
from functools import cache


@cache
def parsed(text: str) -> ast.Module:
    """Return the tree of a module; it is everybody's, and stays as it is."""
    return ast.parse(text)


@cache
def every(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Return all nodes of a module, as `ast.walk` yields them."""
    return tuple(ast.walk(tree))
