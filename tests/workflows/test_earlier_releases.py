"""
What an earlier release began ends as it would have ended there.

`journals/0.1.0.sql` is the journal that release 0.1.0 wrote of an execution which waits for a callback, after a request that failed, a
connector, sleeps, parallel iterations, a child and functions that answer otherwise now. The wait ends later than it said.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from local.workflows import Runtime

from .conftest import Web
from .test_journal import changed
from .waiting import call, waiting

JOURNALS = Path(__file__).parent / "journals"
ENDED = [
    "2024-07-12T12:50:33.000000+00:00",
    1715126400.0,
    "xbcd",
    "[\n  1,\n  [\n    2\n  ]\n]",
    6,
    3,
    ["ConnectionFailedError"],
    "o",
    "kept",
    "2024-07-12T12:50:33.000000+00:00",
]
"""What the execution came to in release 0.1.0."""


@pytest.mark.parametrize("release", ["0.1.0"])
def test_what_a_release_began_ends_as_it_would_have_there(
    start: Callable[..., Runtime], web: Web, tmp_path: Path, release: str
) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data/workflows.db")) as db:
        db.executescript((JOURNALS / f"{release}.sql").read_text(encoding="utf-8"))
    runtime = start()
    [found], _ = runtime.views.recent("ACTIVE", 10, "")
    execution = found["name"].rpartition("/")[2]
    [callback] = runtime.views.callbacks(execution, "long")["callbacks"]
    assert callback["waiters"] == "1"
    id = callback["name"].rpartition("/")[2]
    runtime.callbacks.take("long", execution, id, "POST", {"body": "kept"})
    found = runtime.wait(execution, 20)
    assert json.loads(found["result"]) == ENDED
    # Nothing that was done there was done again.
    assert web.asked == []


def test_what_0_1_0_began_numbers_its_steps_as_there(
    start: Callable[..., Runtime], web: Web, tmp_path: Path
) -> None:
    execution, url = waiting(start(), web)
    changed(start(), tmp_path, "UPDATE executions SET engine_version = '1'")
    changed(start(), tmp_path, "DELETE FROM step_entries")
    runtime = start()
    call(runtime, url, "kept")
    assert runtime.wait(execution, 5)["result"] == '"kept"'
    entries = runtime.views.all_steps(execution, "wait")
    assert [one["step"] for one in entries] == ["open", "tell", "wait", "after", "r2"]
