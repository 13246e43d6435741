from shared.mobile.rules.subjects import subjects
from shared.notifications.actions.push_delivery import hand_over
from shared.notifications.events import PushDue
from shared.outside import Push
from shared.reaction import ReactionCall, reaction


@reaction(due=PushDue)
def push_later(call: ReactionCall, event: PushDue, push: Push) -> None:
    """Push a notice that waited: for the morning, for the day's digest, or for the provider."""
    hand_over(call, push, subjects, call.subject_id, user_id=event.user_id, due=event)
