"""The phone on the whole platform: everything it can do is done, and what happens shows soon."""

import statistics
import sys
import time

import pytest

from shared.edge.catalog import catalog
from shared.outside import Pushed
from tests.rehearsals import mobile
from tests.rehearsals.mobile import Handset, asked
from tests.rehearsals.scene import Scene, until

pytestmark = pytest.mark.slow

ALSO = {
    "agents.stop_violator",
    "identity.get_notification_preferences",
    "identity.put_notification_preferences",
}
OTHERS = {"mobile.tell_author"}
"""What the phone hears of only where an agent comes back to its author, which tests/rehearsals/agents.py does."""

EVENTS = 40
BUDGET_S = 1.0


class Clocked:
    """Remembers when a message about an approval was handed to the provider."""

    def __init__(self):
        self.at = {}

    def send(self, message):
        self.at.setdefault(message["data"]["subject_id"], time.monotonic())
        return Pushed("sent", "clocked")


def test_every_function_of_the_phone_works_on_the_platform(platform):
    mobile.rehearse(Scene(platform))
    mine = {f.id for f in catalog() if f.id.startswith("mobile.")} - OTHERS | ALSO
    until(platform.idle)
    assert mine - {*platform.meter.most} == set()


def test_a_push_request_follows_its_event_within_a_second(platform, capsys):
    scene = Scene(platform)
    client = scene.client
    Handset(scene).register()
    clocked = platform.ports.push = Clocked()
    took_s = []
    for _ in range(EVENTS):
        started = time.monotonic()
        approval = asked(scene)
        until(lambda id=approval.id: id in clocked.at)
        took_s.append(clocked.at[approval.id] - started)
        # Whoever has many open questions is asked no more until they answered some.
        why = {"reason": "it was asked to measure alone"}
        client.post("service", f"/v1/approvals/{approval.id}/cancel", why)
    p50, p95 = statistics.median(took_s), statistics.quantiles(took_s, n=20)[18]
    with capsys.disabled():
        figures = f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
        sys.stdout.write(f"\nfrom a request for approval to its push: {figures}\n")
    assert p95 <= BUDGET_S
