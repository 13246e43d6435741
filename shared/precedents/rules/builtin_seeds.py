"""The seeds that every installation begins with; they are data, and no code knows one of them."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shared.actors import PLATFORM
from shared.precedents.models.seeds import PrecedentSeed, Rule
from shared.precedents.rules.lifecycle import LIFE

FILE = Path(__file__).with_name("builtin_seeds.json")
AUTHOR = "platform"


def shipped(at: datetime) -> tuple[PrecedentSeed, ...]:
    """Return the shipped seeds, in force from *at* on."""
    return tuple(_seed(item["seed_id"], item, at) for item in _data())


def given(family: str) -> int:
    """Return how many numbers of a family the shipped seeds take."""
    return sum(str(item["seed_id"]).startswith(f"{family}-") for item in _data())


def _seed(number: str, item: dict[str, Any], at: datetime) -> PrecedentSeed:
    rule = Rule.model_validate(item["rule"])
    said = {name: getattr(rule, name) for name in Rule.model_fields}
    if rule.auto_approve:
        said["expires_at"] = at + LIFE
    return PrecedentSeed(
        **said,
        id=str(uuid5(NAMESPACE_URL, f"waooaw\nprecedent_seeds\n{number}")),
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        seed_id=number,
        status="active",
        confidence_bp=item["confidence_bp"],
        sample_count=item["sample_count"],
        activated_at=at,
        created_by=AUTHOR,
        by_governor=item["sample_count"] == 0,
        validated_by="genesis",
        approved_by="governor",
    )


@cache
def _data() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(FILE.read_text())
    return items
