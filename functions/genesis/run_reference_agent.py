from shared.actors import PLATFORM, Scope
from shared.entity import Name
from shared.genesis.rules import references
from shared.genesis.rules.references import ReferenceRun, RunReference
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/reference-agents/{reference}/run",
    scopes={Scope.AGENTS_WRITE},
    tenant=PLATFORM,
    in_freeze=True,
)
def run_reference_agent(_call: Call, reference: Name, body: RunReference) -> ReferenceRun:
    """
    Show what a reference agent would do with some inputs.

    It is a dry run: no model, no effect outside, nothing stored. Same inputs give the same output to the byte.
    """
    return references.dry_run(reference, body)
