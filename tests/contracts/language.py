"""
The small language that areas are written in: what it holds is listed, all else is refused.

A list of what is forbidden is never whole in Python. So business code imports what is known, each name from
where it is defined, sets nothing but its own, and looks into nothing that begins with an underscore.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.parsed import every, parsed

ROOT = Path(__file__).parents[2]

MODULES = {
    "abc": {"ABC", "abstractmethod"},
    "base64": None,
    "collections": None,
    "collections.abc": None,
    "dataclasses": {"KW_ONLY", "dataclass", "field", "replace"},
    "datetime": None,
    "decimal": None,
    "enum": None,
    "functools": {"cache", "cached_property", "lru_cache"},
    "hashlib": None,
    "itertools": None,
    "json": None,
    "math": None,
    "pydantic": None,
    "pydantic.config": {"JsonDict"},
    "re": None,
    "statistics": None,
    "string": None,
    "typing": None,
    "unicodedata": None,
    "urllib.parse": {"quote", "unquote", "urlsplit"},
    "uuid": None,
    "zlib": None,
    "zoneinfo": {"ZoneInfo"},
}
"""What areas use besides the kernel and each other, and of some modules which names; None for all."""

ALSO = {
    "shared/precedents/rules/builtin_seeds.py": {"pathlib"},
    "shared/policy/rules/acts.py": {"pathlib"},
    "shared/policy/rules/differences.py": {"difflib"},
    "shared/policy/rules/reaching.py": {"difflib"},
    "shared/policy/rules/language/building.py": {"lark"},
    "shared/policy/rules/language/checks.py": {"difflib"},
    "shared/policy/rules/language/hollow.py": {"difflib"},
    "shared/policy/rules/language/reading.py": {"difflib", "lark", "lark.exceptions"},
    "shared/policy/rules/language/stored.py": {"dataclasses"},
    "shared/policy/rules/language/tokens.py": {"lark"},
}
"""Files that need what no other does: to read what is deployed beside one, and to read and keep what people write."""

OPENERS = {"Call", "ReactionCall", "Reads", "JobStep", "Transaction"}
"""What only the kernel makes: areas say it in annotations, and nowhere else."""

BUILTINS = {
    *("__builtins__", "__import__", "breakpoint", "compile", "delattr", "dir", "eval", "exec"),
    *("globals", "input", "locals", "memoryview", "open", "setattr", "vars"),
}
"""What opens what is closed, or leads outside."""

FRAMES = {"cell_contents", "f_back", "f_globals", "f_locals", "gi_frame", "tb_frame"}
"""Where what runs is kept."""

CHANGES = {
    "add",
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "setdefault",
} | {"update"}
"""How a list, a set or a dictionary is changed."""

OWN = {("shared/audit/events.py", "_own")}
"""A private attribute that a class sets on what it has just made."""


def beyond(source: str, file: str = "") -> list[str]:
    """Return what in a module is not of the language."""
    tree = parsed(source)
    said, shared = _annotations(tree), set(_definitions(tree))
    found = set()
    for node in every(tree):
        looks = (
            _imported(node, file),
            _named(node, said),
            _got(node, said),
            _looked(node, file),
            _kept(node, shared),
        )
        found |= {f"line {getattr(node, 'lineno', 0)}: {what}" for look in looks for what in look}
    return sorted(found | {f"line {line}: {what}" for line, what in _posing(tree)})


def _imported(node: ast.AST, file: str) -> Iterator[str]:
    match node:
        case ast.ImportFrom(level=level) if level:
            yield "imports from where it is; say the whole name"
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            yield "imports everything there is"
        case ast.ImportFrom(module=str(module), names=names):
            if module.partition(".")[0] in {"functions", "shared"}:
                for one in names:
                    if not _defined(module, one.name):
                        yield f"imports {one.name} from {module}, where it is not defined"
            else:
                yield from _known(module, {one.name for one in names}, file)
        case ast.Import(names=names):
            for one in names:
                yield from _known(one.name, set(), file)


def _known(module: str, names: set[str], file: str) -> Iterator[str]:
    if module in ALSO.get(file, ()):
        return
    if module not in MODULES:
        yield f"imports {module}, which no area needs"
        return
    allowed = MODULES[module]
    if allowed is not None:
        unknown = sorted(names - allowed) or ([] if names else ["all of it"])
        yield from (f"imports {name} from {module}" for name in unknown)


def _defined(module: str, name: str) -> bool:
    """Say whether a module of ours defines a name, or is the package of a module of that name."""
    place = ROOT / Path(*module.split("."))
    within = (place / f"{name}.py", place / name / "__init__.py")
    return name in _names(module) or any(file.exists() for file in within)


@cache
def _names(module: str) -> frozenset[str]:
    place = ROOT / Path(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    found = next((file for file in files if file.exists()), None)
    return frozenset(_definitions(parsed(found.read_text())) if found else ())


def _definitions(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (
                    one.id for top in targets for one in ast.walk(top) if isinstance(one, ast.Name)
                )
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            # What a module hands on for others, it says.
            case ast.ImportFrom(names=names):
                yield from (one.name for one in names if one.asname == one.name)
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                yield from (
                    str(one.value) for one in ast.walk(value) if isinstance(one, ast.Constant)
                )


def _named(node: ast.AST, said: set[int]) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Load()) if id(node) not in said:
            if name in BUILTINS:
                yield f"says {name}"
            if name in OPENERS:
                yield f"takes {name} for a value; it stands in annotations alone"
            if name in {"getattr", "type", "replace"}:
                yield f"hands {name} on; call it where it is said"
        case ast.Call(func=ast.Name(id="type"), args=args) if len(args) != 1:
            yield "makes a class"
        case ast.Call(func=ast.Call(func=ast.Name(id="type"))):
            yield "makes another of its class"
        case ast.Global(names=names):
            yield f"sets {names[0]} for everybody"
        case ast.MatchClass(kwd_attrs=names):
            yield from (f"looks for {name}" for name in names if name.startswith("_"))


def _got(node: ast.AST, said: set[int]) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
            if name.startswith("_") or name == "find":
                yield f"looks for {name}"
        case ast.Call(func=ast.Name(id="getattr"), args=[_, asked, *_]):
            if not isinstance(asked, ast.Name):
                yield "makes up the name that it looks for"
        case ast.Attribute(attr=name) if name in OPENERS and id(node) not in said:
            yield f"takes {name} for a value; it stands in annotations alone"


def _looked(node: ast.AST, file: str) -> Iterator[str]:
    match node:
        case ast.Attribute(attr=name, value=value, ctx=way):
            own = isinstance(value, ast.Name) and value.id in {"cls", "self"}
            own = own or (file, name) in OWN
            if name in FRAMES or (name.startswith("__") and name != "__name__"):
                yield f"looks for {name}"
            elif name.startswith("_") and name != "__name__" and not own:
                yield f"looks for {name} of another"
            if not isinstance(way, ast.Load) and not own:
                yield f"sets {name} of another"


def _posing(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find a parameter that is called as if it were one's own: what is private is looked into by that name."""
    methods = {
        id(node) for top in every(tree) if isinstance(top, ast.ClassDef) for node in top.body
    }
    for node in every(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            names = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
            if names & {"self", "cls"} and id(node) not in methods:
                yield node.lineno, "calls a parameter self or cls, which is no method's"


def _kept(node: ast.AST, shared: set[str]) -> Iterator[str]:
    """Find what outlives a call: what one tenant's leaves in the module, another's finds there."""
    if not isinstance(node, ast.FunctionDef):
        return
    inner = list(ast.walk(node))
    own = {one.arg for one in inner if isinstance(one, ast.arg)}
    own |= {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for one in inner:
        match one:
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
                changed = _root(value)
            case ast.Call(func=ast.Attribute(attr=verb, value=value)) if verb in CHANGES:
                changed = _root(value)
            case _:
                continue
        if changed in shared - own:
            yield f"keeps something in {changed}, which all tenants share"


def _root(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value) | ast.Subscript(value=value):
            return _root(value)
    return ""


def _annotations(tree: ast.Module) -> set[int]:
    """Return the nodes that stand in annotations, or are called where they are said."""
    found: set[int] = set()
    for node in every(tree):
        match node:
            case ast.arg(annotation=ast.AST() as kind) | ast.AnnAssign(annotation=kind):
                found |= {id(one) for one in ast.walk(kind)}
            case ast.FunctionDef(returns=ast.AST() as kind):
                found |= {id(one) for one in ast.walk(kind)}
            case ast.Call(func=ast.Name(id="getattr" | "type" | "replace") as called):
                found.add(id(called))
    return found
