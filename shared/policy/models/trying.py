"""What a policy says of a document, and of cases with what somebody expects."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from shared.constitution import Json16
from shared.deciding import ApprovalNeeded, Obligation, Reason, Verdict
from shared.entity import Code, Name, Printed, Value
from shared.handling import PersonalData
from shared.policy.models.policies import PolicyWarning

MAX_CASES = 100

_LATE: JsonDict = {"action": {"tool": "mailchimp.send_campaign"}, "context": {"hour": 23}}


class PolicyDocument(Value):
    """A document to decide on."""

    personal: ClassVar = PersonalData(texts="data")
    model_config = ConfigDict(json_schema_extra={"examples": [{"data": _LATE}]})

    data: Json16
    """What rules see: `subject`, `action`, `args`, `resource`, `manifest`, `context` and, of an answer, `output`."""


class PolicyCase(Value):
    """A document, and what should be decided about it."""

    personal: ClassVar = PersonalData(texts="name given")

    name: Name
    """What it is about, in a few words."""
    given: Json16
    """The document."""
    expect: Verdict
    """What should be decided."""
    by: Code | None = None
    """The rule that it should come of; null where that does not matter, `no_rule` where no rule should allow it."""


class PolicyCases(Value):
    """Cases to test a policy with, besides its own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cases": [
                        {
                            "name": "nothing is sent at night",
                            "given": _LATE,
                            "expect": "deny",
                            "by": "night",
                        }
                    ]
                }
            ]
        }
    )

    cases: Annotated[tuple[PolicyCase, ...], Field(max_length=MAX_CASES)] = ()
    """The cases; without any, the policy's own tests alone."""


class PolicyOutcome(Value):
    """What a policy decides about a document that the platform's own rules allow."""

    applies: bool
    """Whether the policy applies; where it does not, the platform's answer stands, which is taken for a yes here."""
    verdict: Verdict
    """What comes of it."""
    by: tuple[Code, ...]
    """The rules that it comes of."""
    matched: tuple[Code, ...]
    """All rules and redactions that matched."""
    reasons: tuple[Reason, ...]
    """Why not, or what an approval is needed for."""
    obligations: tuple[Obligation, ...]
    """What must be done with what is allowed."""
    approval: ApprovalNeeded | None
    """Whose approval it needs; null where it needs none."""
    alerts: tuple[Reason, ...]
    """What its alerts say: once it is in force, whoever governs the tenant is told of it."""
    notes: tuple[Printed, ...]
    """What its notes say: once it is in force, they are kept with the decision, and told like its alerts, once a day."""
    output: Json16 | None
    """The `output` of the document as the policy lets it be seen; null where the document has none."""
    steps: int
    """How many steps the evaluation took, of the 30,000 that all policies of a tenant have together for one act."""


class PolicyTestResult(Value):
    """One case, and what became of it."""

    personal: ClassVar = PersonalData(texts="name")

    name: Printed
    """Which one it is."""
    own: bool
    """Whether it is a test of the policy itself."""
    passed: bool
    """Whether it was decided as expected."""
    expected: Verdict
    """What was expected."""
    actual: Verdict
    """What was decided."""
    by: tuple[Code, ...]
    """The rules that it comes of."""
    reasons: tuple[Reason, ...]
    """Why not, or what an approval is needed for."""
    error: Printed | None
    """What is wrong, in words; null where it passed."""


class PolicyTestReport(Value):
    """What became of all cases."""

    total: int
    """How many there were."""
    passed: int
    """How many were decided as expected."""
    failed: int
    """How many were not."""
    is_passing: bool
    """Whether there was one at least, and none failed."""
    results: tuple[PolicyTestResult, ...]
    """Each of them, the policy's own first."""
    rule_coverage_bp: int
    """The share of the rules that matched in a case, in basis points (100 are one percent)."""
    steps: int
    """How many steps all of them took: what an evaluation costs, alike on every machine."""
    warnings: tuple[PolicyWarning, ...]
    """What the policy's author should look at."""
