"""The image is made once of an archive and known by its digest, whoever began it and however often it is asked for."""

import hashlib
import json
import threading
from contextlib import suppress

import pytest

from infra import ready, supply
from infra.archive import BUILD_ENVIRONMENT
from infra.cloud import Refused
from infra.image import NOT_YET, NOT_YET_S, NOT_YET_TRIES, Images
from tests.infra.google import Google, No, digest_of, serving

CONTENT = b"what is deployed"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
COMMIT = "c" * 40
PATH = "p/functions/waooaw"


@pytest.fixture
def google():
    with serving(Google()) as found:
        yield found


@pytest.fixture
def said():
    return []


@pytest.fixture
def images(google, said):
    return Images(google.cloud(), "asia-south1", said.append, lambda _: None)


@pytest.fixture
def archive(tmp_path):
    file = tmp_path / "waooaw-1.zip"
    file.write_bytes(CONTENT)
    return file


def made(images, archive, region="us-central1", commit=COMMIT):
    images.uploaded(archive)
    return images.made(archive, region, commit)


def test_an_archive_is_uploaded_built_and_known_by_the_digest_that_the_registry_has(
    google, images, archive
):
    digest = made(images, archive)
    assert google.objects == {("p-source", f"{SHA256}.zip"): CONTENT}
    assert google.tags == {(PATH, SHA256): digest, (PATH, f"commit-{COMMIT}"): digest}
    assert images.reference(digest) == f"asia-south1-docker.pkg.dev/{PATH}@{digest}"


def test_what_is_there_is_not_built_again(google, images, archive):
    digest = made(images, archive)
    assert made(images, archive) == digest
    assert len(google.builds) == 1


def test_the_buildpack_is_told_which_python_which_function_and_what_pip_needs(
    google, images, archive
):
    made(images, archive)
    (build,) = google.builds.values()
    (step,) = build["steps"]
    args = step["args"]
    told = {args[n + 1] for n, one in enumerate(args) if one == "--env"}
    assert told == {
        "GOOGLE_PYTHON_VERSION=3.11.x",
        "GOOGLE_FUNCTION_TARGET=serve",
        "GOOGLE_FUNCTION_SIGNATURE_TYPE=http",
        *(f"{name}={value}" for name, value in BUILD_ENVIRONMENT.items()),
    }
    assert args[args.index("--builder") + 1] == "gcr.io/buildpacks/builder:google-22"
    assert build["serviceAccount"].endswith("/builder@p.iam.gserviceaccount.com")
    assert build["options"] == {"logging": "CLOUD_LOGGING_ONLY"}


def test_a_build_says_how_far_it_is_and_where_its_log_is(google, images, archive, said):
    google.ends = ["QUEUED", "WORKING", "WORKING", "SUCCESS"]
    made(images, archive)
    assert said[1:] == ["building: https://logs/build-1", "  queued, 0 s", "  working, 0 s"]


def test_a_build_that_a_killed_run_began_is_waited_for(google, images, archive, said):
    images.uploaded(archive)
    with pytest.raises(KeyboardInterrupt):
        Images(images.cloud, images.region, said.append, interrupted).made(archive, "us-central1")
    assert [one["status"] for one in google.builds.values()] == ["QUEUED"]
    digest = made(images, archive)
    assert len(google.builds) == 1
    assert images.digest(SHA256) == digest
    assert "going on with: https://logs/build-1" in said


