"""Whoever administers is counted in a project, and is told what to do where Google refuses."""

import json

import firebase_admin
import pytest
from google.auth import exceptions

from infra import administering, keys, people
from tests.infra.conversation import answering
from tests.infra.test_keys import client

DISABLED = {"reason": "SERVICE_DISABLED", "domain": "googleapis.com"}
OTHER = {"service": "secretmanager.googleapis.com", "consumer": "projects/764086051850"}
DENIED = {"reason": "USER_PROJECT_DENIED", "metadata": {"consumer": "projects/theirs"}}


def refusal(**info):
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", **info}
    error = {"code": 403, "status": "PERMISSION_DENIED", "message": "no", "details": [detail]}
    return lambda *_: (403, {"error": error})


@pytest.fixture
def person(tmp_path, monkeypatch):
    for name in ("GOOGLE_CLOUD_QUOTA_PROJECT", "FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)

    def signed_in(**more):
        file = tmp_path / "adc.json"
        said = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
        file.write_text(json.dumps({"type": "authorized_user", **said, **more}))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))

    return signed_in


def counted(project):
    headers: dict[str, str] = {}
    administering.credentials(project).apply(headers, token="t")
    return headers["x-goog-user-project"]


def test_a_person_is_counted_where_their_sign_in_says_else_where_they_administer(
    person, monkeypatch
):
    person()
    assert counted("waooaw-dev") == "waooaw-dev"
    person(quota_project_id="theirs")
    assert counted("waooaw-dev") == "theirs"
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "given")
    assert counted("waooaw-dev") == "given"


def test_nobody_administers_an_emulator_in_the_place_of_a_project(person, monkeypatch):
    person()
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:9099")
    for connect in (keys.connected, people.Administrator):
        with pytest.raises(SystemExit, match=r"run: unset FIREBASE_AUTH_EMULATOR_HOST"):
            connect("waooaw-dev")


@pytest.mark.usefixtures("person")
def test_whoever_is_not_signed_in_is_told_how(monkeypatch):
    monkeypatch.setattr(administering, "default", nobody)
    with pytest.raises(SystemExit, match=r"nobody is signed in .* application-default login"):
        administering.credentials("waooaw-dev")
    with (
        pytest.raises(SystemExit, match="takes this sign-in no more"),
        administering.explained("p"),
    ):
        raise exceptions.RefreshError("expired")


def nobody(**_):
    raise exceptions.DefaultCredentialsError("none")


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        (
            DISABLED | {"metadata": OTHER},
            (
                "secretmanager.googleapis.com is not enabled in 764086051850, where this is counted; run: gcloud"
                " services enable secretmanager.googleapis.com --project 764086051850, or, if that is not the project"
                " you mean: gcloud auth application-default set-quota-project waooaw-dev"
            ),
        ),
        (
            DENIED,
            (
                "you may not have this counted in theirs; have roles/serviceusage.serviceUsageConsumer there, or run:"
                " gcloud auth application-default set-quota-project waooaw-dev"
            ),
        ),
        ({"reason": "IAM_PERMISSION_DENIED"}, "you may not do this in waooaw-dev ("),
        ({}, "you may not do this in waooaw-dev ("),
    ],
    ids=["disabled", "denied", "no right", "no reason"],
)
def test_a_refusal_says_what_to_do_whichever_library_it_came_through(monkeypatch, info, sentence):
    with answering(refusal(**info)) as (address, _):
        with pytest.raises(SystemExit) as refused:
            keys.make_first("waooaw-dev", client(address), lambda _: None)
        assert str(refused.value).startswith(sentence)

        monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", address)
        app = firebase_admin.initialize_app(options={"projectId": "p"}, name="refused")
        try:
            with pytest.raises(SystemExit) as refused, administering.explained("waooaw-dev"):
                people.invite("first@example.com", app)
        finally:
            firebase_admin.delete_app(app)
        assert str(refused.value).startswith(sentence)


def test_what_is_no_refusal_is_not_explained_away():
    with pytest.raises(ValueError, match="a defect"), administering.explained("p"):
        raise ValueError("a defect")
