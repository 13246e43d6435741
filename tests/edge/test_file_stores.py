"""One suite over every place of files: a bucket in an emulator, a folder with what serves its links, and the fake of tests."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import flask
import pytest

from local.links import linked
from shared.edge.keys import made_once
from shared.edge.storage import BucketFiles, FolderFiles
from shared.errors import NotFound, Refusal
from shared.files import Content
from tests.conftest import NOON
from tests.emulators import free_port
from tests.outside import FakeFiles

NAME = "acme.00000000-0000-4000-8000-00000000000a/" + "3" * 64
OTHER = NAME.replace("3", "4")
DOCUMENT = Content("text/csv", b"a,b\r\n\x00\xff")


@pytest.fixture(scope="module")
def emulator():
    from gcp_storage_emulator.server import create_server  # type: ignore[import-untyped]

    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="p-uploads")
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(params=["bucket", "folder", "fake"])
def files(request, tmp_path, monkeypatch):
    match request.param:
        case "bucket":
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("emulator"))
            store = BucketFiles("p-uploads", "a@p.iam.gserviceaccount.com", lambda: NOON)
            store.remove(NAME)
            return store
        case "folder":
            return FolderFiles(str(tmp_path / "uploads"), tmp_path / "links.key", lambda: NOON)
    return FakeFiles()


def test_what_is_kept_is_read(files):
    files.keep(NAME, DOCUMENT)
    assert files.read(NAME) == DOCUMENT


@pytest.mark.parametrize("files", ["folder", "fake"], indirect=True)
def test_the_first_of_a_name_is_kept(files):
    """The emulator replaces; what is asked of Storage, and what it answers, is in test_storage.py."""
    files.keep(NAME, DOCUMENT)
    files.keep(NAME, Content("text/plain", b"another"))
    assert files.read(NAME) == DOCUMENT


def test_what_is_removed_is_gone(files):
    files.keep(NAME, DOCUMENT)
    for _ in range(2):
        files.remove(NAME)
    with pytest.raises(NotFound, match="there is no such file"):
        files.read(NAME)
    files.keep(NAME, DOCUMENT)
    assert files.read(NAME) == DOCUMENT


def test_what_is_kept_under_a_name_is_removed_and_nothing_beside_it(files):
    under = NAME.partition("/")[0]
    beside = f"{under}b/{'3' * 64}"
    for name in (NAME, OTHER, f"{under}/deep/er", beside):
        files.keep(name, DOCUMENT)
    for _ in range(2):
        files.remove_all(under)
    for name in (NAME, OTHER, f"{under}/deep/er"):
        with pytest.raises(NotFound):
            files.read(name)
    assert files.read(beside) == DOCUMENT
    files.keep(NAME, DOCUMENT)
    assert files.read(NAME) == DOCUMENT


@pytest.mark.parametrize(
    "name", [OTHER, f"{NAME}/below", "acme.00000000-0000-4000-8000-00000000000a"]
)
def test_what_was_never_kept_is_not_there(files, name):
    files.keep(NAME, DOCUMENT)
    with pytest.raises(NotFound):
        files.read(name)


# --- a folder's links ------------------------------------------------------------------------------


class Time:
    now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def folder(tmp_path, time):
    store = FolderFiles(str(tmp_path / "uploads"), tmp_path / "keys" / "links.key", time)
    store.keep(NAME, DOCUMENT)
    store.keep(OTHER, Content("text/html", b"other"))
    return store


@pytest.fixture
def browser(folder):
    app = flask.Flask("tests")
    app.register_blueprint(linked(folder))
    app.register_error_handler(Refusal, lambda refusal: (refusal.code, refusal.status))
    return app.test_client()


def test_a_link_hands_one_file_out_under_its_name(folder, browser):
    link = folder.link(NAME, "Söme/report.csv", lasts=timedelta(minutes=5))
    answer = browser.get(link)
    assert (answer.status_code, answer.data) == (200, DOCUMENT.data)
    assert answer.headers["Content-Type"] == "text/csv"
    expected = "attachment; filename=\"S_me_report.csv\"; filename*=UTF-8''S%C3%B6me_report.csv"
    assert answer.headers["Content-Disposition"] == expected
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_link_ends(folder, browser, time):
    link = folder.link(NAME, "a.csv", lasts=timedelta(minutes=5))
    time.now += timedelta(seconds=299)
    assert browser.get(link).status_code == 200
    time.now += timedelta(seconds=1)
    assert browser.get(link).status_code == 410


def test_a_link_is_for_one_file_one_name_and_one_time(folder, browser, time):
    link = urlsplit(folder.link(NAME, "a.csv", lasts=timedelta(minutes=5)))
    told = {name: values[0] for name, values in parse_qs(link.query).items()}

    def status(path=link.path, **changed):
        return browser.get(f"{path}?{urlencode(told | changed)}").status_code

    assert status() == 200
    assert status(path=link.path.replace("3", "4")) == 403
    assert status(filename="b.html") == 403
    assert status(until=str(int(told["until"]) + 1)) == 403
    assert status(signature="") == 403
    assert status(signature="ü") == 403
    assert status(until="never") == 403
    assert browser.get(link.path).status_code == 403


def test_a_link_to_what_was_removed_leads_nowhere(folder, browser):
    link = folder.link(NAME, "a.csv", lasts=timedelta(minutes=5))
    folder.remove(NAME)
    assert browser.get(link).status_code == 404


def test_a_link_is_good_after_a_restart_and_in_no_other_folder(folder, tmp_path, time):
    link = urlsplit(folder.link(NAME, "a.csv", lasts=timedelta(minutes=5)))
    told = {name: values[0] for name, values in parse_qs(link.query).items()}
    key = tmp_path / "keys" / "links.key"
    assert FolderFiles(str(tmp_path / "uploads"), key, time).linked(NAME, **told) == DOCUMENT
    other = FolderFiles(str(tmp_path / "uploads"), tmp_path / "keys" / "other.key", time)
    with pytest.raises(Refusal):
        other.linked(NAME, **told)


def test_files_and_the_key_are_private(folder, tmp_path):
    folder.link(NAME, "a.csv", lasts=timedelta(minutes=5))
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert file.stat().st_mode & 0o077 == 0, file


def test_a_file_of_an_earlier_release_is_of_no_known_type(folder, tmp_path):
    (tmp_path / "uploads" / ".about" / NAME).unlink()
    assert folder.read(NAME) == Content("application/octet-stream", DOCUMENT.data)


def test_a_key_that_several_make_at_once_is_one(tmp_path):
    together = threading.Barrier(8)

    def made():
        together.wait()
        return os.urandom(32)

    file = tmp_path / "keys" / "some.key"
    with ThreadPoolExecutor(8) as pool:
        keys = [asked.result() for asked in [pool.submit(made_once, file, made) for _ in range(8)]]
    assert {*keys} == {file.read_bytes()}
    assert [*file.parent.iterdir()] == [file]
    assert file.stat().st_mode & 0o777 == 0o600
