"""What agents, runs and tools are about to do, as it is put to the rules, and what those answer."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt

from shared.deciding import ApprovalNeeded, Obligation, Reason, Verdict
from shared.entity import Code, Hex64, Id, Timestamp, Value
from shared.examples import ACTION_DIGEST, AGENT
from shared.facts import Acts
from shared.handling import PersonalData
from shared.judged import Pattern

MOST = 2**53 - 1

Pep = Literal[
    "message_bus_dispatcher",
    "ai_explorer_front_door",
    "outside_world_connector_front_door",
    "workflow_orchestrator_stage_runner",
    "agent_runtime",
]
"""Where somebody enforces what is answered; operations are enforced by the platform itself."""

ActName = Annotated[str, Pattern(r"^(execution|integration|prompt|step|task)\.[a-z][a-z_]{0,49}$")]

Said = Annotated[
    Mapping[
        Annotated[str, Pattern(r"^[a-z][a-z0-9_]{0,49}$")],
        Code
        | Annotated[StrictInt, Field(ge=-MOST, le=MOST)]
        | StrictBool
        | Annotated[tuple[Code, ...], Field(max_length=50)],
    ],
    Field(max_length=30),
]
"""What arguments say of themselves that rules compare: codes, whole numbers, truth values and lists of codes."""


class ActingFor(Value):
    """On whose behalf something is done; each is looked up, and nothing of it is believed."""

    agent_id: Id
    """The agent that acts."""
    trial_id: Id | None = None
    """The trial that it works in; null where it is in none."""
    project_id: Id | None = None
    """The project that it is for; null where it is for none."""
    approval_id: Id | None = None
    """The approval that it is done with, of exactly this; null where there is none."""
    run_id: Code | None = None
    """The run that it is part of; null where it is none's."""
    step_id: Code | None = None
    """The step of that run; null where it is none."""


class Act(Value):
    """What is done."""

    name: ActName
    """What it is, as `execution.begin`: an operation of the platform is decided where it is sent."""
    operation: Acts
    """What kind of act it is."""
    tool: Code | None = None
    """The tool that it is done with; null where it is done with none."""
    external: StrictBool
    """Whether something outside the platform is changed."""


class PolicyQuestion(ActingFor):
    """What somebody is about to do."""

    personal: ClassVar = PersonalData(nobody="args")
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "pep": "agent_runtime",
                    "agent_id": AGENT,
                    "action": {
                        "name": "execution.begin",
                        "operation": "execute",
                        "external": False,
                    },
                    "args": {"estimated_cost_micro_usd": 40_000},
                    "run_id": "run-1",
                }
            ]
        }
    )

    pep: Pep
    """Where the answer is enforced."""
    action: Act
    """What is done."""
    args: Said = {}
    """What its arguments say of themselves; what is a fact, as a budget's level, is looked up and refused here."""
    args_hash: Hex64 | None = None
    """The digest of all its arguments, which an approval of it is bound to; null where it has none."""


class ToolUse(ActingFor):
    """The use of a tool that an agent is about to make."""

    personal: ClassVar = PersonalData(nobody="args")
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agent_id": AGENT,
                    "action": "publish",
                    "tool": "wordpress.create_post",
                    "args": {"record_count": 1, "estimated_cost_micro_usd": 0},
                    "args_hash": ACTION_DIGEST,
                    "purpose": "content",
                }
            ]
        }
    )

    action: Code
    """What it does, as `publish`, `send` or `place_order`; spelling in capitals makes no other action of it."""
    tool: Code
    """The tool, as the agent's manifest names it."""
    args: Said = {}
    """What its arguments say of themselves, likewise as rules compare it."""
    args_hash: Hex64
    """The digest of the whole payload, which an approval of it is bound to: the payload itself is not sent."""
    purpose: Code
    """What it is for."""


class ToolUseOutcome(Value):
    """How the use of a tool ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ended": "done"}]})

    ended: Literal["done", "failed"]
    """`done`: it happened, whatever came of it. `failed`: it is known not to have happened."""


class Proof(Value):
    """What proves an answer."""

    typ: Code
    """What the signed bytes say that they are."""
    kid: Code
    """The key that signed it, see `/.well-known/jwks.json`."""
    sig: Code
    """The Ed25519 signature over the canonical JSON of the decision, with `typ` added."""


class PolicyAnswer(Value):
    """What the rules answer."""

    decision_id: Code
    """By which it is looked up: `GET /v1/policy/attestations/{decision_id}`."""
    verdict: Verdict
    """Whether it may be done. Whoever asked enforces it; an obligation that it cannot meet is a no."""
    obligations: tuple[Obligation, ...]
    """What must be done with what is allowed."""
    reasons: tuple[Reason, ...]
    """Why not, or what an approval is needed for: every rule, not only the first."""
    matched_rules: tuple[Code, ...]
    """Every rule that matched, as `policy/rule`."""
    approval: ApprovalNeeded | None
    """Whose approval it needs; null where it needs none."""
    bundle_set_version: Code
    """The digest of all the bundles that were in force."""
    policy_version: Hex64
    """The digest over that and the names of every bundle and policy that was asked."""
    inputs_hash: Hex64
    """The digest of the question and its facts."""
    evaluated_at: Timestamp
    """When it was asked."""
    ttl_s: int
    """For how many seconds it holds; 0 for this one act alone."""
    attestation: Proof
    """What proves it."""


class ToolUseAllowed(Value):
    """A use of a tool that may be made."""

    allowed: StrictBool = True
    """It may be made, now and this once."""
    decision_id: Code
    """By which it is looked up: `GET /v1/policy/attestations/{decision_id}`."""
    obligations: tuple[Obligation, ...]
    """What must be done with it."""
