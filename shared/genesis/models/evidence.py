"""
Evidence of tests that ran elsewhere, and verdicts that people and foundational agents gave.

A certifier cannot run a sandbox inside a transaction. What ran elsewhere is submitted as a report with its
digest; a report that does not have its digest is no evidence, and what it says is judged like any claim.
"""

from typing import ClassVar, Literal

from pydantic import Field

from shared.canonical import digest
from shared.constitution import Json16
from shared.entity import Hex64, Text, Timestamp, Value
from shared.handling import PersonalData

EvidenceKind = Literal[
    "sandbox_run", "coverage", "boundary_tests", "knowledge_index", "integration_tests"
]


MAX_DETAIL = 1000
GENESIS = "genesis"
"""The one authority that certifies."""


class TestEvidence(Value):
    """The report of a test run, named by its digest."""

    __test__: ClassVar[bool] = False
    """It is about tests and none itself; pytest looks at the name."""

    kind: EvidenceKind
    """What kind of test it was."""
    report: Json16
    """What the test found."""
    sha256: Hex64
    """The SHA-256 over the canonical JSON (RFC 8785) of `report` alone: sorted keys, no spaces."""

    @property
    def intact(self) -> bool:
        """Whether the report is the one that the digest names."""
        return digest(self.report) == self.sha256


class Verdict(Value):
    """What somebody with the authority to judge said about the content as it is."""

    personal: ClassVar = PersonalData(ids="by", texts="rationale")

    check_code: str
    """Which check was judged."""
    verdict: Literal["pass", "fail"]
    """What they said."""
    rationale: Text
    """Why, in their words."""
    by: str
    """Who judged."""
    role: str
    """The role they judged in."""
    at: Timestamp
    """When they judged."""


class Check(Value):
    """One check of a certification, and how it went."""

    personal: ClassVar = PersonalData(texts="detail")

    code: str
    """Its code; `GET /v1/genesis/checks` says what each asks."""
    passed: bool
    """Whether it passed."""
    mode: Literal["auto", "judgement"]
    """Whether code decided it, or somebody judged."""
    detail: str = Field(max_length=2000)
    """What was found, or why it was judged so."""
    awaits: str | None = None
    """Whose verdict is missing."""


class Certification(Value):
    """
    The record of a certification.

    Its signature is that of the event that announces it: the event is signed by the writer's key, names
    the certificate's hash, and is linked into the entity's chain.
    """

    personal: ClassVar = PersonalData(ids="certified_by")

    certification_id: str
    """The id of this decision."""
    decision: Literal["certified", "rejected"]
    """What was decided."""
    certified_by: str
    """Who decided."""
    certified_at: Timestamp
    """When it was decided."""
    certificate_hash: Hex64
    """
    The SHA-256 over the canonical JSON of this record without this hash, with `typ` certificate/v1 and with the
    entity, its `version_hash` and its `external_id`.
    """
    checks: tuple[Check, ...]
    """Every check, with its result."""
    evidence_ref: str
    """`sha256:` and one digest over all test evidence and verdicts it rested on."""
    constitution_version: str
    """The constitution that was in force."""
