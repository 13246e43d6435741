"""Policies to try things with, and any policy at all."""

from hypothesis import strategies as st

from shared.policy.rules.language import nodes
from shared.policy.rules.language.conditions import FUNCTIONS
from shared.policy.rules.language.evaluation import Evaluator, evaluator
from shared.policy.rules.language.grammar import WORDS
from shared.policy.rules.language.reading import read

REFUNDS = """\
policy refund-limits version 1.0.0 {
  about "Refund ceilings and card masking."
  bundle tenant
  applies to action.tool starts_with "razorpay."

  rule base when action.tool in manifest.tools allow
  rule too-high when action.operation == "pay" and args.amount > 500000
    deny "above the absolute ceiling" severity high
  rule person when action.operation == "pay" and args.amount > 50000
    require approval financial chain finance-two-step within 240m
  rule once when action.operation == "pay" oblige require_idempotency_key

  redact card field output.card.number with last4

  flow no-post forbid pii -> external.publish unless mask, redact

  test "large refund is refused" {
    given {
      "action": {"tool": "razorpay.create_refund", "operation": "pay"},
      "args": {"amount": 600000},
      "manifest": {"tools": ["razorpay.create_refund"]}
    }
    expect deny by too-high
  }
}
"""
"""The policy of the specification, as it is laid out."""


def refund(**args):
    return {
        "action": {"tool": "razorpay.create_refund", "operation": "pay"},
        "args": args,
        "manifest": {"tools": ["razorpay.create_refund"]},
    }


def ready(source: str) -> Evaluator:
    (policy,) = read(source)
    return evaluator(policy)


def rules(*said: str, applies: str = "") -> Evaluator:
    head = f"applies to {applies}" if applies else ""
    return ready(f"policy tried version 1.0.0 {{ {head} {' '.join(said)} }}")


NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True).filter(
    lambda name: name not in WORDS.values()
)
SHOWN = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20
).filter(lambda text: text.strip() and text.isprintable())
TEXTS = SHOWN | st.sampled_from(["", "a\\b", "'", '"', "\n", "# no comment", "{", "é", "😀"])
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
PATHS = st.builds(
    lambda root, steps: nodes.Path(steps=(root, *steps)),
    st.sampled_from(["action", "args", "resource", "context"]),
    st.lists(
        st.sampled_from(["tool", "amount", "to", "in", "x-y", "labels"])
        | st.integers(0, 3)
        | st.just(nodes.EACH),
        max_size=3,
    ).map(tuple),
)
_LITERALS = (
    st.builds(nodes.Text, value=TEXTS)
    | st.builds(nodes.Number, value=NUMBERS)
    | st.builds(nodes.Constant, value=st.sampled_from([True, False, None]))
)
OPERANDS = st.recursive(
    _LITERALS | PATHS,
    lambda inner: (
        st.builds(nodes.Listed, items=st.lists(inner, max_size=3).map(tuple))
        | st.builds(
            nodes.Function,
            function=st.sampled_from([one for one, (least, _) in FUNCTIONS.items() if least == 1]),
            arguments=st.tuples(PATHS),
        )
    ),
    max_leaves=3,
)
_OPERATORS = (
    *("==", "!=", "<", "<=", ">", ">=", "in", "not in"),
    *("contains", "starts_with", "ends_with"),
)
COMPARISONS = st.builds(
    nodes.Compare, left=OPERANDS, operator=st.sampled_from(_OPERATORS), right=OPERANDS
) | st.builds(
    nodes.Compare,
    left=PATHS,
    operator=st.just("matches"),
    right=st.sampled_from(["^a+$", "[0-9]{4}", "(?i)x|y"]).map(lambda one: nodes.Text(value=one)),
)


def _joined(kind, parts):
    """A chain of one kind is one part, however it is bracketed."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, kind) else (part,))]
    return kind(parts=tuple(flat))


EXPRESSIONS = st.recursive(
    COMPARISONS | OPERANDS,
    lambda inner: (
        st.builds(nodes.Not, of=inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: _joined(nodes.And, parts))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: _joined(nodes.Or, parts))
    ),
    max_leaves=6,
)
LEVELS = st.sampled_from(["low", "medium", "high", "critical"])
_TIMES = st.sampled_from(["30s", "240m", "2h", "7d"])
RESTRICTIONS = (
    st.builds(nodes.Deny, message=SHOWN, severity=LEVELS)
    | st.builds(
        nodes.Require,
        approval=st.sampled_from(["execution", "financial"]),
        chain=st.none() | NAMES,
        window=st.none() | _TIMES,
    )
    | st.builds(
        nodes.Oblige, obligation=st.sampled_from(["sign_payload", "require_idempotency_key"])
    )
    | st.builds(
        nodes.Oblige,
        obligation=st.just("mask_fields"),
        fields=st.lists(SHOWN, min_size=1, max_size=3).map(tuple),
    )
    | st.builds(
        nodes.Oblige, obligation=st.just("rate_limit"), limit=st.integers(1, 99), per=_TIMES
    )
)
EFFECTS = (
    RESTRICTIONS
    | st.builds(nodes.Allow)
    | st.builds(nodes.Alert, level=LEVELS, message=SHOWN)
    | st.builds(nodes.Note, message=SHOWN)
)
RULES = st.builds(
    nodes.Rule,
    name=NAMES,
    when=EXPRESSIONS,
    effects=st.lists(EFFECTS, min_size=1, max_size=3).map(tuple),
    priority=st.just(100) | st.integers(0, 1000),
)
_OUTPUT = st.just(nodes.Path(steps=("output", "card", nodes.EACH, "number")))
REDACTIONS = st.builds(
    nodes.Redact,
    name=NAMES,
    mask=st.sampled_from(["remove", "hash", "last4", "token"]),
    path=_OUTPUT,
    when=st.none() | EXPRESSIONS,
) | st.builds(
    nodes.Redact, name=NAMES, mask=st.just("text"), text=SHOWN, pattern=st.just("[0-9]{16}")
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
TESTS = st.builds(
    nodes.Test,
    name=SHOWN,
    given=st.dictionaries(TEXTS, JSON, max_size=3),
    expect=st.sampled_from(["allow", "deny", "require_approval", "allow_with_obligations"]),
    by=st.none() | NAMES,
)
FLOWS = st.builds(
    nodes.Flow,
    name=NAMES,
    label=st.sampled_from(["pii", "secret"]),
    sink=st.sampled_from(["log", "external.publish"]),
    unless=st.lists(st.sampled_from(["mask", "redact"]), max_size=2).map(tuple),
)
POLICIES = st.builds(
    nodes.Policy,
    name=NAMES,
    version=st.sampled_from(["1.0.0", "0.12.3"]),
    items=st.lists(RULES | REDACTIONS | FLOWS | TESTS, max_size=5).map(tuple),
    about=st.none() | SHOWN,
    applies=st.none() | EXPRESSIONS,
)
"""Any policy that the language can say."""

FACTS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "a", "A ", "x-y", "razorpay.pay", "Razorpay/Pay"])
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        part: st.dictionaries(
            st.sampled_from(["tool", "amount", "to", "in", "x-y", "labels"]),
            FACTS | st.lists(FACTS, max_size=3),
            max_size=4,
        )
        for part in ("action", "args", "resource", "context")
    },
)
