"""The rules of delivery: when to try again, when to give up."""

from shared.errors import Conflict, Refusal
from shared.events.models import DeadLetter

FIRST_S, LAST_S = 10, 600
ATTEMPTS = 8
"""
How often what fails is tried before it is given up: for twenty minutes, as its pauses double.

A right that was just given may take seven minutes or longer to hold everywhere, and until then each push of a new
reaction is refused; most outages are over by then, too.
"""


def again_in_s(attempts: int) -> int | None:
    """Return after how many seconds to try again after so many failures, or None to give up."""
    return None if attempts >= ATTEMPTS else min(LAST_S, FIRST_S * 2 ** (attempts - 1))


def hopeless(error: Exception) -> bool:
    """Say whether trying again cannot help: the message itself is refused."""
    return isinstance(error, Refusal) and error.status < 500


def replayed(letter: DeadLetter) -> DeadLetter:
    """
    Return the dead letter as it is sent again.

    Raises:
        Conflict: It will never be sent again.
    """
    if letter.status == "dropped":
        raise Conflict(
            "this message was dropped for good; nothing sends it again", rule="dead_letter_dropped"
        )
    if not letter.proven:
        raise Conflict(
            "what is stored does not say what this message says, so it is not sent again",
            rule="dead_letter_unproven",
        )
    return letter.model_copy(update={"status": "replayed", "replays": letter.replays + 1})


def failed_again(letter: DeadLetter, replay: int) -> bool:
    """Say whether what was given up now is what was sent again last, and not an earlier time told once more."""
    return letter.status == "replayed" and replay == letter.replays


def dropped(letter: DeadLetter) -> DeadLetter:
    """Return the dead letter of what is not in the store any more: an old entry, a promise that was kept."""
    return letter.model_copy(update={"status": "dropped"})
