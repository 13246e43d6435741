"""An image goes from one stack's repository to another's as the same bytes: by skopeo, between real registries that ask who is there."""

import gzip
import hashlib
import json
import os
import shutil
import stat
import subprocess
import time
from dataclasses import replace

import pytest
import urllib3
from google.oauth2.credentials import Credentials

from benchmarks.spawn import free_port
from infra.image import Images
from tests.infra.google import Google, serving

OURS, THEIRS = "staging/functions/waooaw", "dev/functions/waooaw"
USER, TOKEN = "oauth2accesstoken", "token-1"
MARK = f"well-20261102t100000z-{'c' * 40}"
"""That it ran well there."""

KNOWN = f"{USER}:$2b$05$abcdefghijklmnopqrstuu.n70GV29xNDNyNn7pCrunTF/F3aYC26\n"
"""The token, as the registry knows it."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Start Debian's registry, which lets nobody in without the token."""
    for command in ("docker-registry", "skopeo"):
        if shutil.which(command) is None:
            pytest.skip(f"there is no {command} here; on Debian: apt-get install {command}")
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    (folder / "htpasswd").write_text(KNOWN)
    settings = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
        "auth": {"htpasswd": {"realm": "here", "path": str(folder / "htpasswd")}},
    }
    (folder / "config.yml").write_text(json.dumps(settings))
    command = ["docker-registry", "serve", str(folder / "config.yml")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stderr=log, stdout=log) as run,
    ):
        try:
            for _ in range(100):
                try:
                    urllib3.request("GET", f"http://127.0.0.1:{port}/v2/", retries=False)
                    break
                except urllib3.exceptions.HTTPError:
                    time.sleep(0.1)
            yield f"127.0.0.1:{port}"
        finally:
            run.terminate()


@pytest.fixture
def plain(registry, tmp_path, monkeypatch):
    """Have skopeo speak to the registry without TLS."""
    file = tmp_path / ".config" / "containers" / "registries.conf"
    file.parent.mkdir(parents=True)
    file.write_text(f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    return registry


@pytest.fixture
def google():
    with serving(Google()) as found:
        yield found


class Both:
    """Shows the registry the token in its own way; Google's takes it in either."""

    def __init__(self, http):
        self.http, self.basic = http, urllib3.make_headers(basic_auth=f"{USER}:{TOKEN}")

    def urlopen(self, method, url, *, headers, **more):
        if "/v2/" in url:
            return urllib3.PoolManager().urlopen(method, url, headers=headers | self.basic, **more)
        return self.http.urlopen(method, url, headers=headers, **more)


@pytest.fixture
def images(plain, google):
    """Return the images of a stack, whose registry is the real one."""
    cloud = google.cloud("staging")

    def address(host):
        return f"http://{plain}" if host.endswith("pkg.dev") else f"http://127.0.0.1:{google.port}"

    return Images(replace(cloud, http=Both(cloud.http), address=address), "asia-south1", str)


def blob(layout, content):
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(content)
    return {"digest": f"sha256:{digest}", "size": len(content)}


@pytest.fixture
def pushed(plain, google, tmp_path):
    """Push an image of one layer into the other stack's repository, and return its digest."""
    layout = tmp_path / "layout"
    (layout / "blobs" / "sha256").mkdir(parents=True)
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    kind = "application/vnd.oci.image"
    content = os.urandom(300_000)
    layer = blob(layout, gzip.compress(content))
    diff = f"sha256:{hashlib.sha256(content).hexdigest()}"
    made = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [diff]},
    }
    config = blob(layout, json.dumps(made).encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": config | {"mediaType": f"{kind}.config.v1+json"},
        "layers": [layer | {"mediaType": f"{kind}.layer.v1.tar+gzip"}],
    }
    content = json.dumps(manifest).encode()
    index = blob(layout, content) | {"mediaType": manifest["mediaType"]}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
    command = [
        "skopeo",
        "--insecure-policy",
        "copy",
        "--preserve-digests",
        "--dest-creds",
        f"{USER}:{TOKEN}",
    ]
    command += [f"oci:{layout}", f"docker://{plain}/{THEIRS}:latest"]
    subprocess.run(command, check=True, capture_output=True)
    theirs_alone = "running", "before", "next", MARK
    return google.push(THEIRS, "a" * 64, f"commit-{'c' * 40}", *theirs_alone, content=content)


