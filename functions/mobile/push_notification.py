from shared.mobile.rules.subjects import subjects
from shared.notifications.actions.push_delivery import hand_over
from shared.notifications.events import NotificationSent
from shared.outside import Push
from shared.reaction import ReactionCall, reaction


@reaction(on=NotificationSent)
def push_notification(call: ReactionCall, event: NotificationSent, push: Push) -> None:
    """
    Push what was put into an inbox to the devices of those it is for.

    A push informs and never decides: it opens the app, which asks for what is to be decided.
    """
    if event.channel == "inbox":
        hand_over(call, push, subjects, call.subject_id)
