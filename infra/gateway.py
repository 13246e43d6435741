"""The one public door: its description is generated from the catalog, and every route leads to its function."""

import base64
import hashlib
import json
from typing import Any

import pulumi
from pulumi_gcp import apigateway, projects

from infra.accounts import Accounts
from infra.functions import OPERATION_S, Functions
from infra.stack import Stack
from shared.actors import MAX_AUTH_AGE
from shared.edge.catalog import operations
from shared.edge.settings import FIREBASE_KEYS
from shared.operation import Operation

PER_MINUTE = {"calls": 2000, "decisions": 120}
"""How often an app may call, and how often it may call what decides."""

KEY_HEADER = "x-api-key"


def declare(stack: Stack, accounts: Accounts, functions: Functions) -> apigateway.Gateway:
    """
    Declare the gateway with its routes, and the key by which the platform's own app is counted.

    It is the last of all: no route is there before what it leads to, and the gateway may call it.
    """
    description = json.dumps(described(stack), separators=(",", ":"), sort_keys=True)
    api = apigateway.Api("waooaw", api_id="waooaw")
    ready = [one for op in operations() for one in functions[op.id].ready]
    config = apigateway.ApiConfig(
        "waooaw",
        api=api.api_id,
        # A configuration cannot be changed, only be replaced by another one.
        api_config_id=f"waooaw-{hashlib.sha256(description.encode()).hexdigest()[:12]}",
        openapi_documents=[
            apigateway.ApiConfigOpenapiDocumentArgs(
                document=apigateway.ApiConfigOpenapiDocumentDocumentArgs(
                    path="openapi.json", contents=base64.b64encode(description.encode()).decode()
                )
            )
        ],
        gateway_config=apigateway.ApiConfigGatewayConfigArgs(
            backend_config=apigateway.ApiConfigGatewayConfigBackendConfigArgs(
                google_service_account=accounts.email("gateway")
            )
        ),
        # The gateway goes on with the one before until it has this one.
        opts=pulumi.ResourceOptions(depends_on=ready, delete_before_replace=False),
    )
    door = apigateway.Gateway(
        "waooaw",
        gateway_id="waooaw",
        region=stack.gateway_region,
        api_config=config.id,
    )
    # The service that counts calls comes with the first configuration.
    served = projects.Service(
        "api",
        service=api.managed_service,
        disable_on_destroy=False,
        opts=pulumi.ResourceOptions(depends_on=[door]),
    )
    projects.ApiKey(
        "web",
        name="web",
        display_name="The platform's own web app",
        restrictions=projects.ApiKeyRestrictionsArgs(
            api_targets=[projects.ApiKeyRestrictionsApiTargetArgs(service=api.managed_service)]
        ),
        opts=pulumi.ResourceOptions(depends_on=[served]),
    )
    return door


def described(stack: Stack) -> dict[str, Any]:
    """Return the gateway's description: OpenAPI 2.0, which is what API Gateway reads."""
    paths: dict[str, dict[str, Any]] = {}
    for op in operations():
        path = paths.setdefault(op.path, {"options": _preflight(stack, op)})
        path[op.method.lower()] = _route(stack, op)
    return {
        "swagger": "2.0",
        "info": {"title": "waooaw", "version": "1"},
        "schemes": ["https"],
        "produces": ["application/json"],
        "securityDefinitions": _definitions(stack),
        "x-google-management": {
            "metrics": [
                {"name": name, "valueType": "INT64", "metricKind": "DELTA"} for name in PER_MINUTE
            ],
            "quota": {
                "limits": [
                    {
                        "name": f"{name}-per-minute",
                        "metric": name,
                        "unit": "1/min/{project}",
                        "values": {"STANDARD": limit},
                    }
                    for name, limit in PER_MINUTE.items()
                ]
            },
        },
        "paths": paths,
    }


def _definitions(stack: Stack) -> dict[str, Any]:
    return {
        "person": {
            "type": "oauth2",
            "authorizationUrl": "",
            "flow": "implicit",
            "x-google-issuer": f"https://securetoken.google.com/{stack.project}",
            "x-google-jwks_uri": FIREBASE_KEYS,
            "x-google-audiences": stack.project,
        },
        "app": {"type": "apiKey", "name": KEY_HEADER, "in": "header"},
    }


def _route(stack: Stack, op: Operation) -> dict[str, Any]:
    route = {
        "operationId": op.function_name,
        "summary": op.summary,
        "parameters": _parameters(op),
        "responses": {str(status): {"description": "Done."} for status in op.answers},
        "x-google-backend": _backend(stack, op),
    }
    if op.public:
        return route
    decides = bool(op.scopes & MAX_AUTH_AGE.keys())
    costs = {"calls": 1} | ({"decisions": 1} if decides else {})
    # Both of one, and no other way in: beside a key API Gateway knows no "or".
    security: list[dict[str, list[str]]] = [{"person": [], "app": []}]
    return route | {"security": security, "x-google-quota": {"metricCosts": costs}}


def _preflight(stack: Stack, op: Operation) -> dict[str, Any]:
    """Let a browser ask whether it may (CORS); the function itself answers for which origins."""
    return {
        "operationId": f"{op.function_name}-preflight",
        "summary": "Say which origins may call.",
        "parameters": _parameters(op),
        "responses": {"204": {"description": "Said."}},
        "x-google-backend": _backend(stack, op),
    }


def _parameters(op: Operation) -> list[dict[str, Any]]:
    return [{"name": n, "in": "path", "required": True, "type": "string"} for n in op.in_path]


def _backend(stack: Stack, op: Operation) -> dict[str, Any]:
    address = stack.address(op.function_name)
    return {
        "address": address,
        "jwt_audience": address,
        "path_translation": "APPEND_PATH_TO_ADDRESS",
        "deadline": float(OPERATION_S),
    }
