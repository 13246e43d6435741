"""All that notices are about: the phone shows the notices of every area."""

from shared.agents.rules.notices import AGENTS
from shared.approvals.rules.notices import QUESTIONS, VETOES
from shared.entity import Entity
from shared.identity.rules.notices import ROLE_REQUESTS
from shared.notifications.rules.subjects import Subjects, Told, of
from shared.policy.rules.notices import DRIFTS
from shared.violations.rules.notices import VIOLATIONS

SUBJECTS: Subjects = (QUESTIONS, AGENTS, VIOLATIONS, VETOES, ROLE_REQUESTS, DRIFTS)


def told(entity: Entity | None) -> Told | None:
    """Return an entity as what a notice is about; None where notices say nothing of its kind."""
    subject = of(SUBJECTS, entity.collection) if entity is not None else None
    return Told(subject, entity) if subject and entity is not None else None
