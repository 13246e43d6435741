"""A process that is killed at any moment loses nothing and does nothing twice."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest

from .conftest import Web

ROOT = Path(__file__).parents[2]

EFFECTS = """
main:
  steps:
    - init: {assign: [{base: '${sys.get_env("API")}'}, {id: '${uuid.generate()}'}]}
    - ask: {call: http.get, args: {url: '${base + "/ask"}'}, result: asked}
    - post:
        call: http.post
        args: {url: '${base + "/post"}', headers: {Idempotency-Key: '${id + "-1"}'}, body: {id: '${id}'}}
        result: posted
    - put: {call: http.put, args: {url: '${base + "/put"}', headers: {Idempotency-Key: '${id + "-2"}'}}}
    - busy:
        try: {call: http.get, args: {url: '${base + "/busy"}'}}
        retry: {predicate: '${http.default_retry_predicate}', max_retries: 9, backoff: {initial_delay: 0.001, max_delay: 1, multiplier: 2}}
    - sub: {assign: [{x: '${slow(1) + slow(2)}'}]}
    - r: {return: {id: '${id}', posted: '${posted.body.id}', x: '${x}'}}
slow:
  params: [n]
  steps:
    - nap: {call: sys.sleep, args: {seconds: 0.001}}
    - ask: {call: http.get, args: {url: '${sys.get_env("API") + "/slow/" + string(n)}'}}
    - r: {return: '${n * 10}'}
"""

CALLBACK = """
main:
  steps:
    - open: {call: events.create_callback_endpoint, result: cb}
    - key: {assign: [{key: '${uuid.generate()}'}]}
    - tell:
        call: http.post
        args: {url: '${sys.get_env("API") + "/tell"}', headers: {Idempotency-Key: '${key}'}, body: '${cb}'}
    - wait: {call: events.await_callback, args: {callback: '${cb}', timeout: 3600}, result: got}
    - after: {call: http.get, args: {url: '${sys.get_env("API") + "/after"}'}}
    - r: {return: '${got.http_request.body.answer}'}
"""

PARALLEL = """
main:
  steps:
    - init: {assign: [{seen: []}, {echo: []}]}
    - p:
        parallel:
          shared: [seen, echo]
          concurrency_limit: 3
          for:
            value: v
            in: [1, 2, 3, 4]
            steps:
              - ask: {call: http.get, args: {url: '${sys.get_env("API") + "/p/" + string(v)}'}, result: r}
              - note: {assign: [{seen: '${list.concat(seen, v)}'}]}
              - put:
                  call: http.put
                  args: {url: '${sys.get_env("API") + "/seen"}', body: '${seen}'}
                  result: kept
              - keep: {assign: [{echo: '${list.concat(echo, kept.body)}'}]}
    - r: {return: {seen: '${seen}', echo: '${echo}'}}
"""

UNKNOWN = """
main:
  steps:
    - t:
        try: {call: http.post, args: {url: '${sys.get_env("API") + "/once"}', body: x}}
        except: {as: e, steps: [{r: {return: '${e.tags[0]}'}}]}
    - r2: {return: sent}
"""

PARENT = """
main:
  steps:
    - run: {call: experimental.executions.run, args: {workflow_id: child, argument: {n: 4}}, result: x}
    - both: {call: experimental.executions.map, args: {workflow_id: child, arguments: [{n: 1}, {n: 2}]}, result: y}
    - far:
        try: {call: sys.sleep_until, args: {time: '9999-12-31T23:59:59Z'}}
        except: {as: e, steps: [{r: {return: ['${x}', '${y}', '${e.tags[0]}']}}]}
"""
CHILD = """
main:
  params: [a]
  steps:
    - ask: {call: http.get, args: {url: '${sys.get_env("API") + "/child"}'}}
    - r: {return: '${a.n * 2}'}
"""

CONNECTORS = """
main:
  steps:
    - publish:
        call: googleapis.pubsub.v1.projects.topics.publish
        args: {topic: projects/p/topics/t, body: {messages: [{data: eA==}]}}
        result: published
    - make:
        call: googleapis.firestore.v1.projects.databases.documents.createDocument
        args: {parent: projects/p/databases/d/documents, collectionId: c, documentId: one, body: {}}
    - secret:
        call: googleapis.secretmanager.v1.projects.secrets.addVersionString
        args: {project_id: p, secret_id: s, data: x}
        result: added
    - r: {return: ['${published.messageIds}', '${added.name}']}
