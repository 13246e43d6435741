"""Judge what a policy says, beyond its grammar: names, functions, paths, patterns, and what can never have an effect."""

from collections.abc import Iterator
from difflib import get_close_matches

from shared.policy.rules.language import hollow, nodes
from shared.policy.rules.language.conditions import FUNCTIONS, Asked, condition
from shared.policy.rules.language.histories import rule_of, wrong
from shared.policy.rules.language.pattern_reading import BadPattern
from shared.policy.rules.language.patterns import pattern
from shared.policy.rules.language.problems import Problem

MAX_ITEMS = 300
MAX_HISTORIES = 10
LABELS = ("public", "internal", "customer", "pii", "financial", "health", "secret")
SINKS = (
    *("internal.store", "external.send", "external.publish", "payment", "llm.prompt"),
    *("log", "artifact"),
)
RESERVED = frozenset(
    {
        *("trial", "data_access", "ai_safety", "integration", "governor_role", "agent_budget"),
        *("rbac", "sandbox_routing", "policy", "platform", "tenant"),
    }
)
"""What no policy is called: the bundles of the platform, and what says no in their place."""

PARTS: dict[str, frozenset[str]] = {
    "subject": frozenset(
        [
            "type",
            "principal_id",
            "agent_id",
            "roles",
            "scopes",
            "tenant_id",
            "engagement_id",
            "governor_scope",
            "auth_time",
            "trial",
        ]
    ),
    "action": frozenset(
        ["name", "tool", "operation", "sink_class", "reversibility", "external", "scopes"]
    ),
    "args": frozenset(),
    "args_hash": frozenset(),
    "resource": frozenset(
        [
            "type",
            "id",
            "owner_tenant_id",
            "classification",
            "fields",
            "labels",
            "estimated_cost_micro_usd",
            "record_count",
        ]
    ),
    "plan": frozenset(["plan_hash", "capsule", "run_id", "step_id", "iteration"]),
    "manifest": frozenset(["version", "hash", "tools", "certified", "fields", "purposes"]),
    "agent": frozenset(["id", "status", "suspended", "integrity_hold", "industry"]),
    "context": frozenset(
        [
            "now",
            "hour",
            "weekday",
            "environment",
            "channel",
            "risk",
            "budget_spent_bp",
            "budget_level",
            "budget_reset_at",
            "request_count",
            "open_cases",
            "operating_mode",
            "purpose",
            "approval_id",
            *("approval_state", "approval_type", "approval_chain"),
            "action_digest",
            "idempotency_key",
            "correlation_id",
            "causation_id",
            "freeze",
        ]
    ),
    "pep": frozenset(),
    "phase": frozenset(),
    "output": frozenset(),
}
"""The parts of the document that is decided on, and what is known to be in them; of those without, anything may be."""

_TEXTS = frozenset({"contains", "starts_with", "ends_with", "matches"})
_ORDERS = frozenset({"<", "<=", ">", ">="})


def problems(policy: nodes.Policy) -> tuple[Problem, ...]:
    """Return what is wrong with a policy, and what its author should look at, by their places."""
    looks = (_head, _named, _unreachable, _tests, _items, _expressions)
    found = (one for look in looks for one in look(policy))
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def untested(policy: nodes.Policy) -> tuple[str, ...]:
    """Return the rules that deny and that no test of the policy expects to: with one of them it is not activated."""
    expected = {one.by for one in policy.tests if one.expect == "deny"}
    deny = [one.name for one in policy.rules if one.denies]
    deny += [one.name for one in policy.histories]
    return tuple(name for name in deny if name not in expected)


def _wrong(part: nodes.Node, rule: str, message: str, *, warning: bool = False) -> Problem:
    return Problem(part.line, part.column, rule, message, warning)


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"


def _head(policy: nodes.Policy) -> Iterator[Problem]:
    if policy.name in RESERVED:
        yield _wrong(policy, "reserved_name", f"{policy.name} is a bundle of the platform")
    if len(policy.items) > MAX_ITEMS:
        yield _wrong(policy, "too_large", f"a policy has {MAX_ITEMS} rules and tests at most")
    if len(policy.histories) > MAX_HISTORIES:
        said = f"a policy has {MAX_HISTORIES} rules over history at most; make several of it"
        yield _wrong(policy, "too_large", said)
    effects = [one for rule in policy.rules for one in rule.effects]
    silent = policy.histories and not policy.rules and not policy.redactions
    if not silent and not any(isinstance(one, nodes.Allow) for one in effects):
        said = "no rule allows, so all it applies to is denied (no_rule); add: rule base when true allow"
        yield _wrong(policy, "no_allow", said, warning=True)


def _named(policy: nodes.Policy) -> Iterator[Problem]:
    seen: set[tuple[bool, str]] = set()
    for one in policy.items:
        key = (isinstance(one, nodes.Test), one.name)
        if key in seen:
            yield _wrong(one, "named_twice", f"the name {one.name} is given twice; choose another")
        seen.add(key)


def _unreachable(policy: nodes.Policy) -> Iterator[Problem]:
    always: nodes.Rule | None = None
    for rule in policy.rules:
        if always is not None:
            said = f"rule {always.name} denies everything, so this has no effect"
            yield _wrong(rule, "unreachable", said)
        elif rule.denies and _constant(rule.when):
            always = rule


def _constant(expression: nodes.Expression) -> bool:
    """Say whether a condition is true whatever the document is."""
    parts = list(nodes.inside(expression))
    if any(isinstance(one, nodes.Path | nodes.Function) for one in parts):
        return False
    return condition(expression, wide=True)(Asked({})) is True


