"""Look at a deployed release from outside, over HTTP."""

import time

from shared.edge import workflows


class HttpProbe:
    """The `Probe` port."""

    def __init__(self, address: str) -> None:
        """Say where a release answers; ``{release_id}`` stands for its id."""
        self._address = address

    def healthy(self, release_id: str, *, timeout_s: float) -> tuple[bool, int]:
        """Return whether the release answered 200 in time, and after how many milliseconds."""
        import urllib3

        started = time.monotonic()
        try:
            answer = workflows.pool().request(
                "GET", self._address.format(release_id=release_id), timeout=timeout_s
            )
            well = answer.status == 200
        except urllib3.exceptions.HTTPError:
            well = False
        return well, round((time.monotonic() - started) * 1000)
