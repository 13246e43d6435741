"""What must hold of the gateway: where its routes lead, whom they let in, what a browser asks first, and what is counted."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.reading import Check, Graph, addresses, described, of, told
from infra.stack import Environment
from shared.actors import MAX_AUTH_AGE
from shared.edge.catalog import operations
from shared.operation import Operation

KEYS = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
"""Where Google publishes what people's tokens are signed with."""

A_MINUTE = {"calls": 2000, "decisions": 120}
"""How often an app may call, and decide (docs/decisions/0010-infrastructure.md)."""

Routes = Mapping[tuple[str, str], Mapping[str, Any]]
"""What a gateway's configuration says of each route, by its method and its path."""


def every_route_leads_to_its_operation(graph: Graph, _: Environment) -> Iterator[str]:
    """The gateway knows every operation, and lets in without a token and a key only who may be anybody."""
    routes, where = _routes(graph), addresses(graph)
    wanted: dict[tuple[str, str], Operation] = {(op.method, op.path): op for op in operations()}
    for method, path in sorted(wanted.keys() - routes.keys()):
        yield f"the gateway has no route {method} {path}"
    for method, path in sorted(routes.keys() - wanted.keys()):
        if method != "OPTIONS":
            yield f"the gateway has a route {method} {path}, which is no operation"
    for place, route in sorted(routes.items()):
        translated = route["x-google-backend"].get("path_translation")
        if translated != "APPEND_PATH_TO_ADDRESS":
            yield f"the route {' '.join(place)} does not hand its path on ({translated})"
    for place in sorted(wanted.keys() & routes.keys()):
        op, route = wanted[place], routes[place]
        backend = route["x-google-backend"]
        if {backend["address"], backend["jwt_audience"]} != {where.get(op.function_name)}:
            yield f"the route {' '.join(place)} does not lead to {op.id}"
        security = route.get("security") or []
        if bool(security) == op.public:
            how = "asks for a token" if op.public else "lets in whoever has no token"
            yield f"the route {' '.join(place)} {how}"
        elif not op.public and security != [{"person": [], "app": []}]:
            yield f"the route {' '.join(place)} has another way in than a person's token and an app's key"


def a_browser_may_ask_first(graph: Graph, _: Environment) -> Iterator[str]:
    """A browser asks without a token whether it may call (CORS), and whoever answers knows all that is taken there."""
    routes = _routes(graph)
    knows = {
        address: set(told(one).get("METHODS", "").split())
        for one in of(graph, "cloudrunv2.Service")
        if (address := addresses([one]).get(one.inputs["name"]))
    }
    for path in sorted({path for _, path in routes}):
        first = routes.get(("OPTIONS", path))
        if first is None or first.get("security"):
            yield f"a browser may not ask first whether it may call {path}"
            continue
        takes = {method for method, other in routes if other == path} - {"OPTIONS"}
        # What is read may be read without its body, which is no route of its own.
        has = knows.get(first["x-google-backend"]["address"], set()) - {"HEAD"}
        if has != takes:
            yield f"whoever asks first about {path} is told {sorted(has)} and not {sorted(takes)}"


def every_call_is_counted(graph: Graph, _: Environment) -> Iterator[str]:
    """Whatever needs a key counts as a call, and what decides as a decision, of so many a minute."""
    routes = _routes(graph)
    for op in operations():
        costs = (routes.get((op.method, op.path), {}).get("x-google-quota") or {}).get(
            "metricCosts"
        )
        decides = {"decisions": 1} if op.scopes & MAX_AUTH_AGE.keys() else {}
        right = None if op.public else {"calls": 1, **decides}
        if costs != right:
            yield f"the route {op.method} {op.path} counts as {costs} and not as {right}"
    for one in of(graph, "apigateway.ApiConfig"):
        limits = described(one)["x-google-management"]["quota"]["limits"]
        has = {limit["metric"]: limit["values"]["STANDARD"] for limit in limits}
        if has != A_MINUTE or {limit["unit"] for limit in limits} != {"1/min/{project}"}:
            yield f"an app may do {has} and not {A_MINUTE} a minute"


def the_gateway_knows_the_people_of_the_project(graph: Graph, _: Environment) -> Iterator[str]:
    """The gateway lets in whom functions let in: people of this project, by tokens that Google signed for it."""
    projects = {told(one).get("PROJECT", "") for one in of(graph, "cloudrunv2.Service")}
    ours = {str(one.inputs["project"]) for one in of(graph, "projects.IAMMember")}
    if projects != ours or len(ours) != 1:
        yield f"functions are told that they are in {sorted(projects)}, and are in {sorted(ours)}"
    project = min(ours, default="")
    right = {
        "person": {
            "x-google-audiences": project,
            "x-google-issuer": f"https://securetoken.google.com/{project}",
            "x-google-jwks_uri": KEYS,
        },
        "app": {"type": "apiKey", "name": "x-api-key", "in": "header"},
    }
    for one in of(graph, "apigateway.ApiConfig"):
        knows = described(one).get("securityDefinitions") or {}
        for way in sorted(right.keys() | knows.keys()):
            for member, value in right.get(way, {"type": None}).items():
                if (has := (knows.get(way) or {}).get(member)) != value:
                    yield f"the gateway knows a {way} by {member} {has} and not {value}"


CHECKS: tuple[Check, ...] = (
    every_route_leads_to_its_operation,
    a_browser_may_ask_first,
    every_call_is_counted,
    the_gateway_knows_the_people_of_the_project,
)


def _routes(graph: Graph) -> Routes:
    return {
        (method.upper(), path): route
        for one in of(graph, "apigateway.ApiConfig")
        for path, methods in described(one)["paths"].items()
        for method, route in methods.items()
    }
