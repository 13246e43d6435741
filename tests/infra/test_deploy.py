"""A deployment goes by its passes, on an engine that goes by Pulumi's rules, and can be gone on with wherever it ended."""

import hashlib
import multiprocessing
import os
import signal
import time
from dataclasses import replace

import pytest
import yaml

from infra import __main__ as infra
from infra import passes
from infra.functions import CANARY
from infra.graph import FOLDER, IMAGE, closure, configuration
from infra.ready import ready
from tests.infra.engine import Engine
from tests.infra.google import Google, serving
from tests.infra.test_ready import SETTINGS

CONTENT = b"what is deployed"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "p/functions/waooaw"
STACK_FILES = {file: file.read_text() for file in FOLDER.glob("Pulumi*.yaml")}


@pytest.fixture
def google():
    with serving(Google()) as found:
        yield found


@pytest.fixture
def archive(tmp_path):
    file = tmp_path / "waooaw-1.zip"
    file.write_bytes(CONTENT)
    return file


LAST = {"pubsub.Topic": "tap", "eventarc.Trigger": "events.publish_entry", "apigateway.Gateway": ""}
"""What is the end of a wave, by its type."""

OUTPUTS = {"api": ("https://gateway", "*:Gateway::*")}


@pytest.fixture(scope="session")
def part(dev):
    """Return of dev the first pass and what leads to the ends of some waves; of its functions but three."""
    wanted = {one.urn for one in dev if LAST.get(one.type, "-") in one.name}
    some = (CANARY, "events.publish_entry", "approvals.approve_approval")
    left = {one.urn for one in dev if one.type.startswith("cloudrunv2.") and one.name not in some}
    kept = wanted.union(*(closure(dev, urn) for urn in wanted), passes.foundations(dev)) - left
    return [replace(one, after=one.after & kept) for one in dev if one.urn in kept]


@pytest.fixture
def engine(tmp_path, monkeypatch, dev, part, google):
    """Return an engine that runs a part of the program of dev, beside a Google that is here."""
    found = Engine(tmp_path / "engine").install(monkeypatch)
    found.stack(
        "dev", SETTINGS | {"gcp:region": "asia-south1", "waooaw:buildRegion": "us-central1"}
    )
    found.runs(part, OUTPUTS)
    monkeypatch.setattr(infra, "ready", lambda stack: ready(stack, google.cloud))
    monkeypatch.setattr(passes.time, "sleep", lambda _: None)
    monkeypatch.setattr("infra.image.LOOK_EACH_S", 0)
    monkeypatch.setattr(infra, "planned", lambda *_: dev)
    # The whole is checked as often by tests of its own.
    monkeypatch.setattr(infra.checks, "findings", lambda *_: [])
    made = []
    monkeypatch.setattr(infra.keys, "connected", lambda project: (project,))
    monkeypatch.setattr(infra.keys, "make_first", lambda *of: made.append(of) or [])
    found.keys_made = made
    # Of which commit the program is.
    found.checkout = lambda commit: monkeypatch.setattr(infra.supply, "program", lambda _: commit)
    return found


def ups(engine):
    return [call for call in engine.calls if call[0] == "up"]


def ran(engine):
    """Return with which image each pass was run."""
    return [one["settings"]["waooaw:image"] for one in engine.known("log") if "settings" in one]


def reference(google, tag):
    return f"asia-south1-docker.pkg.dev/{PATH}@{google.tags[PATH, tag]}"


def test_everything_is_made_in_two_passes_with_the_image_and_the_keys_between(
    engine, google, archive, dev, capsys
):
    engine.runs(dev, OUTPUTS)
    infra.deploy("dev", archive)
    first, whole = ups(engine)
    assert "--target" in first
    assert "--target" not in whole
    assert set(engine.made) == {one.urn for one in dev if not one.looked_up}
    assert engine.keys_made == [("p", "p")]
    image = reference(google, SHA256)
    assert ran(engine) == [IMAGE, image]
    said = capsys.readouterr().out
    assert f"dev runs {image}" in said
    assert all(f"{n} of 4: done in 0 min" in said for n in (1, 2, 3, 4))


