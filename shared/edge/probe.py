"""Look at a deployed release from outside, over HTTP."""

import time

from shared.edge.addresses import path
from shared.edge.connections import pool


class HttpProbe:
    """
    The `Probe` port.

    It asks once and has no breaker: here a failure is the answer, and one release's must not keep us from
    looking at another.
    """

    def __init__(self, address: str) -> None:
        """Say where a release answers; ``{release_id}`` stands for its id."""
        self._address = address

    def healthy(self, release_id: str, *, timeout_s: float) -> tuple[bool, int]:
        """Return whether the release answered 200 in time, and after how many milliseconds."""
        import urllib3

        started = time.monotonic()
        url = self._address.format(release_id=path(release_id))
        try:
            answer = pool().request("GET", url, timeout=timeout_s, preload_content=False)
            well = answer.status == 200
            answer.close()
        except urllib3.exceptions.HTTPError:
            well = False
        return well, round((time.monotonic() - started) * 1000)
