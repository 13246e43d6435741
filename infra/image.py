"""
The one image that every function runs: made once from the archive, by Google's buildpack in Cloud Build, and known by its digest.

An archive lies in the bucket of sources under its sha256, and its image has that as a tag: what is there is not made again,
whoever made it, and a build that goes on is waited for. Between stacks the same bytes are copied.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from infra import supply
from infra.archive import BUILD_ENVIRONMENT, PYTHON
from infra.cloud import ELSEWHERE, Cloud, Refused
from infra.stack import IMAGES

NAME = "waooaw"
"""The image, in the repository of each project."""

KEPT = RUNNING, BEFORE, NEXT = "running", "before", "next"
"""The tags of images that stay: what a stack ran well last and before it, and what was deployed last or is being deployed."""

WELL = re.compile(r"well-\d{8}t\d{6}z(?:-(?P<commit>[0-9a-f]{40}))?")
"""The mark of an image that was watched and stayed well: when, and which commit's program it was deployed by, as far as known."""

PACK = "gcr.io/k8s-skaffold/pack"
BUILDER = "gcr.io/buildpacks/builder:google-22"
"""What builds, and on what: Ubuntu 22.04 is the last that has this version of Python; the builder's `latest` has others."""

TOLD = {
    **BUILD_ENVIRONMENT,
    "GOOGLE_PYTHON_VERSION": f"{'.'.join(map(str, PYTHON))}.x",
    "GOOGLE_FUNCTION_TARGET": "serve",
    # A service that takes CloudEvents says so itself, by FUNCTION_SIGNATURE_TYPE.
    "GOOGLE_FUNCTION_SIGNATURE_TYPE": "http",
}
"""What the buildpack is told."""

BUILD_S = 30 * 60
LOOK_EACH_S = 5
NOT_YET = {"FETCH_SOURCE_FAILED", "LOGGING_FAILURE", "PUSH_NOT_AUTHORIZED"}
"""Why a build fails whose account is not known everywhere yet, which takes minutes after it was made; it is no fault of the archive."""

NOT_YET_TRIES, NOT_YET_S = 4, 60
GOES_ON = {"PENDING", "QUEUED", "WORKING"}
ALLOWED = (
    "us-central1, us-west2, europe-west1, asia-east1, australia-southeast1 and southamerica-east1"
)
"""Where Cloud Build lets every project build (its page of locations)."""

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
REFERENCE = re.compile(
    r"(?P<region>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[a-z0-9:.-]+)/"
    rf"{IMAGES}/{NAME}@(?P<digest>sha256:[0-9a-f]{{64}})"
)


@dataclass(frozen=True)
class Kept:
    """An image that a repository keeps."""

    digest: str
    tags: tuple[str, ...]
    uploaded: datetime

    @property
    def archive(self) -> str:
        """The sha256 of the archive that it was made from; empty where no tag says it."""
        return next((tag for tag in self.tags if re.fullmatch("[0-9a-f]{64}", tag)), "")

    @property
    def commit(self) -> str:
        """The commit that its archive was built from, likewise."""
        return next((t[7:] for t in self.tags if re.fullmatch("commit-[0-9a-f]{40}", t)), "")

    @property
    def ran_well(self) -> bool:
        """Whether this stack ran it, was watched and stayed well."""
        return any(WELL.fullmatch(tag) for tag in self.tags)

    @property
    def released(self) -> str:
        """The commit whose program deployed it when it ran well last; empty where nobody can say."""
        marks = sorted(tag for tag in self.tags if WELL.fullmatch(tag))
        found = WELL.fullmatch(marks[-1]) if marks else None
        return (found["commit"] or "") if found else ""


