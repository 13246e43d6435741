"""Secret Manager, as far as we use it and as Google documents it, over a real socket."""

import base64
import json
import re
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from shared.edge.checksums import crc32c
from shared.entity import written

PARENT = "projects/p/secrets"


class Pretend(ThreadingHTTPServer):
    """Keeps secrets and their versions; `asked` is every request, and `failing` how the next ones fail."""

    daemon_threads = True

    def __init__(self, clock):
        super().__init__(("127.0.0.1", 0), _Spoken)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.clock = clock
        self.secrets = {}
        self.asked = []
        self.failing = []
        self.damaged = 0
        self.lock = threading.Lock()

    def answer(self, method, target, body):
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        place = address.path.removeprefix("/v1/")
        with self.lock:
            self.asked.append((method, place, query, body))
            if self.failing:
                return self.failing.pop(0), {}
            return self._done(method, place, query, body)

    def _done(self, method, place, query, body):  # noqa: PLR0911 - one for each request
        if (method, place) == ("POST", PARENT):
            id = query["secretId"]
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,255}", id)
            assert body["replication"]["userManaged"]["replicas"] == [{"location": "r"}]
            if id in self.secrets:
                return 409, {"error": {"status": "ALREADY_EXISTS"}}
            self.secrets[id] = []
            return 200, {"name": f"{PARENT}/{id}"}
        found = re.fullmatch(rf"{PARENT}/([^/:]+)(?:/versions(?:/([0-9]+))?)?(?::(\w+))?", place)
        assert found, place
        versions = self.secrets.get(found[1])
        if versions is None:
            return 404, {"error": {"status": "NOT_FOUND"}}
        match method, found[2], found[3]:
            case "DELETE", None, None:
                del self.secrets[found[1]]
                return 200, {}
            case "POST", None, "addVersion":
                return 200, self._added(found[1], versions, body["payload"])
            case "GET", None, None:
                assert query["filter"] == "state:ENABLED"
                on = [one["said"] for one in versions if one["said"]["state"] == "ENABLED"]
                return 200, {"versions": on[::-1]} if on else {}
            case "POST", str(number), "destroy":
                one = versions[int(number) - 1]["said"]
                if one["state"] == "DESTROYED":
                    return 400, {"error": {"status": "FAILED_PRECONDITION"}}
                one["state"] = "DESTROYED"
                return 200, one
            case "GET", str(number), "access":
                return self._accessed(versions[int(number) - 1])
        raise AssertionError((method, place))

    def _added(self, id, versions, payload):
        data = base64.b64decode(payload["data"], validate=True)
        assert int(payload["dataCrc32c"]) == crc32c(data)
        name = f"{PARENT}/{id}/versions/{len(versions) + 1}"
        at = written(self.clock() + timedelta(microseconds=len(versions)))
        said = {"name": name, "state": "ENABLED", "createTime": at.replace("Z", "456789Z")}
        versions.append({"said": said, "data": data})
        return said

    def _accessed(self, one):
        if one["said"]["state"] != "ENABLED":
            return 400, {"error": {"status": "FAILED_PRECONDITION"}}
        checksum = crc32c(one["data"]) + (self.damaged > 0)
        self.damaged -= 1
        payload = {"data": base64.b64encode(one["data"]).decode(), "dataCrc32c": str(checksum)}
        return 200, {"name": one["said"]["name"], "payload": payload}


class _Spoken(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.server.answer(self.command, self.path, json.loads(said or "null"))
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_):
        pass


@contextmanager
def pretending(clock):
    """Have a Secret Manager."""
    server = Pretend(clock)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
