"""Look at a deployed release from outside, over HTTP."""

import time

from shared.edge.addresses import path
from shared.edge.http_pool import NoAnswer, pool
from shared.outside import Look, Saw


class HttpProbe:
    """
    The `Probe` port.

    It asks once and has no breaker: here a failure is the answer, and one release's must not keep us from
    looking at another.
    """

    def __init__(self, address: str) -> None:
        """Say where a release answers; ``{release_id}`` stands for its id."""
        self._address = address

    def look(self, release_id: str, *, timeout_s: float) -> Look:
        """Return what the release answered: 200 in time is well, and silence is no answer."""
        started = time.monotonic()

        def seen(saw: Saw, status: int | None = None) -> Look:
            return Look(saw, round((time.monotonic() - started) * 1000), status)

        url = self._address.format(release_id=path(release_id))
        try:
            answer = pool().send("GET", url, timeout_s=timeout_s, most_bytes=0)
        except NoAnswer as none:
            return seen("silent" if isinstance(none.__cause__, TimeoutError) else "unreachable")
        return seen("well" if answer.status == 200 else "unwell", answer.status)
