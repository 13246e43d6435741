"""Workflows, as they are assembled; each waits for the functions that its text names."""

import pulumi
from pulumi_gcp import workflows

from infra.accounts import Accounts
from infra.functions import Functions
from infra.invokers import calls
from infra.stack import Stack
from shared.edge.settings import ANY
from shared.edge.workflow_source import assembled, names
from shared.operation import deployed

MAX_SOURCE_BYTES = 128 * 1024
"""How long a workflow's text may be."""


def declare(stack: Stack, accounts: Accounts, functions: Functions) -> None:
    """Declare every workflow."""
    by_name = {deployed(id): function for id, function in functions.items()}
    for name in names():
        unknown = sorted(calls(name) - by_name.keys())
        if unknown:
            raise pulumi.RunError(
                f"a workflow calls {unknown[0]}, which is no function of the catalog"
            )
        ready = [one for function in sorted(calls(name)) for one in by_name[function].ready]
        workflows.Workflow(
            name,
            name=name,
            region=stack.region,
            description=assembled(name).partition("\n")[0].removeprefix("# "),
            source_contents=assembled(name),
            service_account=accounts.by_id["workflows"].id,
            call_log_level="LOG_ERRORS_ONLY",
            user_env_vars={"FUNCTION_ADDRESS": stack.address(ANY)},
            deletion_protection=stack.production,
            opts=pulumi.ResourceOptions(depends_on=[*ready, *accounts.grants["workflows"]]),
        )