@dataclass(frozen=True)
class Images:
    """The images of one stack."""

    cloud: Cloud
    region: str
    say: Callable[[str], None] = print
    sleep: Callable[[float], None] = time.sleep

    @property
    def host(self) -> str:
        """The registry."""
        return f"{self.region}-docker.pkg.dev"

    @property
    def path(self) -> str:
        """The image in the registry."""
        return f"{self.cloud.project}/{IMAGES}/{NAME}"

    @property
    def name(self) -> str:
        """The image, without a tag or a digest."""
        return f"{self.host}/{self.path}"

    @property
    def place(self) -> str:
        """The same, for what goes there by itself."""
        return f"{self.cloud.address(self.host).partition('://')[2]}/{self.path}"

    def reference(self, digest: str) -> str:
        """Return an image as what runs it names it."""
        return f"{self.name}@{digest}"

    def digest(self, tag: str) -> str | None:
        """Return which image a tag, or a digest, leads to, as the registry says; None where it has none."""
        path = f"/v2/{self.path}/manifests/{tag}"
        try:
            answer = self.cloud.answer("HEAD", self.host, path, {"Accept": MANIFESTS})
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        if digest := answer.headers.get("Docker-Content-Digest"):
            return str(digest)
        raise Refused(200, f"{self.host} answered without a digest; {ELSEWHERE}", frozenset())

    def tag(self, digest: str, tag: str) -> None:
        """Have a tag lead to an image."""
        path = f"/v2/{self.path}/manifests"
        found = self.cloud.answer("GET", self.host, f"{path}/{digest}", {"Accept": MANIFESTS})
        kind = {"Content-Type": found.headers.get("Content-Type", "")}
        self.cloud.answer("PUT", self.host, f"{path}/{tag}", kind, found.data)

    def kept(self) -> list[Kept]:
        """Return what there is, newest first."""
        parent = f"projects/{self.cloud.project}/locations/{self.region}/repositories/{IMAGES}"
        found, page = [], ""
        while True:
            path = f"/v1/{parent}/dockerImages?pageSize=1000&pageToken={quote(page)}"
            answer = self.cloud.ask("GET", "artifactregistry.googleapis.com", path)
            for one in answer.get("dockerImages", ()):
                name, _, digest = one["uri"].partition("@")
                if name == self.name:
                    at = datetime.fromisoformat(one["uploadTime"])
                    found.append(Kept(digest, tuple(sorted(one.get("tags", ()))), at))
            page = answer.get("nextPageToken", "")
            if not page:
                return sorted(found, key=lambda one: one.uploaded, reverse=True)

    def known(self, name: str) -> Kept | None:
        """Return what there is with a digest or a tag; None where there is nothing."""
        return next((one for one in self.kept() if name in {one.digest, *one.tags}), None)

    def marked_well(self, digest: str, commit: str) -> None:
        """
        Have an image be what runs: it was deployed last by a commit's program, was watched and stayed well.

        What ran before it becomes its way back, unless it had run well once already: then it is itself gone back to.

        Raises:
            SystemExit: It is not what was deployed last.
        """
        if self.digest(NEXT) != digest:
            raise SystemExit(f"{self.reference(digest)} is not what was deployed last")
        running, found = self.digest(RUNNING), self.known(digest)
        if running and running != digest and not (found and found.ran_well):
            self.tag(running, BEFORE)
        at = f"{datetime.now(UTC):%Y%m%dt%H%M%Sz}"
        self.tag(digest, f"well-{at}-{commit}" if commit else f"well-{at}")
        self.tag(digest, RUNNING)

    # --- made from an archive ---------------------------------------------------------------------

    def uploaded(self, archive: Path) -> None:
        """
        Have an archive, and what lies beside it, in the bucket of sources, where nothing is ever replaced.

        Raises:
            SystemExit: Another file is there under its name, or what lies beside it is another's.
        """
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        for file in (archive, *supply.beside(archive)):
            name = sha256 + file.name.removeprefix(archive.stem)
            # Of the statements the first stays: other commits may make the same archive.
            if not self._created(name, file.read_bytes()) and file == archive:
                raise SystemExit(
                    f"gs://{self.cloud.project}-source/{name} is not what its name says; "
                    "nothing is deployed from it"
                )

    def _created(self, name: str, content: bytes) -> bool:
        """Have a file be in the bucket of sources, and return whether what is there is this."""
        host, bucket = "storage.googleapis.com", f"{self.cloud.project}-source"
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&ifGenerationMatch=0&name={name}"
        kind = {"Content-Type": "application/octet-stream"}
        try:
            self.cloud.answer("POST", host, path, kind, content, repeatable=True)
        except Refused as refused:
            if refused.status != 412:
                raise
            found = self.cloud.ask("GET", host, f"/storage/v1/b/{bucket}/o/{name}")
            md5 = hashlib.md5(content, usedforsecurity=False).digest()
            return bool(found["md5Hash"] == base64.b64encode(md5).decode())
        self.say(f"gs://{bucket}/{name}")
        return True

    def made(self, archive: Path, build_region: str, commit: str = "") -> str:
        """
        Return the digest of an archive's image, which is built if it is not there.

        Raises:
            SystemExit: It cannot be built; the sentence says where its log is.
        """
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest := self.digest(sha256):
            self.say(f"the image of archive {sha256[:12]} is there: {digest}")
            return digest
        for left in reversed(range(NOT_YET_TRIES)):
            under_way = self._under_way(build_region, sha256)
            build = under_way or self._begun(build_region, sha256, commit)
            self.say(f"{'going on with' if under_way else 'building'}: {build.get('logUrl', '')}")
            ended = self._ended(build_region, build)
            failed = ended.get("failureInfo", {})
            if not left or failed.get("type") not in NOT_YET:
                break
            self.say(f"{failed.get('detail') or failed['type']}: again in {NOT_YET_S} s")
            self.sleep(NOT_YET_S)
        if ended["status"] != "SUCCESS":
            why = failed.get("detail") or ended.get("statusDetail")
            said = f"the build ended with {ended['status']}" + (f": {why}" if why else "")
            raise SystemExit(f"{said}; its log: {ended.get('logUrl', 'in Cloud Logging')}")
        return self._read_back(ended, sha256)

    def _under_way(self, region: str, sha256: str) -> Any:
        """Return the build that another run has begun for the same archive, if it goes on."""
        wanted = quote(f'tags="{sha256}"')
        path = f"/v1/{self._builds(region)}?pageSize=20&filter={wanted}"
        found = self.cloud.ask("GET", "cloudbuild.googleapis.com", path).get("builds", ())
        return next((one for one in found if one["status"] in GOES_ON), None)

    def _begun(self, region: str, sha256: str, commit: str) -> Any:
        path = f"/v1/{self._builds(region)}"
        wanted = self.build(sha256, commit)
        try:
            begun = self.cloud.ask("POST", "cloudbuild.googleapis.com", path, wanted)
        except Refused as refused:
            if "cannot run builds in this region" in str(refused):
                raise SystemExit(
                    f"this project may not build in {region}; every project may in {ALLOWED}: "
                    "pulumi -C infra config set waooaw:buildRegion REGION --stack STACK"
                ) from None
            raise
        return begun["metadata"]["build"]

    def build(self, sha256: str, commit: str) -> Mapping[str, Any]:
        """Return the build of an archive, as Cloud Build takes it."""
        tags = [sha256, *([f"commit-{commit}"] if commit else ())]
        images = [f"{self.name}:{tag}" for tag in tags]
        project = self.cloud.project
        args = ["build", images[0], "--builder", BUILDER, "--network", "cloudbuild"]
        for image in images[1:]:
            args += ["--tag", image]
        for name, value in TOLD.items():
            args += ["--env", f"{name}={value}"]
        return {
            "source": {"storageSource": {"bucket": f"{project}-source", "object": f"{sha256}.zip"}},
            "steps": [{"name": PACK, "entrypoint": "pack", "args": args}],
            "images": images,
            "tags": [sha256],
            "serviceAccount": (
                f"projects/{project}/serviceAccounts/builder@{project}.iam.gserviceaccount.com"
            ),
            "options": {"logging": "CLOUD_LOGGING_ONLY"},
            "timeout": f"{BUILD_S}s",
        }

    def _ended(self, region: str, build: Any) -> Any:
        """Wait for a build, and say how far it is."""
        began, said = time.monotonic(), ""
        while build["status"] in GOES_ON:
            now = f"{build['status'].lower()}, {round((time.monotonic() - began) // 30 * 30)} s"
            if now != said:
                self.say(f"  {now}")
                said = now
            self.sleep(LOOK_EACH_S)
            path = f"/v1/{self._builds(region)}/{build['id']}"
            build = self.cloud.ask("GET", "cloudbuild.googleapis.com", path)
        return build

    def _read_back(self, build: Any, sha256: str) -> str:
        """Return the digest that was pushed, if the registry has that and no other."""
        pushed = {one["digest"] for one in build["results"]["images"]}
        there = self.digest(sha256)
        if there is None or pushed != {there}:
            raise SystemExit(
                f"Cloud Build says that it pushed {' and '.join(sorted(pushed))}, "
                f"and the registry has {there or 'nothing'}: nothing is deployed"
            )
        return there

    def _builds(self, region: str) -> str:
        return f"projects/{self.cloud.project}/locations/{region}/builds"

    # --- taken from another stack -----------------------------------------------------------------

    @property
    def there(self) -> bool:
        """Whether the stack's repository is: before its first deployment it is not."""
        path = f"/v1/projects/{self.cloud.project}/locations/{self.region}/repositories/{IMAGES}"
        try:
            self.cloud.ask("GET", "artifactregistry.googleapis.com", path)
        except Refused as refused:
            if refused.status == 404 or refused.not_enabled:
                return False
            raise
        return True

    def found(self, reference: str) -> "tuple[str, Images]":
        """
        Return the digest of an image and where it is: in this stack's repository, else in another's.

        Args:
            reference: The whole of it, its digest alone, or a tag that stays.

        Raises:
            SystemExit: It is in neither, or cannot be copied from there.
        """
        there = self.there
        if reference in KEPT:
            kept = self.digest(reference) if there else None
            reference = kept or f"{self.name}:{reference}"
        known = REFERENCE.fullmatch(reference if "@" in reference else self.reference(reference))
        if known is None:
            raise SystemExit(
                f"{reference} is no image: it is sha256:…, or {self.name}@sha256:… of any stack"
            )
        digest = known["digest"]
        if there and self.digest(digest) == digest:
            return digest, self
        theirs = Images(replace(self.cloud, project=known["project"]), known["region"])
        if reference != known[0] or theirs.name == self.name or theirs.digest(digest) != digest:
            raise SystemExit(
                f"{theirs.name} keeps no {digest}; python -m infra images STACK says what it keeps"
            )
        if not shutil.which("skopeo"):
            raise SystemExit(
                "skopeo is missing; install it: apt-get install skopeo, or brew install skopeo"
            )
        return digest, theirs

    def taken(self, reference: str) -> str:
        """
        Return the digest of an image that is in this stack's repository, where it is copied from another's if it is not.

        Args:
            reference: As `found` takes it.

        Raises:
            SystemExit: It is not there, or is another one after it was copied.
        """
        digest, theirs = self.found(reference)
        if theirs is not self:
            self._copied(theirs, digest)
            if self.digest(digest) != digest:
                raise SystemExit(f"{digest} is not in {self.name} after it was copied")
        return digest

    def _copied(self, theirs: "Images", digest: str) -> None:
        """Copy an image with what its tags say of where it comes from, and not of what ran where it is."""
        there = theirs.known(digest)
        tags = [t for t in there.tags if t not in KEPT and not WELL.fullmatch(t)] if there else ()
        self.say(f"copying {theirs.reference(digest)}")
        hosts = {one.place.partition("/")[0] for one in (self, theirs)}
        login = base64.b64encode(f"oauth2accesstoken:{self.cloud.token()}".encode()).decode()
        with TemporaryDirectory() as folder:
            known = Path(folder) / "auth.json"
            known.touch(mode=0o600)
            known.write_text(json.dumps({"auths": {host: {"auth": login} for host in hosts}}))
            for tag in tags or (f"of-{digest[7:]}",):
                # No policy of this machine has to say whom to trust: the digest says what it is.
                command = ["skopeo", "--insecure-policy", "copy", "--all", "--preserve-digests"]
                command += ["--retry-times", "3", "--authfile", str(known)]
                command += [f"docker://{theirs.place}@{digest}", f"docker://{self.place}:{tag}"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - as we say
                if done.returncode:
                    last = (done.stderr.strip() or "it says nothing").splitlines()[-1]
                    raise SystemExit(f"skopeo did not copy {theirs.reference(digest)}: {last}")
