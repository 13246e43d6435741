from shared.actors import PLATFORM, Scope
from shared.genesis.models.references import ReferenceAgent
from shared.genesis.rules.references import REFERENCE_AGENTS
from shared.operation import Call, operation
from shared.queries import Page


@operation(
    "GET", "/v1/reference-agents", scopes={Scope.AGENTS_READ}, audited=False, tenant=PLATFORM
)
def list_reference_agents(_call: Call) -> Page[ReferenceAgent]:
    """List the reference agents; there are few enough for one page."""
    return Page(items=REFERENCE_AGENTS)
