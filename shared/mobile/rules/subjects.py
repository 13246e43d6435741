"""All that notices are about: the phone shows the notices of every area."""

from collections.abc import Iterator
from typing import Any

from shared.agents.rules.notices import AGENTS
from shared.approvals.rules.notices import QUESTIONS, VETOES
from shared.entity import Entity
from shared.identity.rules.notices import ROLE_REQUESTS
from shared.notifications.rules.subjects import Subject, Told, of
from shared.violations.rules.notices import VIOLATIONS


def subjects() -> Iterator[Subject[Any]]:
    """Yield all of them: what few notices are about is loaded only where one may be about it."""
    yield from (QUESTIONS, AGENTS, VIOLATIONS, VETOES, ROLE_REQUESTS)
    from shared.policy.rules.notices import DRIFTS

    yield DRIFTS


def told(entity: Entity | None) -> Told | None:
    """Return an entity as what a notice is about; None where notices say nothing of its kind."""
    subject = of(subjects, entity.collection) if entity is not None else None
    return Told(subject, entity) if subject and entity is not None else None
