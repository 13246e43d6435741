"""The first walk of the docs, pasted into a shell as it stands there."""

import os
import re
import subprocess
import threading
from html import unescape
from pathlib import Path

import pytest
import urllib3

from local.story.client import Client
from tests.rehearsals.scene import until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def pasted(platform):
    """Return everything that the start page gives to paste, in its order."""
    page = urllib3.request("GET", f"{platform.address}/docs", timeout=60).data.decode()
    return [
        unescape(one) for one in re.findall(r'<pre class="paste"[^>]*>(.*?)</pre>', page, re.DOTALL)
    ]


def hurry(platform, over):
    """Let the time pass in which the release is watched, and no longer."""
    client = Client(platform.address, platform.secret)
    while not over.wait(0.05):
        for agent in client.get("admin", "/v1/agents")["items"]:
            health = client.get("admin", f"/v1/agents/{agent['id']}/health")
            if health["wait_s"]:
                platform.jump()


def test_a_newcomer_makes_an_agent_from_the_docs_alone(platform):
    blocks = [block.replace("sleep 60", "sleep 0.2") for block in pasted(platform)]
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    walking = subprocess.Popen(
        ["sh", "-e"],
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    over = threading.Event()
    clock = threading.Thread(target=hurry, args=(platform, over))
    clock.start()
    said, _ = walking.communicate("\n".join(blocks), timeout=180)
    over.set()
    clock.join()

    assert walking.returncode == 0, said[-2000:]
    client = Client(platform.address, platform.secret)
    (agent,) = client.get("admin", "/v1/agents")["items"]
    assert '"outcome": "vetoed"' in said
    assert '"unchanged": true' in said
    assert (agent["status"], agent["creation_stage"]) == ("draft", 3)
    assert "Sent back: " in said
    assert f"AGENT={agent['id']}" in said
    until(platform.idle)
