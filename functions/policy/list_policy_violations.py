from shared.actors import Scope
from shared.operation import Call, operation
from shared.policy.actions import recorded
from shared.policy.models.violations import (
    MAX_DENIALS,
    PolicyViolation,
    ViolationReport,
    ViolationsQuery,
)
from shared.policy.rules import violations
from shared.tables import Csv

COLUMNS = tuple(PolicyViolation.model_fields)


@operation("GET", "/v1/policies/violations", scopes={Scope.POLICIES_READ}, audited=False)
def list_policy_violations(call: Call, query: ViolationsQuery) -> ViolationReport | Csv:
    """
    Count what was denied in a tenant: by policy, kind, severity and whoever asked, with what to look at.

    As CSV it has a row for each violation.
    """
    since, to = violations.window(query, at=call.now)
    with call.transaction() as txn:
        denied, more = recorded.denied(txn, since, to, MAX_DENIALS)
    found = tuple(violations.violations(denied))
    if query.format == "csv":
        rows = (tuple(one.to_stored()[name] for name in COLUMNS) for one in found)
        return Csv.of(f"violations-{call.now:%Y-%m-%d}", COLUMNS, rows)
    return violations.report(found, since=since, to=to, complete=not more, group_by=query.group_by)
