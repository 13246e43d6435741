"""A data folder of before is closed to others, and nothing else is; and what is in it is whole."""

import ast
from pathlib import Path

import pytest

from local.folder import close_to_others
from tests.parsed import every, parsed

OURS = (
    "store.db",
    "store.db-wal",
    "workflows.db",
    "tap.jsonl",
    "clock",
    ".clock.4711.140735",
    "keys/writer.pem",
    "uploads/acme/a",
)


def modes(data):
    return {
        str(path.relative_to(data)): path.stat().st_mode & 0o777
        for path in (data, *data.rglob("*"))
    }


@pytest.fixture
def data(tmp_path):
    for name in OURS:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path


def test_what_was_open_is_closed(data):
    assert close_to_others(data) == []
    assert set(modes(data).values()) == {0o700, 0o600}


def test_what_is_somebody_else_s_is_left_as_it_is(data):
    other = data / "thesis"
    other.write_text("")
    other.chmod(0o644)
    assert close_to_others(data) == []
    found = modes(data)
    assert (found.pop("."), found.pop("thesis")) == (0o755, 0o644)
    assert not any(mode & 0o077 for mode in found.values())


def test_what_cannot_be_closed_is_said(data, monkeypatch):
    def not_ours(self, mode):
        raise PermissionError(self)

    monkeypatch.setattr("pathlib.Path.chmod", not_ours)
    told = close_to_others(data)
    assert data / "store.db" in told
    assert data in told


def test_what_goes_meanwhile_does_not_matter(data):
    (data / "store.db-shm").symlink_to(data / "gone")
    assert close_to_others(data) == []


ALLOWED = {
    ("made.py", "(folder / MARK).write_text('')"),
    # The environment, the documents and the tables of connectors are no data folder; whoever is interrupted makes them anew.
    ("environment.py", "new.write_text(text, encoding='utf-8')"),
    ("generate.py", "(TABLES / name).write_text(text, encoding='utf-8')"),
    ("__main__.py", "(docs / name).write_text(text, encoding='utf-8')"),
    ("__main__.py", "acts.FILE.write_text(acts.written(), encoding='utf-8')"),
}
"""What is written in place, where nothing is lost by it."""


def test_what_is_kept_is_written_whole_or_not_at_all():
    """A file that is written in place is empty for a moment: whoever is killed then leaves it so."""
    root, found = Path(__file__).parents[2], set()
    for file in [*(root / "local").rglob("*.py"), *(root / "shared").rglob("*.py")]:
        for node in every(parsed(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="write_text" | "write_bytes")):
                    found.add((file.name, ast.unparse(node)))
    assert found == ALLOWED
