"""What is known of the dependencies is looked up by pip-audit itself, and silence is never taken for an answer."""

import json
import re

import pytest

from infra import audit
from infra.stack import ROOT
from tests.infra.conversation import answering

LOCK = """\
flask==1.0 \\
    --hash=sha256:2271c0070dbcb5275fad4a82e29f23ab92682dc45f9dfbc22c02ba9b9322ce48
idna==3.20 \\
    --hash=sha256:2271c0070dbcb5275fad4a82e29f23ab92682dc45f9dfbc22c02ba9b9322ce49
"""
FLAW = {
    "id": "GHSA-1",
    "summary": "A flaw.",
    "affected": [
        {
            "package": {"name": "flask", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
        }
    ],
}


@pytest.fixture
def locked(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text(LOCK)
    return file


@pytest.fixture
def advisories(monkeypatch):
    """Have the advisories be where the address says."""
    monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
    return lambda address: monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://{address}/v1/query")


def test_nothing_is_known_where_every_one_was_looked_up(locked, advisories):
    with answering(lambda *_: (200, {})) as (address, asked):
        advisories(address)
        assert audit.audited(locked) == (audit.SOUND, [])
    assert {body["package"]["name"] for _, _, body in asked} == {"flask", "idna"}


def test_what_is_known_is_said_with_the_version_that_mends_it(locked, advisories):
    def answer(method, path, body):
        return 200, {"vulns": [FLAW]} if body["package"]["name"] == "flask" else {}

    with answering(answer) as (address, _):
        advisories(address)
        end, said = audit.audited(locked)
    assert end == audit.UNSOUND
    assert said == ["requirements.txt: flask 1.0 has GHSA-1, mended in 2.0"]


@pytest.mark.parametrize("status", [403, 429, 500])
def test_advisories_that_cannot_be_had_are_no_word(locked, advisories, status):
    with answering(lambda *_: (status, {})) as (address, _):
        advisories(address)
        end, (said,) = audit.audited(locked)
    assert end == audit.UNKNOWN
    assert "requirements.txt: the advisories are not reachable, nothing was looked up" in said


def test_advisories_that_are_not_there_are_no_word(locked, advisories):
    advisories("127.0.0.1:9")
    assert audit.audited(locked)[0] == audit.UNKNOWN


def told(monkeypatch, tmp_path, said, end=0):
    """Have pip-audit answer so; by itself it ends with 0 whatever it did not find."""
    (tmp_path / "pip_audit.py").write_text(f"print({json.dumps(said)!r})\nraise SystemExit({end})")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


IDNA = {"name": "idna", "version": "3.20", "vulns": []}
FLASK = {"name": "Flask", "version": "1.0", "vulns": []}


def test_one_that_was_skipped_is_no_word_about_it(locked, monkeypatch, tmp_path):
    skipped = {"name": "flask", "skip_reason": "not found"}
    told(monkeypatch, tmp_path, {"dependencies": [skipped, IDNA]})
    said = ["requirements.txt: flask was not looked up: not found"]
    assert audit.audited(locked) == (audit.UNKNOWN, said)


def test_one_that_is_left_out_is_no_word_about_it(locked, monkeypatch, tmp_path):
    told(monkeypatch, tmp_path, {"dependencies": [IDNA]})
    said = ["requirements.txt: flask was not looked up: pip-audit leaves it out"]
    assert audit.audited(locked) == (audit.UNKNOWN, said)


def test_a_flaw_that_nothing_mends_is_one(locked, monkeypatch, tmp_path):
    told(monkeypatch, tmp_path, {"dependencies": [FLASK | {"vulns": [{"id": "X"}]}, IDNA]}, 1)
    said = ["requirements.txt: Flask 1.0 has X, mended in no version yet"]
    assert audit.audited(locked) == (audit.UNSOUND, said)


def test_an_end_that_names_no_flaw_is_no_word(locked, monkeypatch, tmp_path):
    told(monkeypatch, tmp_path, {"dependencies": [FLASK, IDNA]}, 1)
    said = ["requirements.txt: pip-audit ended with 1, and names no flaw: it ended with 1"]
    assert audit.audited(locked) == (audit.UNKNOWN, said)


@pytest.mark.parametrize(
    "said",
    [
        [],
        None,
        "a text",
        {},
        {"dependencies": None},
        {"dependencies": {}},
        {"dependencies": [None]},
        {"dependencies": [{"version": "1.0", "vulns": []}]},
        {"dependencies": [FLASK | {"vulns": 0}, IDNA]},
        {"dependencies": [FLASK | {"vulns": [{}]}, IDNA]},
        {"dependencies": [FLASK | {"vulns": None}, {"name": "idna"}]},
    ],
)
def test_what_is_no_report_is_no_word(locked, monkeypatch, tmp_path, said):
    told(monkeypatch, tmp_path, said, 1)
    assert audit.audited(locked)[0] == audit.UNKNOWN


@pytest.mark.parametrize("found", [[], [{"name": "flask", "skip_reason": "not found"}]])
def test_none_that_was_looked_up_is_no_word_at_all(locked, monkeypatch, tmp_path, found):
    told(monkeypatch, tmp_path, {"dependencies": found})
    end, (said,) = audit.audited(locked)
    assert (end, "the advisories are not reachable" in said) == (audit.UNKNOWN, True)


def test_what_is_known_of_one_file_is_not_hidden_by_another(monkeypatch, capsys):
    ends = iter([(audit.UNSOUND, ["a: flaw"]), (audit.UNKNOWN, ["b: not reachable"])])
    monkeypatch.setattr(audit, "audited", lambda _: next(ends))
    assert audit.main() == audit.UNSOUND
    assert capsys.readouterr().out == "a: flaw\nb: not reachable\n"


@pytest.mark.parametrize("file", sorted(ROOT.glob("requirements*.txt")), ids=lambda file: file.name)
def test_what_is_locked_is_locked_by_what_is_here_alone(file):
    said = "\n".join(
        line for line in file.read_text().splitlines() if line.lstrip().startswith("#")
    )
    assert re.findall(r"(?:^|[\s=])(?:~|[A-Za-z]:\\|/)\S*", said) == []
    named = set(re.findall(r"(?:-c|-r|-o) (\S+)", said))
    assert {name for name in named if not (ROOT / name).is_file()} == set()
