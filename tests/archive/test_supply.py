"""What lies beside an archive says what is in it, in the shapes of CycloneDX and of in-toto, and is judged by their own libraries."""

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement, statement_pb2

from infra import supply

PIPELINE = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "waooaw/waooaw",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_WORKFLOW_REF": "waooaw/waooaw/.github/workflows/deploy.yml@refs/heads/main",
    "GITHUB_RUN_ID": "7",
    "GITHUB_RUN_ATTEMPT": "1",
}


@pytest.fixture
def copy(archive, tmp_path):
    """Return the archive elsewhere, where something can be written beside it."""
    return Path(shutil.copy(archive.path, tmp_path))


@pytest.fixture
def bill(archive):
    return json.loads(supply.materials(archive.path))


def test_the_bill_is_one_of_cyclonedx(archive):
    text = supply.materials(archive.path)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    broken = text.replace('"type": "library"', '"type": "book"', 1)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_the_bill_lists_what_is_locked_with_every_hash_and_no_more(archive, bill):
    with zipfile.ZipFile(archive.path) as opened:
        requirements = opened.read("requirements.txt").decode()
    pins = {line.split(" ")[0] for line in requirements.splitlines() if "==" in line}
    assert {f"{one['name']}=={one['version']}" for one in bill["components"]} == pins
    hashes = [
        h["content"] for c in bill["components"] for h in c["externalReferences"][0]["hashes"]
    ]
    assert sorted(hashes) == sorted(
        line.partition("sha256:")[2].rstrip(" \\")
        for line in requirements.splitlines()
        if "--hash" in line
    )
    assert bill["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": archive.sha256}
    ]


def test_the_bill_says_who_needs_whom_and_reaches_everything(bill):
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    reached, ahead = set(), {"waooaw"}
    while ahead:
        reached |= ahead
        ahead = {ref for one in ahead for ref in needs[one]} - reached
    assert reached - {"waooaw"} == {one["bom-ref"] for one in bill["components"]}


def test_the_bill_says_the_licence_of_what_is_installed_as_it_is_locked(bill):
    without = [one["name"] for one in bill["components"] if not one.get("licenses")]
    assert without == []


def test_of_another_version_no_licence_is_said():
    assert supply._licences(supply.Locked("flask", "0.0.1", (), frozenset())) == []
    assert supply._licences(supply.Locked("no-such-package", "1", (), frozenset())) == []


def test_the_provenance_is_a_statement_of_in_toto_and_slsa(copy):
    _, file = supply.write(copy)
    said = json.loads(file.read_text())
    read = json_format.ParseDict(said, statement_pb2.Statement())
    statement.Statement.copy_from_pb(read).validate()
    json_format.ParseDict(said["predicate"], provenance_pb2.Provenance())
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({**said["predicate"], "builder": {}}, provenance_pb2.Provenance())
    assert said["predicateType"] == "https://slsa.dev/provenance/v1"
    assert read.subject[0].digest == {"sha256": hashlib.sha256(copy.read_bytes()).hexdigest()}


def test_the_provenance_names_the_bill_that_lies_beside_it(copy):
    bill, file = supply.write(copy)
    (named,) = json.loads(file.read_text())["predicate"]["runDetails"]["byproducts"]
    digest = hashlib.sha256(bill.read_bytes()).hexdigest()
    assert named == {"name": bill.name, "digest": {"sha256": digest}}


@pytest.fixture
def repository(tmp_path):
    """Return a tree with one commit, and a way to run git in it."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "file").write_text("a\n")

    def git(*asked):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        done = subprocess.run(
            ["git", *who, *asked], cwd=root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    return root, git


def test_a_commit_is_claimed_of_what_is_committed_alone(repository):
    root, git = repository
    assert supply.origin(root, {}).commit == git("rev-parse", "HEAD")
    (root / "file").write_text("changed\n")
    assert supply.origin(root, {}).commit == ""


def test_a_deployments_program_is_its_commits_whatever_the_stack_is_told(repository):
    root, git = repository
    commit = git("rev-parse", "HEAD")
    (root / "infra").mkdir()
    for name in ("infra/Pulumi.dev.yaml", "gha-creds-1.json"):
        (root / name).write_text("config: {}")
    assert supply.program(root) == commit, "settings are the stack's, and no program"
    (root / "functions").mkdir()
    (root / "functions" / "new.py").touch()
    assert supply.program(root) == "", "a function that is not committed"
    git("add", ".")
    git("commit", "-qm", "two")
    assert supply.program(root) == git("rev-parse", "HEAD") != commit
    (root / "infra" / "Pulumi.yaml").write_text("main: another.py")
    assert supply.program(root) == ""


def test_what_no_git_knows_has_no_commit(tmp_path):
    assert supply.origin(tmp_path, {}) == supply.Origin()


def test_the_pipeline_says_who_built_and_from_what(repository, copy):
    root, git = repository
    source = supply.origin(root, PIPELINE)
    bill = copy.with_suffix(supply.BILL)
    bill.write_text("{}")
    said = supply.stated(copy, bill, source)["predicate"]
    assert said["runDetails"]["builder"]["id"] == (
        "https://github.com/waooaw/waooaw/.github/workflows/deploy.yml@refs/heads/main"
    )
    assert said["buildDefinition"]["resolvedDependencies"][0] == {
        "uri": "git+https://github.com/waooaw/waooaw@refs/heads/main",
        "digest": {"gitCommit": git("rev-parse", "HEAD")},
    }


def test_the_commit_of_an_archive_is_read_off_its_own_statement(copy, repository):
    root, git = repository
    assert supply.commit(copy) == "", "nothing lies beside it"
    bill, file = supply.write(copy)
    statement = supply.stated(copy, bill, supply.origin(root, {}))
    file.write_text(json.dumps(statement))
    assert supply.commit(copy) == git("rev-parse", "HEAD")
    copy.write_bytes(copy.read_bytes() + b" ")
    with pytest.raises(SystemExit, match="is not of the archive that it lies beside"):
        supply.commit(copy)


@pytest.mark.parametrize("end", [supply.BILL, supply.PROVENANCE])
@pytest.mark.parametrize("text", ["", "<html>", "[]", "null", "{}", '{"subject": [{}]}', "\x00"])
def test_what_is_no_bill_and_no_statement_is_refused_in_a_sentence(copy, end, text):
    supply.write(copy)
    assert [file.suffixes[-2:] for file in supply.beside(copy)] == [
        [".cdx", ".json"],
        [".provenance", ".json"],
    ]
    copy.with_suffix(end).write_text(text)
    with pytest.raises(SystemExit, match=f"{end} is not of the archive .*: make archive"):
        supply.beside(copy)


def test_a_bill_that_the_statement_does_not_name_is_refused(copy):
    bill, _ = supply.write(copy)
    bill.write_text(bill.read_text() + " ")
    with pytest.raises(SystemExit, match=r"provenance.json is not of the archive"):
        supply.beside(copy)