def test_the_first_pass_is_of_exact_names_closed_under_what_they_wait_for(dev):
    first = passes.foundations(dev)
    assert not [urn for urn in first if "*" in urn]
    after = {one.urn: one.after for one in dev}
    looked_up = {one.urn for one in dev if one.looked_up}
    assert not set().union(*(after[urn] for urn in first)) - set(first) - looked_up


@pytest.mark.parametrize(
    "name",
    [
        "projects/service:Service::run",
        "artifactregistry/repository:Repository::functions",
        "storage/bucket:Bucket::source",
        "serviceaccount/account:Account::builder",
        "secretmanager/secret:Secret::writer-key-evidence",
        "firestore/database:Database::",
        "logging/metric:Metric::errors",
        "IAMMember::builder-storage.objectViewer",
    ],
)
def test_what_the_image_the_keys_and_the_alerts_need_is_in_the_first_pass(dev, name):
    assert [urn for urn in passes.foundations(dev) if name in urn]


def test_nothing_that_runs_an_image_is_in_the_first_pass(dev):
    assert not [
        urn for urn in passes.foundations(dev) if "cloudrunv2" in urn or "apigateway/" in urn
    ]


def test_nothing_is_written_into_a_file_of_the_repository(engine, archive):
    infra.deploy("dev", archive)
    assert engine.saved == []
    assert {file: file.read_text() for file in STACK_FILES} == STACK_FILES


def test_pulumi_is_told_whose_quota_it_uses_and_how_much_it_may_do_at_once(engine, archive):
    infra.deploy("dev", archive)
    for one in engine.known("log"):
        if "settings" in one:
            assert one["settings"]["gcp:billingProject"] == "p"
            assert one["settings"]["gcp:userProjectOverride"] == "true"
    for call in ups(engine):
        assert call[call.index("--parallel") + 1] == "10"
        assert "--continue-on-error" in call


def test_what_is_wrong_is_not_deployed(engine, archive, monkeypatch):
    monkeypatch.setattr(infra.checks, "findings", lambda *_: ["the door is open"])
    with pytest.raises(SystemExit, match="nothing was deployed:\nthe door is open"):
        infra.deploy("dev", archive)
    assert ups(engine) == []


@pytest.mark.parametrize("place", ["*:Secret::sign-in-google", "*:Topic::tap", "*:Gateway::*"])
def test_what_ended_half_way_is_gone_on_with(engine, archive, part, place):
    engine.tell(outputs={"image": "before@sha256:1"})
    engine.fails(place, times=1)
    with pytest.raises(SystemExit, match="the same command goes on from there"):
        infra.deploy("dev", archive)
    engine.tell(failing={})
    infra.deploy("dev", archive)
    assert set(engine.made) == {one.urn for one in part if not one.looked_up}
    created = [urn for steps in engine.steps for does, urn in steps if does == "create"]
    assert len(created) == len(set(created)), "and nothing was made twice"


def test_the_first_deployment_is_tried_again_by_itself_as_what_is_new_is_not_known_everywhere(
    engine, archive, part
):
    engine.fails("*:Trigger::*", times=1)
    infra.deploy("dev", archive)
    assert len(ups(engine)) == 3
    assert set(engine.made) == {one.urn for one in part if not one.looked_up}


def test_a_later_one_is_not(engine, archive):
    infra.deploy("dev", archive)
    engine.tell(outputs=engine.known("outputs") | {"image": "before@sha256:1"}, state={})
    engine.fails("*:Trigger::*", times=1)
    with pytest.raises(SystemExit, match="pulumi up failed"):
        infra.deploy("dev", archive)


