"""The resources of a stack with something broken on purpose."""

from copy import deepcopy
from dataclasses import replace

from infra.graph import Resource


def changed(graph, type, label, /, **changes):
    """Return the graph with the inputs of one resource changed: ``outer__inner=value``."""
    found = next(one for one in graph if one.type == type and one.name == label)
    inputs = deepcopy(dict(found.inputs))
    for path, value in changes.items():
        *way, last = path.split("__")
        place = inputs
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return [replace(one, inputs=inputs) if one is found else one for one in graph]


def without(graph, type, name):
    rest = [one for one in graph if (one.type, one.name) != (type, name)]
    assert len(rest) == len(graph) - 1, f"there is no {type} {name}"
    return rest


def added(graph, type, label, /, **inputs):
    return [*graph, Resource(type, label, inputs)]
