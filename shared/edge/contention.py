"""Somebody else was faster: run again on what they left."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from shared.documents import Contended
from shared.errors import StoreUnavailable

ATTEMPTS = 8
FIRST_PAUSE_S = 0.005

R = TypeVar("R")


def settled(attempt: Callable[[int], R]) -> R:
    """
    Return what the first attempt comes to that nobody contends; it is told how many there were before.

    Pauses double, with full jitter, so that those who met do not meet again.

    Raises:
        StoreUnavailable: Eight attempts were all contended; nothing happened.
    """
    for before in range(ATTEMPTS):
        try:
            return attempt(before)
        except Contended:
            time.sleep(random.uniform(0, FIRST_PAUSE_S * 2**before))  # noqa: S311 - jitter
    raise StoreUnavailable("too many change this at once; try again", retry_after_s=1)
