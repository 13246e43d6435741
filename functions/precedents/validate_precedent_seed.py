from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.entity import Id, Text, Value
from shared.learning.actions.support import evidence_of
from shared.learning.events import SeedDraftReviewed
from shared.learning.models import SeedDraft
from shared.learning.rules.drafts import resting, reviewed
from shared.numbers import ExternalIds
from shared.operation import Call, operation
from shared.precedents.events import SeedApproved
from shared.precedents.models.seeds import FAMILY, Outcome, PrecedentSeed
from shared.precedents.rules import lifecycle
from shared.precedents.rules.builtin_seeds import given
from shared.precedents.rules.validation import IN_PLAY, reviewing
from shared.queries import OneOf


class SeedReview(Value):
    """What Genesis says of a seed, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "outcome": "approve",
                    "rationale": "Every condition can be measured, and no gate becomes weaker.",
                }
            ]
        }
    )

    outcome: Outcome
    """Genesis's answer; `approve` puts the seed into shadow, where it only predicts."""
    rationale: Annotated[Text, Field(min_length=10, max_length=2000)]
    """Why, in your words."""


@operation(
    "POST",
    "/v1/precedent-seeds/{seed_id}/validate",
    scopes={Scope.PRECEDENTS_VALIDATE},
    tenant=PLATFORM,
)
def validate_precedent_seed(call: Call, seed_id: Id, review: SeedReview) -> PrecedentSeed:
    """
    Validate the draft of a seed.

    What it rests on is looked at again, as it stands now. What passes the five questions gets its number and
    goes into shadow. A rule that weakens a gate is rejected whatever Genesis says, and one that clashes with
    a seed in force or in shadow is put off.
    """
    with call.transaction() as txn:
        before = txn.get(PrecedentSeed, seed_id)
        family = FAMILY[before.domain]
        ids = txn.get_or_none(ExternalIds, family) or ExternalIds(id=family, given=given(family))
        same = txn.all(PrecedentSeed, status=OneOf(IN_PLAY), approval_class=before.approval_class)
        draft = txn.get_or_none(SeedDraft, before.draft_id) if before.draft_id else None
        evidence = evidence_of(txn, draft.evidence_refs) if draft else ()
        after = lifecycle.validated(
            resting(before, evidence),
            same,
            outcome=review.outcome,
            rationale=review.rationale,
            number=ids.next,
            by=call.actor,
            at=call.now,
        )
        because = lifecycle.because(after, review.rationale, call.actor)
        if draft is not None and after.validation is not None:
            txn.save(reviewed(draft, after.validation), SeedDraftReviewed.of(after.validation))
        if after.status == "draft" and after.validation is not None:
            return txn.save(after, reviewing(after.validation), because=because)
        txn.save(ids.upto(ids.next))
        return txn.save(after, SeedApproved.of(after), because=because)
