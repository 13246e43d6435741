"""The resources of a stack with something broken on purpose."""

import base64
import json
from copy import deepcopy
from dataclasses import replace

from infra.graph import Resource
from infra.reading import described, of


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


def routed(graph, change):
    """Return the graph with a gateway of other routes, or other limits."""
    (config,) = of(graph, "apigateway.ApiConfig")
    description = described(config)
    change(description)
    contents = base64.b64encode(json.dumps(description).encode()).decode()
    return changed(
        graph, config.type, config.name, openapiDocuments__0__document__contents=contents
    )


def noted(graph, type, label, **notes):
    """Return the graph with a resource of which the engine is told otherwise."""
    return [
        replace(one, **notes) if (one.type, one.name) == (type, label) else one for one in graph
    ]
