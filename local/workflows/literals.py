"""
What a source writes out and can only fail where it is reached: told before anything runs.

Google's JSON schema closes `retry` and its `backoff`, and gives their parts, and those of loops and of parallel steps,
a type or an expression. What an expression comes to is known once it runs, and judged there by the same rules.
"""

from collections.abc import Iterator

import yaml

from local.workflows.document import scalar
from local.workflows.errors import Raised
from local.workflows.reading import Reader
from local.workflows.retries import policy
from local.workflows.values import Value, is_number, type_name

_POLICY = ("predicate", "max_retries", "backoff")
_BACKOFF = ("initial_delay", "max_delay", "multiplier")


def of_retry(node: yaml.Node) -> Iterator[str]:
    """Yield what is wrong with the policy of a `retry`."""
    if _computed(node):
        return
    parts = _written(node, None)
    known = parts if isinstance(parts, dict) else {}
    backoff = known.get("backoff")
    inner = backoff if isinstance(backoff, dict) else {}
    yield from (f"retry has no key '{key}'" for key in known if key not in _POLICY)
    yield from (f"backoff has no key '{key}'" for key in inner if key not in _BACKOFF)
    if isinstance(known.get("predicate"), str):
        # The schema takes any string, though none is a function.
        parts = {**known, "predicate": None}
    try:
        policy(parts)
    except Raised as error:
        yield error.message


def of_range(node: yaml.Node) -> Iterator[str]:
    """Yield what is wrong with the `range` of a loop."""
    bounds = [0, 0] if _computed(node) else _written(node, 0)
    if not isinstance(bounds, list) or len(bounds) != 2 or not all(map(is_number, bounds)):
        yield "range must be a list of two numbers"


def of_items(node: yaml.Node) -> Iterator[str]:
    """Yield what is wrong with the `in` of a loop."""
    items = _written(node, [])
    if not isinstance(items, list):
        yield f"'in' of a loop must be a list; got: {type_name(items)}"


def of_limit(node: yaml.Node) -> Iterator[str]:
    """Yield what is wrong with a `concurrency_limit`."""
    most = _written(node, 1)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        yield "concurrency_limit must be a positive integer"


def _computed(node: yaml.Node) -> bool:
    """Tell whether a value is an expression."""
    return isinstance(node, yaml.ScalarNode) and str(node.value).strip().startswith("${")


def _written(node: yaml.Node, computed: Value) -> Value:
    """Return a value as it is written out, with *computed* in the place of each expression."""
    if isinstance(node, yaml.SequenceNode):
        return [_written(item, computed) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        # What is wrong with the map itself is told where it is read.
        pairs = Reader("").pairs(node)
        return {key.value: _written(item, computed) for key, item in pairs}
    return computed if _computed(node) else scalar(node)
