"""A reference agent, as it is listed."""

from typing import ClassVar, Literal

from shared.entity import Record
from shared.handling import ForEver, Handling, Nobody, PersonalData, Stays

AgentType = Literal[
    "marketing.digital_marketing.v1", "trading.share_trader.v1", "education.tutor.v1"
]


class ReferenceAgent(Record):
    """An agent that shows how its type works; it is part of the platform and stored nowhere."""

    collection: ClassVar[str] = "reference_agents"
    handling: ClassVar = Handling(
        kept=ForEver("it is part of the platform and stored nowhere"),
        export=Nobody("it is in every copy of the platform"),
        erasure=Stays("it is about no person"),
    )
    personal: ClassVar = PersonalData(nobody="name")

    name: str
    """What people call it."""
    agent_type_id: AgentType
    """The type of agent it shows."""
    playbook_id: str
    """The playbook it follows."""
    industry: str
    """The industry it works in."""
    deterministic: bool
    """Whether the same input always gives the same output."""
    approval_type: Literal["communication", "financial"]
    """What kind of approval its effects wait for."""
    tasks_per_day: int | None = None
    """How many tasks a day it is made for; null where nobody said."""
