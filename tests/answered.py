"""What an operation returned, without where it is."""

from typing import Any

from shared.answers import Accepted, Created


def body(answer: Any) -> Any:
    """Return what the body of an answer is."""
    return answer.result if isinstance(answer, Created | Accepted) else answer
