"""How much work rules are with as much as may be asked: of what they look at one member after the other is as large as it can be."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from shared.deciding import MAX_INPUT_BYTES
from shared.edge import bundles
from shared.edge.bundles import BundleSet
from shared.edge.canary import breach
from shared.edge.evaluating import MAX_S, Evaluator
from shared.edge.opa import MAX_MS
from shared.errors import Violation

Path = tuple[str, ...]

_INPUT = {"type": "var", "value": "input"}


class Limit(Protocol):
    """Has this process end where it takes more, from now on, than so many seconds of a processor."""

    def __call__(self, *, seconds: int) -> None:
        """Set it anew."""


LARGE: Sequence[Callable[[int], Any]] = (
    lambda size: [f"{n:05}" for n in range(size // 8)],
    lambda size: list(range(size // 5)),
    lambda size: {f"{n:05}": n for n in range(size // 14)},
    lambda size: "a" * size,
)
"""What a member is where it is large, of about so many bytes."""


def excessive(
    rules: BundleSet, names: Sequence[str], at: datetime, limit: Limit
) -> Iterator[Violation]:
    """
    Yield which of some bundles takes longer than an answer may.

    Raises:
        OpaError: The rules do not compile.
    """
    evaluator = Evaluator(sorted(rules.names), rules.data)
    try:
        evaluator.load(rules.modules)
        for name in names:
            looked_at = sorted(
                {p for tree in bundles.parsed(rules.of(name)).values() for p in paths(tree)}
            )
            for document in large(breach(at), looked_at):
                limit(seconds=MAX_S)
                took_ms = _took_ms(evaluator, {**document, "bundles": [name]})
                if took_ms > MAX_MS:
                    said = (
                        f"{name} takes {took_ms} ms with {MAX_INPUT_BYTES} bytes of what may be asked, and {MAX_MS} are"
                        " allowed; have its rules do less"
                    )
                    yield Violation(rule="endless", message=said, field="modules")
                    break
    finally:
        evaluator.close()


def _took_ms(evaluator: Evaluator, question: Mapping[str, Any]) -> int:
    from opa_bindings import OpaError

    try:
        return evaluator.answer(question)[1]
    except OpaError:
        # It cannot be evaluated, which is a denial, and soon.
        return 0


def paths(tree: Any) -> Iterator[Path]:
    """Yield what a syntax tree looks at of the input, as far as it names it."""
    if isinstance(tree, Mapping):
        parts = tree.get("value")
        if tree.get("type") == "ref" and isinstance(parts, list) and parts[0] == _INPUT:
            yield _named(parts[1:])
        for part in tree.values():
            yield from paths(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from paths(part)


def _named(parts: Sequence[Mapping[str, Any]]) -> Path:
    path: list[str] = []
    for part in parts:
        if part.get("type") != "string":
            break
        path.append(str(part["value"]))
    return tuple(path)


def large(document: Mapping[str, Any], looked_at: Sequence[Path]) -> Iterator[Mapping[str, Any]]:
    """Yield a document as it is, with each member in turn as large as can be, and with all of them sharing that."""
    yield document
    members = [path for path in looked_at if path]
    for make in LARGE:
        for path in members:
            yield _with(document, path, make(MAX_INPUT_BYTES))
        everything = document
        for path in members:
            everything = _with(everything, path, make(MAX_INPUT_BYTES // len(members)))
        yield everything


def _with(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    there = document if isinstance(document, Mapping) else {}
    return {**there, path[0]: _with(there.get(path[0]), path[1:], value)}
