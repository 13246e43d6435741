"""Workflows, as they are assembled, and which functions they may call: those that their text names."""

import pulumi
from pulumi_gcp import workflows

from infra.accounts import Accounts
from infra.functions import Functions, let_invoke
from infra.stack import Stack
from shared.edge.workflow_source import assembled, called, names
from shared.operation import deployed

MAX_SOURCE_BYTES = 128 * 1024
"""How long a workflow's text may be."""


def declare(
    stack: Stack, accounts: Accounts, functions: Functions, api: pulumi.Output[str]
) -> None:
    """Declare every workflow, and let it call what it calls."""
    for name in names():
        workflows.Workflow(
            name,
            name=name,
            region=stack.region,
            description=assembled(name).partition("\n")[0].removeprefix("# "),
            source_contents=assembled(name),
            service_account=accounts.by_id["workflows"].id,
            call_log_level="LOG_ERRORS_ONLY",
            user_env_vars={"API": api, "FUNCTIONS": stack.functions_address},
            deletion_protection=stack.production,
        )
    by_name = {deployed(id): id for id in functions}
    for function in sorted(set().union(*(calls(name) for name in names()))):
        if function not in by_name:
            raise pulumi.RunError(
                f"a workflow calls {function}, which is no function of the catalog"
            )
        id = by_name[function]
        let_invoke(stack, functions[id], id, accounts, "workflows")


def calls(workflow: str) -> frozenset[str]:
    """Return the names of the functions that a workflow calls."""
    return called(assembled(workflow))
