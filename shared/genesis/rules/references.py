"""The reference agents: what each is, and a dry run of it."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.canonical import digest
from shared.entity import Hex64, Value
from shared.errors import Invalid, NotFound
from shared.genesis.models.references import ReferenceAgent
from shared.genesis.rules import marketing, trading
from shared.genesis.rules.marketing import MarketingBrief, MarketingDraft
from shared.genesis.rules.trading import OrderDraft, TradingRequest


def _marketer(place: str, name: str, industry: str) -> ReferenceAgent:
    return ReferenceAgent(
        id=f"AGT-MKT-{place}-001",
        name=name,
        agent_type_id="marketing.digital_marketing.v1",
        playbook_id="MARKETING.MULTICHANNEL.POST.V1",
        industry=industry,
        deterministic=False,
        approval_type="communication",
        tasks_per_day=3,
    )


REFERENCE_AGENTS: tuple[ReferenceAgent, ...] = (
    _marketer("DMA", "Digital marketing", "general"),
    _marketer("HEALTH", "Digital marketing for healthcare", "healthcare"),
    _marketer("BEAUTY", "Digital marketing for beauty", "beauty"),
    _marketer("CAKE", "Digital marketing for food", "food"),
    ReferenceAgent(
        id="AGT-TRD-DELTA-001",
        name="Share trading on Delta Exchange India",
        agent_type_id="trading.share_trader.v1",
        playbook_id="TRADING.DELTA.FUTURES.MANUAL.V1",
        industry="finance",
        deterministic=True,
        approval_type="financial",
    ),
)


class RunReference(Value):
    """What a reference agent is to work on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "inputs": {
                        "kind": "marketing",
                        "brand_name": "Riverside Clinic",
                        "theme": "A walk a day keeps your heart at play",
                        "industry": "healthcare",
                        "offer": "Free heart check in May",
                        "location": "Pune",
                        "target_audience": "adults over forty",
                        "tone": "warm",
                        "call_to_action": "Book your check today",
                        "hashtags": ["hearthealth"],
                        "platforms": ["instagram", "linkedin"],
                        "artifacts": ["image", "table"],
                        "duration_days": 3,
                    }
                }
            ]
        }
    )

    inputs: Annotated[MarketingBrief | TradingRequest, Field(discriminator="kind")]
    """What it works on; its `kind` says which agent it is for."""


class ReferenceRun(Value):
    """What a reference agent would do; nothing left the platform and nothing was stored."""

    reference_agent_id: str
    """Which reference agent ran."""
    playbook_id: str
    """The playbook it followed."""
    mode: Literal["dry_run"] = "dry_run"
    """That nothing left the platform."""
    inputs_digest: Hex64
    """The SHA-256 over the canonical JSON of the inputs."""
    output_digest: Hex64
    """The SHA-256 over the canonical JSON of the output."""
    output: Annotated[MarketingDraft | OrderDraft, Field(discriminator="kind")]
    """What it would do."""


def dry_run(reference: str, request: RunReference) -> ReferenceRun:
    """
    Work out what a reference agent makes of its inputs: the same inputs give the same bytes.

    Raises:
        NotFound: There is no such reference agent.
        Invalid: The inputs are for another type of agent, or the agent refuses them.
    """
    found = [agent for agent in REFERENCE_AGENTS if agent.id == reference]
    if not found:
        raise NotFound(f"there is no reference agent {reference}")
    agent, inputs = found[0], request.inputs
    if inputs.kind != agent.agent_type_id.partition(".")[0]:
        raise Invalid(f"{agent.id} does not take inputs of the kind {inputs.kind}", rule="field")
    output: MarketingDraft | OrderDraft
    if isinstance(inputs, MarketingBrief):
        output = marketing.draft(inputs)
    else:
        output = trading.draft(inputs)
    return ReferenceRun(
        reference_agent_id=agent.id,
        playbook_id=agent.playbook_id,
        inputs_digest=digest(inputs.to_stored()),
        output_digest=digest(output.to_stored()),
        output=output,
    )