def _tests(policy: nodes.Policy) -> Iterator[Problem]:
    if not policy.tests:
        said = "no test says what it should decide; it needs one for each rule that denies"
        yield _wrong(policy, "no_tests", said, warning=True)
    known = [one.name for one in policy.items if not isinstance(one, nodes.Test)]
    for test in policy.tests:
        if test.by and test.by not in {*known, "no_rule"}:
            said = f"there is no rule {test.by}{_near(test.by, [*known, 'no_rule'])}"
            yield _wrong(test, "unknown_rule", said)
    for name in untested(policy) if policy.tests else ():
        rule = next(one for one in policy.items if one.name == name)
        said = f"no test expects deny by {name}, so the policy cannot be activated"
        yield _wrong(rule, "untested", said, warning=True)


def _items(policy: nodes.Policy) -> Iterator[Problem]:
    for one in policy.items:
        if isinstance(one, nodes.Redact):
            if one.path and (one.path.steps[0] != "output" or len(one.path.steps) == 1):
                said = "what is hidden is in the answer: a path that begins with output."
                yield _wrong(one.path, "not_output", said)
            if one.pattern is not None:
                yield from _bad(one, one.pattern)
        if isinstance(one, nodes.History):
            yield from _history(policy.name, one)
        if isinstance(one, nodes.Flow):
            if one.label not in LABELS:
                said = f"{one.label} is no label{_near(one.label, list(LABELS))}"
                yield _wrong(one, "unknown_label", said)
            if one.sink not in SINKS:
                yield _wrong(
                    one, "unknown_sink", f"{one.sink} is no sink{_near(one.sink, list(SINKS))}"
                )


def _history(policy: str, one: nodes.History) -> Iterator[Problem]:
    found = tuple(wrong(policy, one))
    for why in found:
        yield _wrong(one, "no_history", why)
    if not found:
        rule = rule_of(policy, one)
        for why in hollow.never_matches(rule):
            yield _wrong(one, "never_matches", f"{one.name} is about nothing: {why}")
        for why in (*hollow.never_kept(rule), *hollow.no_tools(rule)):
            yield _wrong(one, "hollow", f"{one.name}: {why}", warning=True)


def _expressions(policy: nodes.Policy) -> Iterator[Problem]:
    conditions = [one.when for one in policy.rules]
    conditions += [one.when for one in policy.redactions if one.when]
    conditions += [policy.applies] if policy.applies else []
    for one in conditions:
        yield from _conditions(one)
        for part in nodes.inside(one):
            match part:
                case nodes.Path():
                    yield from _paths(part)
                case nodes.Function():
                    yield from _calls(part)
                case nodes.Compare():
                    yield from _compared(part)


def _conditions(expression: nodes.Expression) -> Iterator[Problem]:
    """Find what stands where something true or false is asked for, and is neither."""
    match expression:
        case nodes.And(parts=parts) | nodes.Or(parts=parts):
            for one in parts:
                yield from _conditions(one)
        case nodes.Not(of=of):
            yield from _conditions(of)
        case nodes.Text() | nodes.Number() | nodes.Listed() | nodes.Constant(value=None):
            yield _wrong(expression, "no_truth", "this is neither true nor false; compare it")


def _paths(path: nodes.Path) -> Iterator[Problem]:
    root, member = path.steps[0], path.steps[1] if len(path.steps) > 1 else None
    if root not in PARTS:
        said = f"the document has no {root}{_near(str(root), list(PARTS))}"
        yield _wrong(path, "unknown_path", said)
    elif PARTS[str(root)] and isinstance(member, str) and member not in PARTS[str(root)]:
        said = f"nobody says {root}.{member}{_near(member, list(PARTS[str(root)]))}"
        yield _wrong(path, "unknown_path", said)


def _calls(call: nodes.Function) -> Iterator[Problem]:
    known = FUNCTIONS.get(call.function)
    if known is None:
        said = f"there is no function {call.function}{_near(call.function, list(FUNCTIONS))}"
        yield _wrong(call, "unknown_function", said)
        return
    least, most = known
    if not least <= len(call.arguments) <= most:
        takes = str(least) if least == most else f"{least} or {most}"
        said = f"{call.function} takes {takes} arguments, and not {len(call.arguments)}"
        yield _wrong(call, "arguments", said)
    if call.function == "exists" and not all(isinstance(o, nodes.Path) for o in call.arguments):
        yield _wrong(call, "arguments", "exists asks for a path")


def _compared(one: nodes.Compare) -> Iterator[Problem]:
    right = one.right
    if one.operator == "matches" and isinstance(right, nodes.Text):
        yield from _bad(right, right.value)
    elif one.operator == "matches":
        yield _wrong(right, "pattern", "matches takes a pattern in quotes")
    elif one.operator in {"in", "not in"} and _literal(right):
        yield _wrong(right, "types", f"{one.operator} asks for a list on its right")
    elif one.operator in _TEXTS - {"contains"} and not _may_be(right, nodes.Text):
        yield _wrong(right, "types", f"{one.operator} asks for a text")
    elif one.operator in _ORDERS:
        for side in (one.left, right):
            if not _may_be(side, nodes.Text, nodes.Number):
                yield _wrong(side, "types", f"{one.operator} compares numbers, or texts")


def _literal(one: nodes.Expression) -> bool:
    return isinstance(one, nodes.Text | nodes.Number | nodes.Constant)


def _may_be(one: nodes.Expression, *kinds: type[nodes.Node]) -> bool:
    return isinstance(one, (nodes.Path, nodes.Function, *kinds))


def _bad(part: nodes.Node, text: str) -> Iterator[Problem]:
    try:
        pattern(text)
    except BadPattern as error:
        yield _wrong(part, "pattern", f"this is no pattern that is taken: {error}")
