"""Find, in the source of an area, the ways around the walls that the kernel keeps."""

import ast
from collections.abc import Iterator

from tests.parsed import every, parsed

KERNEL = {
    "shared.documents": "the store beneath transactions",
    "shared.edge": "the adapters",
}
"""What an area never imports: it would hold the whole store, of all tenants."""

REFLECTION = {"builtins", "copy", "ctypes", "gc", "importlib", "inspect", "marshal", "operator"} | {
    "pickle",
    "sys",
    "types",
    "weakref",
}
"""Modules that open what is closed; business code needs none of them."""

OPENERS = {"Call", "ReactionCall", "Reads", "JobStep", "Transaction"}
"""What only the kernel makes."""

HANDLES = {"call", "own", "platform", "txn"}
"""How the code calls a call and its transactions; annotated parameters count too."""

PRIVATE = {
    "_documents",
    "_open",
    "_opened",
    "_seen",
    "_signer",
    "_tenant",
    "_within",
    "_transaction",
    "_writable",
    "_writes",
    "for_tenant",
}
"""What a call and a transaction keep to themselves."""

CROSSINGS = {"each_tenant", "platform", "within"}
"""The declared ways over the wall, each with its reason."""

OF_THE_KERNEL = {"attest", "beforehand", "begin", "crossings", "entries", "routed", "writes"}
"""What a call and a transaction tell the kernel, and nobody else."""


def ways_around(source: str) -> list[str]:
    """Return what in a module opens another tenant's documents other than by a declared crossing."""
    tree = parsed(source)
    handles = HANDLES | _annotated(tree)
    return sorted(set(_found(tree, handles)))


def crossings(source: str) -> list[tuple[str, bool]]:
    """Return each declared crossing of a module, and whether it says why: by a text or a named constant."""
    tree, found = parsed(source), []
    calls = HANDLES | _annotated(tree)
    for node in every(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=verb, value=value), args=given) if (
                verb in CROSSINGS and (verb != "platform" or _last(value) in calls)
            ):
                found.append((verb, bool(given) and _is_reason(given[-1])))
    return found


PAGES = {"find", "find_stored", "page"}
"""What returns a part of a list."""


def dropped(source: str) -> list[str]:
    """Return where a page is read and the rest of the list forgotten."""
    tree = parsed(source)
    functions = [
        node
        for node in every(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    ]
    found = {node.lineno for function in functions for node in _dropping(function)}
    inside = {id(node) for function in functions for node in ast.walk(function)}
    asked = {id(node.func) for node in every(tree) if isinstance(node, ast.Call)}
    for node in every(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="find" | "find_stored" | "page")) if (
                id(node) not in inside
            ):
                found.add(node.lineno)
            # Handed on, it is asked where nobody looks; cut off, it is a part that looks like the whole.
            case ast.Attribute(attr="find" | "find_stored" | "page") if id(node) not in asked:
                found.add(node.lineno)
            case ast.Attribute(attr="items", value=ast.Call()) if id(node) not in asked:
                found.add(node.lineno)
    return [f"line {line}" for line in sorted(found)]


def _found(tree: ast.Module, handles: set[str]) -> Iterator[str]:
    for node in every(tree):
        for look in (_imported, _called, _reached, _set):
            for what in look(node, handles):
                yield f"line {getattr(node, 'lineno', 0)}: {what}"
    yield from _replacing(tree, handles)
    yield from _handed_on(tree, handles)


def _handed_on(tree: ast.Module, handles: set[str]) -> Iterator[str]:
    """Find a way over the wall that is not gone where it is named, and so not seen."""
    gone = {id(node.func) for node in every(tree) if isinstance(node, ast.Call)}
    for node in every(tree):
        match node:
            case ast.Attribute(attr=verb, value=value) if (
                verb in CROSSINGS and id(node) not in gone
            ):
                if verb != "platform" or _last(value) in handles:
                    yield f"line {node.lineno}: hands {verb} on"


def _imported(node: ast.AST, _: set[str]) -> Iterator[str]:
    match node:
        case ast.ImportFrom(module=str(module), names=names):
            below = {module, *(f"{module}.{one.name}" for one in names)}
            if any(n == name or n.startswith(f"{name}.") for n in below for name in KERNEL):
                yield f"imports {module}"
            if module.partition(".")[0] in REFLECTION:
                yield f"imports {module}"
            yield from (f"renames {o.name}" for o in names if o.name in OPENERS and o.asname)
        case ast.Import(names=names):
            for one in names:
                if one.name.partition(".")[0] in REFLECTION | {"shared", "dataclasses"}:
                    yield f"imports {one.name} as a whole"