def interrupted(_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("end", ["FAILURE", "TIMEOUT", "CANCELLED", "EXPIRED", "INTERNAL_ERROR"])
def test_a_build_that_fails_is_said_with_its_log_and_tried_anew(google, images, archive, end):
    google.ends = ["WORKING", end]
    with pytest.raises(
        SystemExit, match=f"the build ended with {end}.*; its log: https://logs/build-1"
    ):
        made(images, archive)
    google.ends = ["SUCCESS"]
    assert made(images, archive) == digest_of(json.dumps([SHA256]).encode())
    assert len(google.builds) == 2


def test_why_a_build_failed_is_said(google, images, archive):
    google.ends = ["FAILURE"]
    google.fails = [{"type": "USER_BUILD_STEP", "detail": "pip found no such package"}]
    with pytest.raises(SystemExit, match="FAILURE: pip found no such package; its log"):
        made(images, archive)
    assert len(google.builds) == 1


@pytest.mark.parametrize("type", sorted(NOT_YET))
def test_a_builder_that_is_not_known_everywhere_yet_is_tried_again(google, images, archive, type):
    google.fails = [{"type": type}, {"type": type}]
    google.ends = ["FAILURE"]
    slept = []

    def later(seconds):
        slept.append(seconds)
        if slept.count(NOT_YET_S) == 2:
            google.ends = ["SUCCESS"]

    images.uploaded(archive)
    assert Images(images.cloud, images.region, str, later).made(archive, "us-central1")
    assert len(google.builds) == 3


def test_a_builder_that_may_not_is_told_so_in_the_end(google, images, archive):
    google.fails = [{"type": "PUSH_NOT_AUTHORIZED", "detail": "denied"}] * 9
    google.ends = ["FAILURE"]
    with pytest.raises(SystemExit, match="FAILURE: denied"):
        made(images, archive)
    assert len(google.builds) == NOT_YET_TRIES


def test_what_the_build_says_and_the_registry_has_not_is_not_deployed(google, images, archive):
    google.pushes = False
    with pytest.raises(SystemExit, match="the registry has nothing: nothing is deployed"):
        made(images, archive)


def test_another_image_than_was_built_is_not_deployed(google, images, archive):
    google.pushes = False
    images.uploaded(archive)
    other = []

    def meanwhile(_):
        if not other:
            other.append(google.push(PATH, SHA256, content=b"another"))

    one = Images(images.cloud, images.region, str, meanwhile)
    with pytest.raises(SystemExit, match=r"and the registry has sha256:.*: nothing is deployed"):
        one.made(archive, "us-central1")


def test_a_region_where_the_project_may_not_build_is_said_with_those_where_it_may(images, archive):
    with pytest.raises(
        SystemExit, match=r"may not build in asia-south1; .*us-central1.*buildRegion"
    ):
        made(images, archive, "asia-south1")


def test_a_file_under_the_archives_name_that_is_not_the_archive_is_not_built(
    google, images, archive
):
    google.objects["p-source", f"{SHA256}.zip"] = b"another"
    with pytest.raises(SystemExit, match="is not what its name says"):
        made(images, archive)
    assert google.builds == {}


def lies_beside(archive, commit=COMMIT, sha256=SHA256):
    """Write what lies beside an archive, as far as it is held to it, and return both."""
    bill, statement = (archive.with_suffix(end) for end in (supply.BILL, supply.PROVENANCE))
    bill.write_text(json.dumps({"metadata": {"component": {"hashes": [{"content": sha256}]}}}))
    of = {"sha256": hashlib.sha256(bill.read_bytes()).hexdigest()}
    source = [{"digest": {"gitCommit": commit}}]
    predicate = {
        "buildDefinition": {"resolvedDependencies": source},
        "runDetails": {"byproducts": [{"digest": of}]},
    }
    said = {"subject": [{"digest": {"sha256": sha256}}], "predicate": predicate}
    statement.write_text(json.dumps(said))
    return bill, statement


def test_what_lies_beside_an_archive_is_uploaded_once_with_it(google, images, archive):
    first = [one.read_bytes() for one in lies_beside(archive)]
    images.uploaded(archive)
    lies_beside(archive, "d" * 40)
    images.uploaded(archive)
    names = [f"{SHA256}{end}" for end in (".zip", ".cdx.json", ".provenance.json")]
    assert google.objects == dict(
        zip([("p-source", n) for n in names], [CONTENT, *first], strict=True)
    )


def test_what_is_of_another_archive_is_not_uploaded(google, images, archive):
    lies_beside(archive, sha256="0" * 64)
    with pytest.raises(SystemExit, match=r"cdx.json is not of the archive .*: make archive"):
        images.uploaded(archive)
    assert google.objects == {}


def test_an_upload_whose_answer_was_lost_is_done(google, images, archive):
    upload, lost = google._upload, [1, 1]

    def late(*asked):
        upload(*asked)
        if lost.pop():
            raise No(503, "lost")

    google._upload = late
    images.uploaded(archive)
    assert google.objects == {("p-source", f"{SHA256}.zip"): CONTENT}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_tag_that_could_not_be_moved_at_once_is_moved(google, images, status):
    digest = google.push(PATH, content=b"1")
    put, first = google._put, [status, status]

    def later(*asked):
        if first:
            raise No(first.pop())
        return put(*asked)

    google._put = later
    images.tag(digest, "running")
    assert images.digest("running") == digest


CALLS = {
    "a digest": lambda images, _: images.digest("running"),
    "a tag": lambda images, _: images.tag(f"sha256:{'0' * 64}", "running"),
    "what is kept": lambda images, _: images.kept(),
    "the repository": lambda images, _: images.there,
    "an image": lambda images, _: images.taken("before"),
    "an upload": lambda images, archive: images.uploaded(archive),
    "a build": lambda images, archive: images.made(archive, "us-central1"),
    "the project": lambda images, _: ready._project(images.cloud, "dev", "123"),
    "the rights": lambda images, _: ready._rights(images.cloud),
    "the state": lambda images, _: ready._state(images.cloud, "state"),
}
STATUSES = (
    301,
    302,
    304,
    307,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    412,
    418,
    429,
    500,
    501,
    502,
    503,
    504,
)
DONE = {("a digest", 404), ("the repository", 404), ("an upload", 412)}
"""What is no refusal."""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", STATUSES)
def test_every_refusal_is_a_sentence_with_what_to_do(google, images, archive, call, status):
    google.faults = {"/": [status] * 99}
    if (call, status) in DONE:
        return
    with pytest.raises((Refused, SystemExit), match=r".+; .+|is no image"):
        CALLS[call](images, archive)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("nothing", [b"<html>", b"[]", b"null", b"{}", b"", b"\xff"])
def test_an_answer_that_says_nothing_is_no_traceback(google, images, archive, call, nothing):
    google.answer = lambda _: nothing
    with suppress(Refused, SystemExit):
        CALLS[call](images, archive)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_by_itself_is_asked_again(google, images, archive, status):
    google.faults = {"/v2/": [status, status], "/v1/projects/p/locations": [status]}
    assert made(images, archive)


def test_what_does_not_pass_is_said(google, images, archive):
    google.faults = {"/v2/": [429] * 9}
    with pytest.raises(Refused, match=r"asia-south1-docker.pkg.dev answered 429"):
        made(images, archive)


def test_who_may_not_is_told_by_whom(google, images, archive):
    google.faults = {"/v1/projects/p/locations": [403]}
    with pytest.raises(Refused, match=r"cloudbuild.googleapis.com answered 403: not now"):
        made(images, archive)


def test_whose_sign_in_is_over_is_told_to_sign_in_again(google, images, archive):
    google.faults = {"/v1/projects/p/locations": [401]}
    with pytest.raises(SystemExit, match="run: gcloud auth application-default login"):
        made(images, archive)


def test_a_build_is_never_begun_twice_for_an_answer_that_was_lost(google, images, archive):
    images.uploaded(archive)
    begin = google._begin

    def lost(*asked):
        begin(*asked)
        raise No(500, "lost")

    google._begin = lost
    with pytest.raises(Refused, match="answered 500"):
        images.made(archive, "us-central1")
    google._begin = begin
    assert images.made(archive, "us-central1")
    assert len(google.builds) == 1


def test_what_is_kept_is_listed_newest_first_with_where_it_comes_from(google, images):
    old = google.push(PATH, "a" * 64, f"commit-{COMMIT}", "before", content=b"1")
    new = google.push(PATH, "b" * 64, "running", content=b"2")
    google.push("p/functions/other", "c" * 64, content=b"3")
    first, second = images.kept()
    assert (first.digest, first.archive, first.commit) == (new, "b" * 64, "")
    assert (second.digest, second.archive, second.commit) == (old, "a" * 64, COMMIT)


def test_a_tag_is_moved_without_a_change_of_the_image(google, images):
    digest = google.push(PATH, content=b"1")
    images.tag(digest, "running")
    assert images.digest("running") == digest


def test_two_that_deploy_the_same_at_once_end_with_one_image(google, images, archive):
    images.uploaded(archive)
    found = []
    runs = [
        threading.Thread(target=lambda: found.append(images.made(archive, "us-central1")))
        for _ in range(2)
    ]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert len(set(found)) == 1
