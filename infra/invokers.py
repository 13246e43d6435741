"""Who may invoke a function: whoever it is for, and nobody besides."""

from functools import cache

import pulumi
from pulumi_gcp import cloudrunv2

from infra.accounts import Accounts
from infra.groups import Declared
from infra.stack import Stack
from shared.actors import HOLDERS
from shared.edge.auth import SERVICE_ROLES
from shared.edge.workflow_source import assembled, called, names
from shared.operation import Operation


def invokers(declared: Declared) -> frozenset[str]:
    """
    Return the accounts that may invoke a function.

    The gateway calls operations for people; workflows call those that their text names, and each foundational agent
    those that its role may ask, directly. Reactions are the scheduler's or the broker's.
    """
    if not isinstance(declared, Operation):
        return frozenset({"scheduler" if declared.scheduled else "pubsub"})
    roles = set().union(*(HOLDERS[scope] for scope in declared.scopes))
    agents = {account for account, role in SERVICE_ROLES.items() if role in roles}
    workflows = {"workflows"} if declared.function_name in _called() else set[str]()
    return frozenset({"gateway"} | agents | workflows)


def let_invoke(
    stack: Stack, declared: Declared, service: cloudrunv2.Service, accounts: Accounts
) -> cloudrunv2.ServiceIamBinding:
    """Let them invoke it; whoever else was let in by hand is not any more."""
    return cloudrunv2.ServiceIamBinding(
        declared.id,
        project=stack.project,
        location=stack.region,
        name=service.name,
        role="roles/run.invoker",
        members=[accounts.member(account) for account in sorted(invokers(declared))],
        opts=pulumi.ResourceOptions(depends_on=[service]),
    )


def calls(workflow: str) -> frozenset[str]:
    """Return the names of the functions that a workflow calls."""
    return called(assembled(workflow))


@cache
def _called() -> frozenset[str]:
    return frozenset().union(*map(calls, names()))