def _called(node: ast.AST, handles: set[str]) -> Iterator[str]:
    match node:
        case ast.Call(func=func) if _last(func) in OPENERS:
            yield f"makes a {_last(func)}"
        case ast.Call(func=ast.Name(id="eval" | "exec" | "compile" | "__import__" as verb)):
            yield f"calls {verb}"
        case ast.Call(
            func=ast.Name(id="getattr" | "setattr" | "delattr" | "vars" | "type" as verb),
            args=[first, *_],
        ) if _last(first) in handles:
            yield f"takes {_last(first)} apart by {verb}"


def _reached(node: ast.AST, handles: set[str]) -> Iterator[str]:
    match node:
        case ast.Attribute(attr=name, value=value) if (
            name in OF_THE_KERNEL and _last(value) in handles
        ):
            yield f"reaches for {name}, which is for the kernel"
        case ast.Attribute(attr=name, value=value):
            special = name.startswith("__") and _last(value) in handles | {"object"}
            if name in PRIVATE or special:
                yield f"reaches for {name}"
        case ast.Constant(value=str(text)) if text in PRIVATE:
            yield f"names {text}"


def _set(node: ast.AST, handles: set[str]) -> Iterator[str]:
    targets: list[ast.expr] = []
    match node:
        case ast.Assign(targets=several):
            targets = several
        case ast.AugAssign(target=one) | ast.AnnAssign(target=one):
            targets = [one]
    for target in (part for top in targets for part in ast.walk(top)):
        if isinstance(target, ast.Attribute) and _last(target.value) in handles:
            yield f"sets {target.attr} of {_last(target.value)}"


def _replacing(tree: ast.Module, handles: set[str]) -> Iterator[str]:
    names = {
        one.asname or one.name
        for node in every(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        for one in node.names
        if one.name == "replace"
    }
    for node in every(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in names:
                if _last(first) in handles:
                    yield f"line {node.lineno}: copies {_last(first)}"


def _annotated(tree: ast.Module) -> set[str]:
    """Return the parameters and variables that are calls or transactions, whatever they are called."""
    found = set()
    for node in every(tree):
        match node:
            case ast.arg(arg=name, annotation=ast.AST() as kind) if OPENERS & _names(kind):
                found.add(name)
            case ast.withitem(
                context_expr=ast.Call(func=ast.Attribute(attr=verb)),
                optional_vars=ast.Name(id=name),
            ) if verb in CROSSINGS | {"transaction"}:
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                _last(value) in HANDLES | found
            ):
                found.add(name)
    return found


def _names(kind: ast.AST) -> set[str]:
    texts = {n.value for n in ast.walk(kind) if isinstance(n, ast.Constant)}
    return {n.id for n in ast.walk(kind) if isinstance(n, ast.Name)} | {str(t) for t in texts}


def _is_reason(given: ast.expr) -> bool:
    match given:
        case ast.Constant(value=str(text)):
            return len(text.split()) >= 3
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper()
    return False


def _dropping(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> Iterator[ast.Call]:
    """Yield each page of a function that is neither handed on whole nor asked where the next begins."""
    body = function.body if isinstance(function.body, list) else [function.body]
    nodes = [node for part in body for node in ast.walk(part)]
    returned = {id(_mapped(node.value)) for node in nodes if isinstance(node, ast.Return)}
    returned |= {id(function.body)} if isinstance(function, ast.Lambda) else set()
    named = {
        id(node.value): node.targets[0].id
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    pages = [node for node in nodes if isinstance(node, ast.Assign) and _last(node.value) in PAGES]
    idle = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    asked = {
        _last(node.value)
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr == "next_cursor" and id(node) not in idle
    }
    names = [named[id(node.value)] for node in pages if id(node.value) in named]
    asked -= {name for name in names if names.count(name) > 1}
    asked |= {_last(_mapped(n.value)) for n in nodes if isinstance(n, ast.Return) and n.value}
    for node in nodes:
        match node:
            case ast.Call(
                func=ast.Attribute(attr="find" | "find_stored" | "page", value=value)
            ) if not isinstance(value, ast.Constant):
                if id(node) not in returned and named.get(id(node)) not in asked:
                    yield node


def _mapped(node: ast.AST | None) -> ast.AST | None:
    """Return the page that something is made of: one with something else of each item is handed on whole."""
    match node:
        case ast.Call(func=ast.Attribute(attr="map", value=page)):
            return page
    return node


def _last(node: ast.AST | None) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return _last(func)
        case ast.Subscript(value=value):
            return _last(value)
    return ""
