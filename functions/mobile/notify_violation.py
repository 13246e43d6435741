from shared.entity import written
from shared.notifications.actions.telling import tell
from shared.notifications.models import Claim
from shared.notifications.rules.notices import governor, notice, saying
from shared.queries import AtLeast
from shared.reaction import ReactionCall, reaction
from shared.violations.events import ViolationOpened
from shared.violations.models import OpenedViolation, Response
from shared.violations.rules.lifecycle import REVIEW_AFTER, REVIEW_WITHIN

UNOWNED: Claim = "unowned"
UNSETTLED: Claim = "unsettled"
RESPONSES: dict[Response, str] = {
    "none": "",
    "blocked": " What was tried is blocked.",
    "paused": " Rules are switched off for it.",
    "suspended": " An agent in service is suspended for it.",
    "rolled_back": " A release in service is rolled back for it.",
    "frozen": " Spending is frozen for it.",
}
"""What the platform does on it, as a rule: whoever opened the violation cannot know that it is done yet."""


@reaction(on=ViolationOpened)
def notify_violation(call: ReactionCall, event: ViolationOpened) -> None:
    """
    Tell the Governor of a grave violation, and of an agent that goes on breaking rules.

    The notice says what happened, which rule, which agent, what the platform does by itself and what to do now.
    """
    since = AtLeast(written(call.now - REVIEW_WITHIN))
    with call.transaction() as txn:
        violation = txn.get(OpenedViolation, call.subject_id)
        often = (
            event.agent_id is not None
            and txn.loosely("whoever opens a later one counts again").count(
                OpenedViolation, agent_id=event.agent_id, detected_at=since
            )
            >= REVIEW_AFTER
        )
        found = []
        if event.severity in {"high", "critical"}:
            words = (
                f"{violation.finding.description}{RESPONSES[event.automatic_response]}"
                f" Answer for it until {written(violation.due_at)}."
            )
            found.append((f"{event.code} broken", words, "", UNOWNED))
        if often:
            words = (
                f"An agent broke rules {REVIEW_AFTER} times in 7 days; decide whether it goes on."
            )
            found.append(("Review an agent's suspension", words, "review", UNSETTLED))
        tell(
            txn,
            *(
                saying(
                    claim,
                    notice(
                        "constitutional_violation",
                        tenant=call.tenant,
                        audience=governor(call.tenant),
                        subject=call.subject,
                        title=title,
                        body=words,
                        at=call.now,
                        occasion=occasion,
                    ),
                )
                for title, words, occasion, claim in found
            ),
        )
