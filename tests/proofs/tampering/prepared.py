"""One data folder for all changes: real operations of everybody, of three tenants, with two writer keys."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.spawn import free_port
from local.backup import backup
from local.platform import Platform
from local.story import acts
from local.story.client import Client, Refused
from tests.approvals.questions import EXAMPLE, others
from tests.rehearsals.kept import Rehearsed
from tests.rehearsals.scene import to_the_governor, until, until_over
from tests.workers import made_once

CUSTOMERS = ("acme", "globex")
EVIDENCE = ("store.db", "tap.jsonl", "keys")
"""What of a data folder evidence is judged by."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, rehearsed: Rehearsed) -> Path:
    """
    Make the folder, once for all processes that run tests beside each other.

    It holds `now`, and `older`: a backup made while it ran, some time before.
    """
    return made_once(tmp_path_factory, "prepared", lambda folder: _make(folder, rehearsed))


def copied(folder: Path, to: Path) -> Path:
    """Copy what evidence is judged by."""
    to.mkdir()
    for name in EVIDENCE:
        copy = shutil.copytree if (folder / name).is_dir() else shutil.copy
        copy(folder / name, to / name)
    return to


def _make(folder: Path, rehearsed: Rehearsed) -> None:
    run, port = folder / "run", free_port()
    rehearsed.copied(run)
    platform = Platform(run, port=port).start()
    client = Client(platform.address, platform.secret)
    for tenant in CUSTOMERS:
        _ask(client, tenant)
    waiting = _ask(client, "platform")
    until(platform.idle)
    backup(run, folder / "backup")
    client.sign_in("governor")
    acts.approve(client, waiting)
    until(platform.idle)
    platform.stop()

    shutil.move(run / "keys" / "writer.pem", folder / "writer.old.pem")
    platform = Platform(run, port=port).start()
    client = Client(platform.address, platform.secret)
    parts = acts.Parts(
        client.get("viewer", "/v1/genesis/job-roles", status="certified")["items"][0],
        client.get("viewer", "/v1/genesis/skills", status="certified")["items"],
    )
    deploy_another(platform, client, parts)
    _ask(client, "acme")
    refuse(client)
    until(platform.idle)
    platform.stop()

    with closing(sqlite3.connect(run / "store.db")) as store:
        store.execute("pragma wal_checkpoint(truncate)")
    copied(run, folder / "now")
    copied(folder / "backup", folder / "older")


def deploy_another(platform: Platform, client: Client, parts: acts.Parts) -> None:
    agent_id, approval = to_the_governor(client, parts, "Of the  SECOND Key")
    client.sign_in("governor")
    acts.approve(client, approval)
    until_over(client, agent_id, platform)


def refuse(client: Client) -> None:
    """Let a customer ask for what is not theirs."""
    with pytest.raises(Refused):
        client.post(
            "customer_user@acme", "/v1/precedent-seeds/switch", {"on": False, "reason": "x"}
        )


def _ask(client, tenant):
    more = {"gate": "step", "window_min": 600, "agent_id": None, "subject": others()}
    scope = {} if tenant == "platform" else {"governor_scope": "engagement"}
    return client.post("service", "/v1/approvals", EXAMPLE | more | scope, tenant=tenant)
