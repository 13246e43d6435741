"""
What stands beside the members of a class in its source.

It is read where it is shown. Whoever serves one operation never opens a source file: pydantic's own way
reads them all as the classes are made.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel


def of_members(kind: type[BaseModel]) -> dict[str, str]:
    """Return what is said of each member of a model, by itself or by what it derives from."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            found |= _written(one.__module__).get(one.__name__.partition("[")[0], {})
    return found


def of_choices(kind: type[Enum]) -> Mapping[str, str]:
    """Return what is said of each value of an enumeration, by its name."""
    return _written(kind.__module__).get(kind.__name__, {})


@cache
def _written(module: str) -> Mapping[str, Mapping[str, str]]:
    source = Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8")
    classes = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {node.name: dict(_beside(node.body)) for node in classes}


def _beside(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield the texts that stand directly below a member or a value."""
    for member, below in pairwise(body):
        match member, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())
