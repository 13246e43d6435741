"""The same rules under other engines: regorus, which reads Rego, and Cedar, as far as its language reaches."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.deciding import Finding
from shared.edge.bundles import BundleSet

Document = Mapping[str, Any]
Asked = Callable[[Sequence[str], Document], Mapping[str, Any]]

CEDAR = """
permit (principal, action, resource)
when { context.bundle == "rbac" && principal in context.scopes };

permit (principal, action, resource)
when { context.bundle == "rbac" && context.scopes.isEmpty() && context.public.contains(context.name) };

forbid (principal, action, resource)
when { context.bundle == "rbac" }
unless { context.known.containsAll(context.roles) };

permit (principal, action, resource)
when { context.bundle == "agent_budget" && ["normal", "warn"].contains(context.level) };

permit (principal, action, resource)
when {
    context.bundle == "agent_budget" && context.level == "approval"
    && (!["execution", "task"].contains(context.family) || context.approval == "financial" || context.approval == "constitutional")
};

permit (principal, action, resource)
when {
    context.bundle == "agent_budget"
    && (["approval", "approvals", "audit", "veto"].contains(context.family)
        || ["execution.cancel", "execution.compensate", "execution.escalate", "execution.suspend",
            "task.cancel", "task.escalate"].contains(context.name))
};
"""
"""The bundles rbac and agent_budget: Cedar says yes or no, so what needs an approval is a no."""


def regorus(bundles: BundleSet) -> Asked:
    """Return the second engine of Rego, with the same modules, data and question."""
    from regorus import Engine

    engine = Engine()
    for path, source in bundles.modules.items():
        engine.add_policy(path, source)
    engine.add_data(dict(bundles.data))
    rules = {name: f"data.{name}.decision" for name in bundles.names}

    def ask(names: Sequence[str], document: Document) -> Mapping[str, Any]:
        engine.set_input(document)
        # As JSON: what Rego calls a set of objects is none in Python.
        return {name: json.loads(engine.eval_rule_as_json(rules[name])) for name in names}

    return ask


def cedar(bundles: BundleSet) -> Asked:
    """Return Cedar, with roles as members of the scopes that they hold."""
    from cedarpy import is_authorized

    roles = bundles.data["roles"]
    of_roles = [
        {"uid": _uid("Role", role), "attrs": {}, "parents": [_uid("Scope", one) for one in scopes]}
        for role, scopes in roles.items()
    ]

    def ask(names: Sequence[str], document: Document) -> Mapping[str, Any]:
        subject, action, context = document["subject"], document["action"], document["context"]
        who = {
            "uid": _uid("User", subject["principal_id"]),
            "attrs": {},
            "parents": [_uid("Role", role) for role in subject["roles"]],
        }
        granted = context.get("approval_state") == "granted"
        entities = json.dumps([who, *of_roles])
        found = {}
        for name in names:
            said = {
                "bundle": name,
                "scopes": [{"__entity": _uid("Scope", one)} for one in action["scopes"]],
                "roles": subject["roles"],
                "known": list(roles),
                "public": bundles.data["limits"]["public"],
                "name": action["name"],
                "family": action["name"].partition(".")[0],
                "level": context["budget_level"],
                "approval": context.get("approval_type", "") if granted else "",
            }
            request = {
                "principal": f"User::{json.dumps(subject['principal_id'])}",
                "action": 'Action::"do"',
                "resource": 'Thing::"it"',
                "context": said,
            }
            found[name] = is_authorized(request, CEDAR, entities).allowed
        return found

    return ask


def _uid(kind: str, id: str) -> dict[str, str]:
    return {"type": kind, "id": id}


def said(finding: Finding) -> Any:
    """Return what a finding says, without the order of what has none."""
    return {
        "allow": finding.allow,
        "reasons": _unordered([(one.rule, one.message, one.severity) for one in finding.reasons]),
        "obligations": _unordered(
            [(one.type, dict(one.parameters), one.source_rule) for one in finding.obligations]
        ),
        "approval": finding.approval and finding.approval.type,
    }


def said_in_rego(decision: Any) -> Any:
    """Return the same of a decision as Rego wrote it; of one that is none, a denial by the engine."""
    if not isinstance(decision, dict):
        return None
    return {
        "allow": decision["allow"],
        "reasons": _unordered(
            [(one["rule"], one["message"], one["severity"]) for one in decision.get("reasons", ())]
        ),
        "obligations": _unordered(
            [
                (one["type"], one["parameters"], one["source_rule"])
                for one in decision.get("obligations", ())
            ]
        ),
        "approval": decision.get("approval", {}).get("type"),
    }


def _unordered(items: list[tuple[Any, ...]]) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for one in items)