def theirs(digest):
    return f"asia-south1-docker.pkg.dev/{THEIRS}@{digest}"


def test_the_same_bytes_are_in_the_other_repository_under_the_same_tags(images, pushed):
    assert images.digest(pushed) is None
    assert images.taken(theirs(pushed)) == pushed
    assert images.digest(pushed) == pushed
    assert images.digest("a" * 64) == images.digest(f"commit-{'c' * 40}") == pushed
    for tag in ("running", "before", "next", MARK):
        assert images.digest(tag) != pushed, "what ran in the other stack did not run here"


def test_what_is_there_is_not_copied_again(images, pushed, monkeypatch):
    images.taken(theirs(pushed))
    monkeypatch.setenv("PATH", "")
    assert images.taken(theirs(pushed)) == pushed
    assert images.taken(pushed) == pushed, "its own, by the digest alone"


def test_a_tag_of_the_real_registry_is_moved(images, pushed):
    images.taken(theirs(pushed))
    images.tag(pushed, "running")
    assert images.digest("running") == pushed


def test_who_may_not_read_the_other_repository_is_told_so(images, pushed):
    stranger = replace(images, cloud=replace(images.cloud, credentials=Credentials("another")))
    with pytest.raises(SystemExit, match=r"skopeo did not copy .*(unauthorized|authentication)"):
        stranger.taken(theirs(pushed))


def test_what_the_other_repository_has_not_is_not_taken(images):
    with pytest.raises(
        SystemExit, match=r"dev/functions/waooaw keeps no sha256:0+; python -m infra images"
    ):
        images.taken(theirs(f"sha256:{'0' * 64}"))


# --- without a registry ---------------------------------------------------------------------------


@pytest.fixture
def alone(google):
    return Images(google.cloud("staging"), "asia-south1", lambda _: None)


@pytest.fixture
def skopeo(tmp_path, monkeypatch):
    """Put a command of that name first."""

    def does(script):
        command = tmp_path / "skopeo"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(command.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return does


def test_a_copy_that_is_not_there_is_not_deployed(google, alone, skopeo):
    digest = google.push(THEIRS, content=b"1")
    skopeo("exit 0")
    with pytest.raises(SystemExit, match=r"is not in .* after it was copied"):
        alone.taken(theirs(digest))


def test_the_missing_command_is_said(google, alone, monkeypatch, tmp_path):
    digest = google.push(THEIRS, content=b"1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="skopeo is missing; install it"):
        alone.taken(theirs(digest))


def test_no_token_is_where_others_see_it(google, alone, skopeo, tmp_path):
    digest = google.push(THEIRS, content=b"1")
    skopeo(
        f'echo "$@" > {tmp_path}/asked; for a in "$@"; do [ -f "$a" ] && stat -c %a "$a" >> {tmp_path}/asked; done'
    )
    with pytest.raises(SystemExit):
        alone.taken(theirs(digest))
    asked = (tmp_path / "asked").read_text()
    assert TOKEN not in asked
    assert "600" in asked


def test_an_image_that_its_own_repository_has_not_is_said(alone):
    with pytest.raises(SystemExit, match=r"keeps no sha256:0+; python -m infra images"):
        alone.taken(f"sha256:{'0' * 64}")


@pytest.mark.parametrize(
    "given",
    [
        "latest",
        "sha256:1",
        "docker.io/library/python@sha256:" + "0" * 64,
        f"asia-south1-docker.pkg.dev/{THEIRS}:latest",
    ],
)
def test_what_names_no_image_by_its_digest_is_refused(alone, given):
    with pytest.raises(SystemExit, match="is no image: it is sha256"):
        alone.taken(given)