def test_an_image_that_does_not_start_goes_no_further_than_the_canary(engine, archive):
    engine.tell(outputs={"image": "before@sha256:1"})
    engine.fails("*:Service::platform.get_health")
    with pytest.raises(SystemExit):
        infra.deploy("dev", archive)
    made = [urn for urn in engine.made if "cloudrunv2/service:Service" in urn]
    assert made == []
    assert not [urn for urn in engine.made if "gateway:Gateway" in urn]


def test_while_the_first_pass_runs_the_stack_says_what_it_ran_before(engine, google, archive):
    before = f"asia-south1-docker.pkg.dev/{PATH}@sha256:{'1' * 64}"
    engine.tell(outputs={"image": before})
    infra.deploy("dev", archive)
    assert ran(engine) == [before, reference(google, SHA256)]


def released(engine, google, archive, content, commit="a" * 40):
    """Deploy another archive, as one that stays well, and return its digest."""
    archive.write_bytes(content)
    infra.deploy("dev", archive)
    digest = google.tags[PATH, "next"]
    engine.checkout(commit)
    infra.well("dev", digest)
    return digest


def tags(google):
    return google.tags[PATH, "running"], google.tags.get((PATH, "before"))


def test_what_ran_well_and_what_ran_well_before_it_are_kept(engine, google, archive):
    first = released(engine, google, archive, b"1")
    assert tags(google) == (first, None)
    second = released(engine, google, archive, b"2")
    assert tags(google) == (second, first)
    assert released(engine, google, archive, b"2") == second
    assert tags(google) == (second, first), "the same again changes nothing"


def test_what_is_not_watched_or_not_well_is_no_way_back(engine, google, archive):
    first = released(engine, google, archive, b"1")
    archive.write_bytes(b"bad")
    infra.deploy("dev", archive)
    assert tags(google) == (first, None)
    second = released(engine, google, archive, b"2")
    assert tags(google) == (second, first)


@pytest.mark.parametrize("watched", [True, False])
def test_a_release_that_was_taken_back_is_no_way_back(engine, google, archive, watched):
    first = released(engine, google, archive, b"1")
    bad = released(engine, google, archive, b"seemed well")
    infra.deploy("dev", image="before")
    if watched:
        infra.well("dev", f"asia-south1-docker.pkg.dev/{PATH}@{first}")
    assert tags(google) == (first if watched else bad, first)
    infra.deploy("dev", image="before")
    assert ran(engine)[-1].endswith(first)


def test_only_what_was_deployed_last_is_said_to_run_well(engine, google, archive):
    first = released(engine, google, archive, b"1")
    archive.write_bytes(b"2")
    infra.deploy("dev", archive)
    with pytest.raises(SystemExit, match=f"{first} is not what was deployed last"):
        infra.well("dev", first)


FUNCTION = "approvals.approve_approval"


