"""What a deployment lacks is said before anything is done: one sentence, and the command that mends it."""

import json

import pytest
from google.oauth2.credentials import Credentials

from infra import cloud, ready
from infra.cloud import Refused
from infra.permissions import allows
from infra.reading import account_of, granted
from infra.stack import state_key
from tests.infra.engine import Engine
from tests.infra.google import Google, serving

SETTINGS = {
    "gcp:project": "p",
    "gcp:region": "asia-south1",
    "waooaw:buildRegion": "us-central1",
    "waooaw:projectNumber": "123",
    "waooaw:monthlyBudget": "100",
    "waooaw:billingAccount": "b",
    "waooaw:alertsTo": "operators@example.com",
}


@pytest.fixture
def google():
    with serving(Google()) as found:
        yield found


@pytest.fixture
def engine(tmp_path, monkeypatch):
    found = Engine(tmp_path).install(monkeypatch)
    found.stack("dev", SETTINGS)
    return found


@pytest.fixture
def asked(google, engine):
    """Ask whether everything is there."""
    return lambda: ready.ready("dev", google.cloud)


def missing(asked, sentence):
    with pytest.raises(SystemExit, match=sentence):
        asked()


def test_where_everything_is_there_its_settings_are_returned(asked, google):
    settings, project = asked()
    assert settings == SETTINGS
    assert project.project == "p"
    changed = [one for one in google.asked if one[0] not in {"GET", "HEAD"}]
    assert changed == [("POST", "/v1/projects/p:testIamPermissions")], "which changes nothing"


def test_the_missing_command_is_said(asked, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    missing(asked, "the pulumi command is missing; install it from https")


def test_the_missing_login_is_said(asked, engine):
    engine.tell(signed_in=False)
    missing(asked, "nobody is signed in to Pulumi; run: pulumi login")


def test_the_missing_stack_is_said(asked, engine):
    engine.tell(stacks={})
    missing(
        asked,
        "there is no stack dev, or its key is not yours to use; run: pulumi -C infra stack init dev",
    )


def test_a_key_that_the_pipeline_may_not_use_is_said(asked, monkeypatch, tmp_path):
    right = f"gcpkms://{state_key('p', 'asia-south1')}"
    file = tmp_path / "Pulumi.dev.yaml"
    monkeypatch.setattr(ready, "FOLDER", tmp_path)
    for kept in (right, "passphrase", ""):
        file.write_text(json.dumps({"secretsprovider": kept, "config": {}}))
        asked()
    file.write_text(json.dumps({"secretsprovider": right.replace("/state", "/other")}))
    missing(asked, f"change-secrets-provider {right} --stack dev")


@pytest.mark.parametrize(("name", "what"), ready.ASKED_FOR.items())
def test_what_a_stack_must_say_is_asked_for(asked, engine, name, what):
    engine.stack("dev", {key: value for key, value in SETTINGS.items() if key != name})
    missing(
        asked, f"dev does not say {what}; run: pulumi -C infra config set {name} VALUE --stack dev"
    )


def test_without_a_budget_no_billing_account_is_asked_for(asked, engine):
    without = {key: v for key, v in SETTINGS.items() if key != "waooaw:billingAccount"}
    engine.stack("dev", without | {"waooaw:monthlyBudget": "none"})
    assert asked()


@pytest.mark.parametrize("name", ready.FIRST)
def test_a_service_that_no_program_can_enable_is_asked_for(asked, google, name):
    google.services.discard(name)
    missing(
        asked,
        rf"\.googleapis\.com is not enabled; run: gcloud services enable .*{name}.* --project p",
    )


def test_a_project_that_is_not_there_is_said(asked, google):
    google.faults = {"/v1/projects/p/services": [403]}
    missing(asked, "the project p cannot be asked: serviceusage.googleapis.com answered 403")


def test_another_projects_number_is_said_with_the_right_one(asked, google):
    google.number = "456"
    missing(
        asked,
        "p has the number 456 and not 123; run: pulumi -C infra config set waooaw:projectNumber 456",
    )


@pytest.mark.parametrize("name", ready.NEEDED)
def test_a_missing_right_is_said(asked, google, name):
    google.permissions = set(ready.NEEDED) - {name}
    missing(asked, f"you may not {name} in p; whoever may grants it: gcloud projects add-iam")


def test_the_deployer_has_every_right_that_is_asked_for(prod):
    roles = {r for _, r, members in granted(prod) if "deployer" in map(account_of, members)}
    has = set().union(*(allows(role) or () for role in roles))
    assert set(ready.NEEDED) - has == set()


def test_who_may_nothing_is_told_so(asked, google):
    google.permissions = set()
    missing(asked, "you may not ")


def test_a_state_of_which_no_version_is_kept_is_said(asked, google):
    google.versioned = False
    missing(
        asked,
        "gs://state keeps no version of Pulumi's state but the last; run: gcloud storage buckets update",
    )


def test_a_state_elsewhere_is_not_looked_for(asked, google, engine):
    engine.tell(backend="https://api.pulumi.com")
    asked()
    assert "/storage/v1/b/state" not in [path for _, path in google.asked]


def test_a_service_that_answers_no_is_no_missing_thing(asked, google):
    google.faults = {"/v1/projects/p:testIamPermissions": [500] * 9}
    with pytest.raises(Refused, match=r"cloudresourcemanager.googleapis.com answered 500"):
        asked()


# --- who is signed in -----------------------------------------------------------------------------


def test_what_is_asked_is_asked_as_whoever_is_signed_in_and_counted_in_the_project(monkeypatch):
    person = Credentials("token-1")
    monkeypatch.setattr("infra.administering.default", lambda **_: (person, None))
    project = cloud.signed_in("p")
    headers: dict[str, str] = {}
    project.credentials.apply(headers)
    assert headers == {"authorization": "Bearer token-1", "x-goog-user-project": "p"}
    assert project.token() == "token-1"


def test_what_is_not_googles_answer_is_said_all_the_same():
    class Front:
        def urlopen(self, *_, **__):
            return type("Answer", (), {"status": 502, "data": b"<html>"})()

    with pytest.raises(Refused, match="h answered 502: and says nothing more"):
        cloud.Cloud("p", Front(), None).ask("GET", "h", "/")


def test_where_nothing_answers_it_is_said():
    import urllib3

    away = cloud.Cloud("p", urllib3.PoolManager(), None, lambda _: "http://127.0.0.1:9", pause_s=0)
    missing(lambda: away.ask("GET", "h", "/"), "h cannot be reached")


def test_a_stack_that_was_never_deployed_says_nothing_of_itself(engine):
    assert ready.outputs("dev") == {}
    engine.tell(outputs={"api": "https://a", "number": 1})
    assert ready.outputs("dev") == {"api": "https://a"}
    assert json.loads(ready.asked("stack", "output", "--stack", "dev", "--json")) == {
        "api": "https://a",
        "number": 1,
    }
