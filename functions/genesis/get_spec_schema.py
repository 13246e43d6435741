from typing import Any

from shared.actors import PLATFORM, Scope
from shared.genesis.rules import specs
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/genesis/schema/agent-spec",
    scopes={Scope.GENESIS_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_spec_schema(_call: Call) -> dict[str, Any]:
    """Return the JSON Schema of an agent's specification."""
    return specs.json_schema()