def of_image(value, image):
    if isinstance(value, dict):
        return {name: of_image(one, image) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [of_image(one, image) for one in value]
    return image if value == IMAGE else value


def without(graph, name):
    """Return a program that has one function less, and its routes."""
    gone = {one.urn for one in graph if one.name == name or one.name.startswith(f"{name}-")}
    return [
        replace(one, after=one.after - gone, inputs=one.inputs | LESS.get(one.type, {}))
        for one in graph
        if one.urn not in gone
    ]


def broken(graph):
    """Return a program that has other routes."""
    return [replace(one, inputs=one.inputs | LESS.get(one.type, {})) for one in graph]


LESS = {"apigateway.ApiConfig": {"openapiDocuments": "other routes"}}
PROGRAMS = {
    "one function more": (lambda part: without(part, FUNCTION), lambda part: part),
    "one function less": (lambda part: part, lambda part: without(part, FUNCTION)),
    "broken routes": (lambda part: part, broken),
}


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_release_is_taken_back_whole_by_the_program_of_the_release_before(
    engine, google, archive, part, monkeypatch, capsys, what
):
    old, new = (program(part) for program in PROGRAMS[what])

    def check_out(program):
        known = {google.reference(tag) for _, tag in google.tags if "sha256" not in tag}
        engine.tell(plans=[])
        engine.runs(program, OUTPUTS)
        for image in known | {reference(google, SHA256)}:
            engine.runs(
                [replace(one, inputs=of_image(one.inputs, image)) for one in program],
                OUTPUTS,
                waooaw__image=image,
            )

    def reference_of(content):
        archive.write_bytes(content)
        run(monkeypatch, "image", "dev", "--archive", str(archive))
        return capsys.readouterr().out.splitlines()[-1]

    google.reference = lambda tag: reference(google, tag)
    before, bad = reference_of(b"before"), reference_of(CONTENT)
    check_out(old)
    released(engine, google, archive, b"before", "b" * 40)
    ran_well = engine.known("state")
    check_out(new)
    archive.write_bytes(CONTENT)
    infra.deploy("dev", archive)
    assert ran(engine)[-1] == bad
    # What the pipeline notes, and checks out.
    capsys.readouterr()
    run(monkeypatch, "images", "dev", "--tag", "running")
    digest, commit = capsys.readouterr().out.split()
    assert (digest, commit) == (before.partition("@")[2], "b" * 40)
    infra.deploy("dev", image=digest)
    assert engine.known("state") != ran_well, "the newer program takes back no more than the image"
    check_out(old)
    engine.fails(f"*:Service::{FUNCTION}", times=int("more" in what))
    infra.deploy("dev", image=digest)
    assert engine.known("state") == ran_well


def test_what_failed_is_not_said_to_run(engine, google, archive):
    engine.tell(outputs={"image": "before@sha256:1"})
    engine.fails("*:Topic::tap")
    with pytest.raises(SystemExit):
        infra.deploy("dev", archive)
    assert (PATH, "next") in google.tags
    assert (PATH, "running") not in google.tags


def test_an_image_of_before_is_deployed_by_its_digest_alone(engine, google, archive):
    before = released(engine, google, archive, CONTENT)
    released(engine, google, archive, b"another")
    infra.deploy("dev", image=before)
    assert ran(engine)[-1].endswith(before)
    assert len(google.builds) == 2, "nothing is built for it"


def test_what_ran_before_is_deployed_by_its_tag(engine, google, archive):
    before = released(engine, google, archive, CONTENT)
    released(engine, google, archive, b"another")
    infra.deploy("dev", image="before")
    assert ran(engine)[-1].endswith(before)


def test_what_never_ran_is_not_deployed_by_its_tag(engine):
    with pytest.raises(SystemExit, match=r"waooaw:before is no image: it is sha256:…, or"):
        infra.deploy("dev", image="before")


def test_what_was_begun_by_a_killed_run_is_gone_on_with(engine, google, archive, monkeypatch, part):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(infra.keys, "make_first", killed)
    with pytest.raises(KeyboardInterrupt):
        infra.deploy("dev", archive)
    monkeypatch.setattr(infra.keys, "make_first", lambda *_: ["evidence"])
    infra.deploy("dev", archive)
    assert len(google.builds) == 1
    assert set(engine.made) == {one.urn for one in part if not one.looked_up}


# --- told to end ----------------------------------------------------------------------------------


@pytest.fixture
def begun(engine, part, tmp_path, monkeypatch):
    """Begin a pass as a process of its own, in a group of its own, and return it once Pulumi changes something."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    engine.takes(f"*{next(one.urn for one in part if not one.looked_up)[4:]}", 1)

    def process():
        os.setsid()
        try:
            passes.up("dev", {"waooaw:image": IMAGE}, tries=3)
        except SystemExit as said:
            (tmp_path / "said").write_text(str(said))
            os._exit(7)
        os._exit(0)

    found = multiprocessing.get_context("fork").Process(target=process)
    found.start()
    until = time.monotonic() + 10
    while engine.holder is None and time.monotonic() < until:
        REAL_SLEEP(0.02)
    REAL_SLEEP(0.3)
    yield found
    found.kill()


REAL_SLEEP = time.sleep
TOLD = {
    "a terminal": [(os.killpg, signal.SIGINT)],
    "timeout": [(os.kill, signal.SIGINT), (os.killpg, signal.SIGINT)],
    "whoever ends it alone": [(os.kill, signal.SIGTERM)],
    "the same, twice": [(os.kill, signal.SIGTERM)] * 2,
}


@pytest.mark.parametrize("who", TOLD)
def test_a_deployment_that_is_told_to_end_waits_until_pulumi_has_saved_and_unlocked(
    engine, begun, tmp_path, who
):
    for tell, number in TOLD[who]:
        tell(begun.pid, number)
    begun.join(10)
    assert begun.exitcode == 7
    said = (tmp_path / "said").read_text()
    assert said.startswith("stopped, and Pulumi has ended.")
    assert said.endswith("the same command goes on from there")
    assert engine.holder is None
    assert len(engine.made) == 1, "what was begun is saved, and nothing else was begun"
    assert len(ups(engine)) == 1, "and it is not tried again"
    assert list((tmp_path / "temporary").iterdir()) == [], "no copy of the settings is left"


# --- what is to be deployed is judged before anything is done ----------------------------------------------


OTHER = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        ("foo", "foo is no image: it is sha256"),
        ("before", "before is no image"),
        (OTHER, "p/functions/waooaw keeps no sha256:0+; python -m infra images"),
        (f"asia-south1-docker.pkg.dev/{PATH}@{OTHER}", "keeps no sha256:0+"),
        (f"asia-south1-docker.pkg.dev/q/functions/waooaw@{OTHER}", "q/functions/waooaw keeps no"),
    ],
)
@pytest.mark.parametrize("repository", [True, False])
def test_an_image_that_cannot_be_had_changes_nothing(engine, google, image, sentence, repository):
    google.repository = repository
    with pytest.raises(SystemExit, match=sentence):
        infra.deploy("dev", image=image)
    assert ups(engine) == []


def test_the_missing_copier_is_said_before_anything_is_done(engine, google, monkeypatch, tmp_path):
    digest = google.push("q/functions/waooaw", content=b"1")
    google.repository = False
    monkeypatch.setattr("infra.image.shutil.which", lambda name: None)
    monkeypatch.setattr("infra.ready.shutil", Here)
    with pytest.raises(SystemExit, match="skopeo is missing; install it"):
        infra.deploy("dev", image=f"asia-south1-docker.pkg.dev/q/functions/waooaw@{digest}")
    assert ups(engine) == []


class Here:
    """Finds every command."""

    which = staticmethod(str)


def test_who_may_not_read_the_image_is_told_before_anything_is_done(engine, google, monkeypatch):
    digest = google.push("q/functions/waooaw", content=b"1")
    google.faults = {"/v2/q/": [403]}
    with pytest.raises(SystemExit, match=r"answered 403: .*; have the role"):
        run(
            monkeypatch,
            "deploy",
            "dev",
            "--image",
            f"asia-south1-docker.pkg.dev/q/functions/waooaw@{digest}",
        )
    assert ups(engine) == []


def test_an_archive_that_is_not_there_changes_nothing(engine, tmp_path):
    for file in (tmp_path / "none.zip", tmp_path):
        with pytest.raises(SystemExit, match=r"cannot be read: .*; run: make archive"):
            infra.deploy("dev", file)
    assert ups(engine) == []


def test_what_lies_beside_another_archive_changes_nothing(engine, archive):
    archive.with_suffix(".provenance.json").write_text("{}")
    with pytest.raises(SystemExit, match="is not of the archive that it lies beside"):
        infra.deploy("dev", archive)
    assert ups(engine) == []


# --- the command ----------------------------------------------------------------------------------


def run(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["infra", *words])
    infra.main()


def test_the_image_alone_is_built_and_named_for_others(
    engine, google, archive, monkeypatch, capsys
):
    run(monkeypatch, "image", "dev", "--archive", str(archive))
    assert capsys.readouterr().out.splitlines()[-1] == reference(google, SHA256)
    assert ups(engine) == []


def test_what_is_promoted_ran_well_here_and_is_not_built_for_it(
    engine, google, archive, monkeypatch, capsys
):
    asked = ("image", "dev", "--archive", str(archive), "--ran-well")
    with pytest.raises(SystemExit, match=f"archive {SHA256[:12]} did not run well in dev"):
        run(monkeypatch, *asked)
    assert google.builds == {}
    infra.deploy("dev", archive)
    with pytest.raises(SystemExit, match="merge it, wait until its deployment was watched"):
        run(monkeypatch, *asked)
    released(engine, google, archive, CONTENT)
    released(engine, google, archive, b"another")
    archive.write_bytes(CONTENT)
    run(monkeypatch, *asked)
    assert capsys.readouterr().out.splitlines()[-1] == reference(google, SHA256)


def test_what_is_kept_is_listed(engine, google, monkeypatch, capsys):
    google.push(PATH, "a" * 64, f"commit-{'c' * 40}", "before", content=b"1")
    google.push(PATH, "running", content=b"2")
    run(monkeypatch, "images", "dev")
    new, old = capsys.readouterr().out.splitlines()
    assert new.startswith("2026-11-02 10:00  sha256:")
    assert new.endswith("  archive unknown  commit unknown  running")
    assert old.endswith(f"  archive {'a' * 12}  commit {'c' * 12}  before")


def test_which_image_has_a_tag_is_said_alone(engine, google, monkeypatch, capsys):
    run(monkeypatch, "images", "dev", "--tag", "running")
    digest = google.push(PATH, "running", f"commit-{'e' * 40}", content=b"2")
    run(monkeypatch, "images", "dev", "--tag", "running")
    marks = [
        f"well-2026110{n}t100000z{more}"
        for n, more in ((1, ""), (3, "-" + "c" * 40), (2, "-" + "d" * 40))
    ]
    for more in marks:
        google.push(PATH, more, content=b"2")
        run(monkeypatch, "images", "dev", "--tag", "running")
    last = [f"{digest} {commit}" for commit in ("unknown", "unknown", "c" * 40, "c" * 40)]
    assert capsys.readouterr().out.splitlines() == ["", *last]


def test_an_answer_of_no_ends_in_its_sentence(engine, google, monkeypatch):
    google.faults = {"/v1/projects/p/locations": [403]}
    with pytest.raises(SystemExit, match=r"artifactregistry.googleapis.com answered 403: not now"):
        run(monkeypatch, "images", "dev")


def test_an_archive_and_an_image_are_not_taken_at_once(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "deploy", "dev", "--archive", "a.zip", "--image", "sha256:1")
    assert "not allowed with argument" in capsys.readouterr().err


def test_the_missing_archive_is_said_before_anything_is_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(infra, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="there is no archive to deploy; run: make archive"):
        infra.deploy("dev")


def test_what_is_checked_is_the_image_that_is_deployed_and_not_the_one_before():
    assert configuration("dev", IMAGE, {"waooaw:image": "another"})["waooaw:image"] == IMAGE


def test_pulumi_runs_the_program_and_not_the_command_line():
    text = (FOLDER / "Pulumi.yaml").read_text()
    assert "main: program.py" in text
    assert (FOLDER / "program.py").exists()


def test_a_copy_of_the_settings_holds_what_pulumi_keeps_secret(monkeypatch, tmp_path):
    monkeypatch.setattr(passes, "FOLDER", tmp_path)
    kept = {"encryptedkey": "k", "secretsprovider": "s", "config": {"a:b": {"secure": "v1:x"}}}
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(kept))
    with passes.told("dev", {"waooaw:image": "i"}) as file:
        said = yaml.safe_load(file.read_text())
    assert said == {**kept, "config": {"a:b": {"secure": "v1:x"}, "waooaw:image": "i"}}
    assert not file.exists()
