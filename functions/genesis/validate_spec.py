from shared.actors import PLATFORM, Scope
from shared.genesis.rules import specs
from shared.genesis.rules.specs import AgentSpec, Validation
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/spec/validate",
    scopes={Scope.GENESIS_READ},
    tenant=PLATFORM,
    in_freeze=True,
)
def validate_spec(_call: Call, body: AgentSpec) -> Validation:
    """
    Hold an agent's specification against the mold of its type.

    Nothing is stored; what is wrong is the answer and no refusal.
    """
    return specs.validation(body)