"""


class Victims:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.workflows.victims"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, **order: Any) -> dict[str, Any] | None:
        """Run one process; None if it was killed, else the execution it ended."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] | None = json.loads(self._process.stdout.readline())
        return said

    def close(self) -> None:
        with self._process as process:
            assert process.stdin
            process.stdin.close()
            process.wait(20)


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    found = Victims()
    yield found
    found.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory, where there is one: what a kill loses does not depend on the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as found:
        yield Path(found)


class Platform:
    """What the programs call: it honours idempotency keys, and is called back by a client."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.kept: dict[str, Any] = {}
        self.callback = ""
        self.busy = 2
        web.answers |= {
            "post": self._post,
            "busy": self._busy,
            "tell": self._tell,
            "seen": lambda: flask.jsonify(flask.request.get_json()),
            "callback-to-make": lambda: flask.jsonify(url=self.callback),
            "callback-made": self._made,
        }

    def _post(self) -> Any:
        key = flask.request.headers["Idempotency-Key"]
        self.kept.setdefault(key, flask.request.get_json())
        return flask.jsonify(self.kept[key])

    def _busy(self) -> Any:
        self.busy -= 1
        return flask.Response(status=503 if self.busy >= 0 else 200)

    def _tell(self) -> Any:
        key = flask.request.headers["Idempotency-Key"]
        if key not in self.kept:
            self.kept[key] = self.callback = flask.request.get_json()["url"]
        return flask.jsonify({})

    def _made(self) -> Any:
        self.callback = ""
        return flask.jsonify({})


def effects_hold(platform: Platform, result: Any) -> None:
    assert len(platform.kept) == 1
    assert platform.kept == {result["id"] + "-1": {"id": result["id"]}}
    assert result["posted"] == result["id"]
    assert result["x"] == 30


def callback_holds(platform: Platform, result: Any) -> None:
    assert result == 42
    assert len(platform.kept) == 1


def parallel_holds(_: Platform, result: Any) -> None:
    assert sorted(result["seen"]) == [1, 2, 3, 4]
    assert all(result["seen"][: len(part)] == part for part in result["echo"])


def sent_at_most_once(platform: Platform, result: Any) -> None:
    times = platform.web.paths().count("once")
    assert (result, times) in {("sent", 1), ("ConnectionError", 0), ("ConnectionError", 1)}


def child_holds(_: Platform, result: Any) -> None:
    assert result == [8, [2, 4], "ValueError"]


def connectors_hold(_: Platform, result: Any) -> None:
    assert result == [["1"], "projects/p/secrets/s/versions/1"]


CASES: dict[str, tuple[dict[str, str], Callable[[Platform, Any], None]]] = {
    "effects": ({"main": EFFECTS}, effects_hold),
    "callback": ({"main": CALLBACK}, callback_holds),
    "parallel": ({"main": PARALLEL}, parallel_holds),
    "unknown": ({"main": UNKNOWN}, sent_at_most_once),
    "connectors": ({"main": CONNECTORS}, connectors_hold),
    "child": ({"main": PARENT, "child": CHILD}, child_holds),
}


@pytest.mark.parametrize("where", ["before commit", "after commit", "after send"])
@pytest.mark.parametrize("case", CASES)
def test_a_kill_at_any_moment_changes_no_result(
    victims: Victims, web: Web, folder: Path, case: str, where: str
) -> None:
    sources, holds = CASES[case]
    at, ended = 1, None
    while ended is None:
        web.asked.clear()
        platform = Platform(web)
        order = {"folder": str(folder / str(at)), "web": web.url, "sources": sources}
        ended = victims.send(**order, where=where, at=at)
        found = ended or victims.send(**order, where=where, at=0)
        assert found is not None
        assert found["state"] == "SUCCEEDED", (where, at, found)
        holds(platform, json.loads(found["result"]))
        at += 1
    assert at > 2, "nothing was killed"


def test_a_process_that_is_killed_again_and_again_still_gets_on(
    victims: Victims, web: Web, folder: Path
) -> None:
    platform, found, lives = Platform(web), None, 0
    while found is None:
        lives += 1
        assert lives < 100
        found = victims.send(
            folder=str(folder / "data"),
            web=web.url,
            sources={"main": EFFECTS},
            where="after commit",
            at=4,
        )
    assert lives > 3
    effects_hold(platform, json.loads(found["result"]))
