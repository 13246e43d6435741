"""A rule as the tenant sees it in which it decides: all of it, and whether the tenant lets it."""

from typing import Self

from shared.approvals.models.questions import ApprovalType, Risk
from shared.entity import Timestamp, Value
from shared.precedents.models.classes import Reversibility
from shared.precedents.models.conditions import Condition
from shared.precedents.models.coverage import Coverage
from shared.precedents.models.seeds import ConcreteExample, PrecedentSeed, TenantSeedSwitch


class DecidingSeed(Value):
    """What a rule admits in this tenant, and whether it may; it names no other tenant."""

    id: str
    """The id of the rule."""
    seed_id: str | None
    """The number it is cited by."""
    principle: str
    """What it says, in one sentence."""
    rationale: str
    """Why, naming the principles it rests on."""
    concrete_example: ConcreteExample
    """One case of it."""
    approval_class: str
    """Which requests it is about."""
    approval_types: tuple[ApprovalType, ...]
    """Which types of approval it is about."""
    decision: str
    """What it answers: a yes, or one gate more."""
    auto_approve: bool
    """Whether it answers by itself; one that does not adds a gate."""

    actions: tuple[str, ...]
    """What may be done."""
    industries: tuple[str, ...]
    """In which industries."""
    data_classes: tuple[str, ...]
    """Which classes of data may be touched."""
    integrations: tuple[str, ...]
    """Which systems outside may be reached."""
    max_risk: Risk
    """The greatest risk it may decide about."""
    max_blast_radius: str
    """How far what is done may reach."""
    max_amount: int | None
    """The greatest amount, in minor units; null where no money may move."""
    reversibility: tuple[Reversibility, ...]
    """How far what is done can be undone."""
    coverage: Coverage | None
    """Which acts exactly it admits; null where none."""
    conditions: tuple[Condition, ...]
    """What must hold besides; all of them."""
    veto_window_hours: int
    """For how many hours your Governor may object to what it approved."""
    activated_at: Timestamp | None
    """Since when it decides."""
    expires_at: Timestamp | None
    """When it ends; null where it does not."""
    on: bool
    """Whether the tenant lets it decide."""

    switched_by: str | None = None
    """Who set the switch last; null where nobody ever did."""
    switched_at: Timestamp | None = None
    """When that was."""
    reason: str | None = None
    """Why."""

    @classmethod
    def of(cls, seed: PrecedentSeed, switch: TenantSeedSwitch | None) -> Self:
        """Show a seed in the tenant of a switch."""
        shown = dict(seed) | dict(seed.scope_ceiling)
        told = {name: shown[name] for name in cls.model_fields if name in shown}
        if switch is None:
            return cls(**told, on=True)
        return cls(
            **told,
            on=switch.on,
            switched_by=switch.switched_by,
            switched_at=switch.updated_at,
            reason=switch.reason,
        )
