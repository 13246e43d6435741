"""
Cloud Build, Cloud Storage, Artifact Registry and a project, on this machine: as their protocols say, as far as a deployment asks.

Whatever is asked and is not known here is refused with 400, and members of a build that Cloud Build does not have are too.
"""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3
from google.auth.transport.urllib3 import AuthorizedHttp
from google.oauth2.credentials import Credentials

from infra.cloud import Cloud

BUILD = {
    "source", "steps", "timeout", "images", "queueTtl", "artifacts", "logsBucket", "options", "substitutions", "tags",
    "serviceAccount", "availableSecrets", "secrets",
}  # fmt: skip
STEP = {
    "name",
    "env",
    "args",
    "dir",
    "id",
    "waitFor",
    "entrypoint",
    "secretEnv",
    "timeout",
    "script",
    "volumes",
}
TAG = re.compile(r"[\w][\w.-]{0,127}")
KIND = "application/vnd.docker.distribution.manifest.v2+json"


PROJECT = r"/v1/projects/([^/:]+)"
BUILDS = r"/v1/projects/[^/]+/locations/([^/]+)/builds"
ROUTES = (
    ("GET|HEAD", r"/v2/(.+)/manifests/([^/]+)", "_head"),
    ("PUT", r"/v2/(.+)/manifests/([^/]+)", "_put"),
    ("GET", rf"{PROJECT}/locations/[^/]+/repositories/([^/]+)/dockerImages", "_images"),
    ("POST", BUILDS, "_begin"),
    ("GET", rf"{PROJECT}/locations/[^/]+/repositories/([^/]+)", "_repository"),
    ("GET", BUILDS, "_found"),
    ("GET", r"/v1/projects/[^/]+/locations/[^/]+/builds/([^/]+)", "_build"),
    ("POST", r"/upload/storage/v1/b/([^/]+)/o", "_upload"),
    ("GET", r"/storage/v1/b/([^/]+)/o/([^/]+)", "_object"),
    ("GET", r"/storage/v1/b/[^/]+", "_bucket"),
    ("GET", r"/v1/projects/[^/]+/services/([^.]+)\.googleapis\.com", "_service"),
    ("GET", PROJECT, "_project"),
    ("POST", r"/v1/projects/[^/:]+:testIamPermissions", "_allowed"),
)


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: object
    body: bytes


class No(Exception):
    """What is refused, as Google says it."""

    def __init__(self, status, message="no", reason="NO"):
        super().__init__(message)
        self.status, self.message, self.reason = status, message, reason


