"""What somebody sends to propose a precedent."""

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.approvals.models import Comment
from shared.entity import Id, Value
from shared.learning.examples import DEPLOY_AGAIN
from shared.precedents.models import Rule


class NewDraft(Value):
    """Decisions, and the rule they speak for; without one, the rule is what they have in common."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": DEPLOY_AGAIN}]})

    rule: Rule | None = None
    """The rule; without one, it is what the decisions have in common."""
    evidence_refs: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    """Approvals that were decided as the rule would decide them."""

    note: Comment | None = None
    """What you say about it."""
    supersedes: Id | None = None
    """The `id` of the seed whose place it is to take."""
