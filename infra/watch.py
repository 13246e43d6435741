"""
Watch a deployment for a quarter of an hour: ``python -m infra.watch PROJECT ADDRESS``.

It ends with 0 if the platform stayed well, and with 1 as soon as it did not: more than one request in a
hundred failed, or the health said so three times in a row. The pipeline then deploys the archive before.
"""

import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

MINUTES = 15
ERROR_RATE = 0.01
MIN_REQUESTS = 20
"""Of fewer requests a share says nothing; the health is looked at all the same."""

MISSES = 3
MONITORING = "https://monitoring.googleapis.com"
COUNTED = "sum(increase(logging_googleapis_com:user_{}[{}m]))"
"""PromQL over the figures that are counted from the request log (watching.py)."""


@dataclass
class Watch:
    """One deployment, looked at once a minute."""

    project: str
    address: str
    """The gateway's."""

    http: Any
    """Sends requests with this process's own Google identity."""

    monitoring: str = MONITORING
    sleep: Callable[[float], None] = time.sleep

    def verdict(self) -> str | None:
        """Return why the deployment must be taken back, or None when the time is over and it need not."""
        missed = 0
        for minute in range(1, MINUTES + 1):
            self.sleep(60)
            missed = 0 if self._healthy() else missed + 1
            if missed == MISSES:
                return f"{self.address}/v1/health failed {MISSES} times in a row"
            requests, errors = self._counted("requests", minute), self._counted("errors", minute)
            if requests >= MIN_REQUESTS and errors / requests > ERROR_RATE:
                return f"{errors:.0f} of {requests:.0f} requests failed in {minute} minutes"
        return None

    def _healthy(self) -> bool:
        import urllib3

        try:
            answer = urllib3.request("GET", f"{self.address}/v1/health", timeout=10, retries=False)
            return answer.status == 200 and answer.json()["status"] != "down"
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError):
            return False

    def _counted(self, name: str, minutes: int) -> float:
        """
        Return how many there were since the deployment; none where nothing was counted yet.

        Raises:
            SystemExit: The figures cannot be read: a deployment that nobody can watch is not left alone.
        """
        query = quote(COUNTED.format(name, minutes))
        path = f"/v1/projects/{self.project}/location/global/prometheus/api/v1/query"
        answer = self.http.request("GET", f"{self.monitoring}{path}?query={query}")
        if answer.status != 200:
            raise SystemExit(
                f"Cloud Monitoring answered {answer.status}; the deployer needs roles/monitoring.viewer."
            )
        found = json.loads(answer.data)["data"]["result"]
        value = float(found[0]["value"][1]) if found else 0.0
        return 0.0 if math.isnan(value) else value


def main(arguments: Sequence[str]) -> int:
    """Watch, and say how it went."""
    if len(arguments) != 2:
        print("usage: python -m infra.watch PROJECT ADDRESS", file=sys.stderr)
        return 2
    import google.auth
    from google.auth.transport.urllib3 import AuthorizedHttp

    scopes = ["https://www.googleapis.com/auth/monitoring.read"]
    credentials, _ = google.auth.default(scopes=scopes)
    http = AuthorizedHttp(credentials)  # type: ignore[no-untyped-call]
    project, address = arguments
    reason = Watch(project, address.rstrip("/"), http).verdict()
    print(f"Take it back: {reason}." if reason else f"It stayed well for {MINUTES} minutes.")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