def digest_of(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Google:
    """What there is, and how it behaves."""

    number: str = "123"
    services: set[str] = field(
        default_factory=lambda: {"cloudresourcemanager", "serviceusage", "storage"}
    )
    permissions: set[str] | None = None
    versioned: bool = True
    repository: bool = True
    objects: dict[Any, Any] = field(default_factory=dict)
    builds: dict[Any, Any] = field(default_factory=dict)
    manifests: dict[Any, Any] = field(default_factory=dict)
    """By the image's path and its digest."""

    tags: dict[Any, Any] = field(default_factory=dict)
    ends: list[Any] = field(default_factory=lambda: ["QUEUED", "WORKING", "SUCCESS"])
    """What a build's status is, each time that it is asked for."""

    fails: list[Any] = field(default_factory=list)
    """Why, one build after another."""

    pushes: bool = True
    """Whether what a build made comes into the registry."""

    faults: dict[Any, Any] = field(default_factory=dict)
    """The statuses with which a path, of this beginning, is answered first."""

    asked: list[Any] = field(default_factory=list)
    port: int = 0

    def cloud(self, project="p"):
        """Return a project here, as somebody who is signed in."""
        credentials = Credentials("token-1")
        return Cloud(
            project,
            AuthorizedHttp(credentials, urllib3.PoolManager()),
            credentials,
            lambda host: f"http://127.0.0.1:{self.port}",
            pause_s=0,
        )

    def push(self, path, *tags, content=b"{}"):
        """Have an image be there."""
        digest = digest_of(content)
        self.manifests[path, digest] = content
        for tag in tags:
            self.tags[path, tag] = digest
        return digest

    # --- what is asked ----------------------------------------------------------------------------

    def answer(self, asked):
        if asked.headers["Authorization"] != "Bearer token-1":
            raise No(401, "Request had invalid authentication credentials.")
        for begins, statuses in self.faults.items():
            if asked.path.startswith(begins) and statuses:
                raise No(statuses.pop(0), "not now", "FAULT")
        for methods, path, name in ROUTES:
            found = re.fullmatch(path, asked.path)
            if found and asked.method in methods.split("|"):
                return getattr(self, name)(asked, *found.groups())
        raise No(400, f"nothing here is {asked.method} {asked.path}")

    def _head(self, asked, image, wanted):
        digest = self.tags.get((image, wanted), wanted)
        if (image, digest) not in self.manifests:
            raise No(404, "manifest unknown")
        headers = {"Docker-Content-Digest": digest, "Content-Type": KIND}
        return self.manifests[image, digest], headers

    def _put(self, asked, image, tag):
        assert asked.headers["Content-Type"] == KIND
        self.push(image, tag, content=asked.body)
        return {}

    def _images(self, asked, project, repository):
        begins = f"{project}/{repository}/"
        return {
            "dockerImages": [
                {
                    "uri": f"asia-south1-docker.pkg.dev/{image}@{digest}",
                    "tags": [t for (i, t), d in self.tags.items() if (i, d) == (image, digest)],
                    "uploadTime": f"2026-11-{day:02}T10:00:00.000001Z",
                }
                for day, (image, digest) in enumerate(self.manifests, 1)
                if image.startswith(begins)
            ]
        }

    def _repository(self, asked, project, name):
        if not self.repository:
            raise No(404, "Requested entity was not found.", "NOT_FOUND")
        return {"name": name}

    def _found(self, asked, region):
        (wanted,) = re.fullmatch(r'tags="([^"]+)"', asked.query["filter"][0]).groups()
        every = self.builds.values()
        found = [one for one in every if wanted in one["tags"] and one["region"] == region]
        return {"builds": found} if found else {}

    def _service(self, asked, name):
        if "serviceusage" not in self.services:
            raise No(403, "Service Usage API has not been used in project", "SERVICE_DISABLED")
        return {"state": "ENABLED" if name in self.services else "DISABLED"}

    def _project(self, asked, id):
        return {"projectId": id, "projectNumber": self.number}

    def _allowed(self, asked):
        wanted = json.loads(asked.body)["permissions"]
        may = [one for one in wanted if self.permissions is None or one in self.permissions]
        return {"permissions": may} if may else {}

    def _bucket(self, asked):
        return {"versioning": {"enabled": True}} if self.versioned else {}

    def _object(self, asked, bucket, name):
        md5 = hashlib.md5(self.objects[bucket, name]).digest()
        return {"name": name, "md5Hash": base64.b64encode(md5).decode()}

    def _begin(self, asked, region):
        build = json.loads(asked.body)
        unknown = set(build) - BUILD | {m for step in build["steps"] for m in set(step) - STEP}
        if unknown or not all(TAG.fullmatch(tag) for tag in build["tags"]):
            raise No(400, f"Invalid JSON payload received. Unknown name {unknown}")
        if region not in {"us-central1", "asia-east1"}:
            raise No(
                400,
                "failed precondition: due to quota restrictions, cannot run builds in this region",
            )
        source = build["source"]["storageSource"]
        if (source["bucket"], source["object"]) not in self.objects:
            raise No(404, "there is no source")
        id = f"build-{len(self.builds) + 1}"
        more = {
            "id": id,
            "status": "QUEUED",
            "logUrl": f"https://logs/{id}",
            "region": region,
            "at": 0,
        }
        self.builds[id] = build | more
        return {"metadata": {"build": self.builds[id]}}

    def _build(self, asked, id):
        build = self.builds[id]
        build["status"] = self.ends[min(build["at"], len(self.ends) - 1)]
        build["at"] += 1
        if build["status"] == "SUCCESS" and "results" not in build:
            path, _, _ = build["images"][0].partition("/")[2].partition(":")
            tags = [image.rpartition(":")[2] for image in build["images"]]
            content = json.dumps(build["tags"]).encode()
            if self.pushes:
                self.push(path, *tags, content=content)
            pushed = [{"name": one, "digest": digest_of(content)} for one in build["images"]]
            build["results"] = {"images": pushed}
        if build["status"] == "FAILURE":
            build["failureInfo"] = self.fails.pop(0) if self.fails else {}
        return build

    def _upload(self, asked, bucket):
        assert asked.query["uploadType"] == ["media"]
        (name,) = asked.query["name"]
        if asked.query.get("ifGenerationMatch") == ["0"] and (bucket, name) in self.objects:
            raise No(
                412,
                "At least one of the pre-conditions you specified did not hold.",
                "conditionNotMet",
            )
        self.objects[bucket, name] = asked.body
        return {"name": name, "bucket": bucket}


@contextmanager
def serving(google):
    """Have it be there."""

    class Listener(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            at = urlsplit(self.path)
            google.asked.append((self.command, at.path))
            asked = Asked(self.command, at.path, parse_qs(at.query), self.headers, body)
            try:
                status, told, headers = 200, google.answer(asked), {}
                told, headers = told if isinstance(told, tuple) else (told, headers)
            except No as no:
                detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": no.reason}
                status, headers = no.status, {}
                told = {"error": {"code": status, "message": no.message, "details": [detail]}}
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in ({"Content-Type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def __getattr__(self, name):
            if name.startswith("do_"):
                return self.do_GET
            raise AttributeError(name)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    google.port = server.server_port
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield google
    finally:
        server.shutdown()
        server.server_close()
