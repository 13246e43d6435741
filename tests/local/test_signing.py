"""People sign in at Google's Auth emulator, and the platform goes on believing signatures alone."""

import json
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlencode

import firebase_admin
import pytest
import urllib3

from infra import people
from local.emulators import AuthEmulator
from local.platform import Platform
from local.signing import BY_PROVIDER, RENEWAL, SECOND_ENDS, SECOND_STARTS, TOOLKIT
from local.story import acts
from local.story.client import Client, Refused
from shared.actors import Role
from shared.approvals.models.questions import ApprovalRequest
from shared.edge import jws
from shared.errors import ProviderDown
from tests.emulators import firebase_emulator, free_port, needs_emulator
from tests.rehearsals.scene import until

__all__ = ["firebase_emulator"]

pytestmark = [*needs_emulator, pytest.mark.slow]

LATER = timedelta(minutes=20)
GOVERNOR, CUSTOMER = "governor@platform.example", "customer_admin@acme.example"


class Web:
    """Asks as a web client does, and knows no more than one."""

    def __init__(self, platform, data):
        self.platform, self.data, self.client = (
            platform,
            data,
            Client(platform.address, platform.secret),
        )

    def ask(self, path, body, **headers):
        url = f"{self.platform.address}{path}?key=any"
        answer = urllib3.request("POST", url, json=body, headers=headers)
        told = answer.json()
        return told if answer.status == 200 else told["error"]["message"]

    def provider(self, said):
        body = urlencode({"id_token": said, "providerId": "google.com"})
        return self.ask(BY_PROVIDER, {"postBody": body, "returnSecureToken": True})

    def vouched(self, email):
        return self.provider(self.platform.signing.vouched(email))

    def second(self, first):
        """Show the code that came by telephone, after the first factor."""
        pending = {"mfaPendingCredential": first["mfaPendingCredential"]}
        factor = first["mfaInfo"][0]["mfaEnrollmentId"]
        begun = self.ask(
            SECOND_STARTS, {**pending, "mfaEnrollmentId": factor, "phoneSignInInfo": {}}
        )
        session = begun["phoneResponseInfo"]["sessionInfo"]
        code = self.platform.signing.code(session)
        verification = {"sessionInfo": session, "code": code}
        return self.ask(SECOND_ENDS, {**pending, "phoneVerificationInfo": verification})

    def signed_in(self, email):
        first = self.vouched(email)
        return first if "idToken" in first else self.second(first)

    def renewed(self, token):
        return self.ask(RENEWAL, {"grant_type": "refresh_token", "refresh_token": token})

    def me(self, token, path="/v1/me"):
        url = self.platform.address + path
        answer = urllib3.request("GET", url, headers={"Authorization": f"Bearer {token}"})
        return answer.status, answer.json()


@pytest.fixture(scope="module")
def web(tmp_path_factory, firebase_emulator):
    data = tmp_path_factory.mktemp("signing")
    platform = Platform(
        data,
        port=free_port(),
        project=firebase_emulator.project,
        auth=firebase_emulator,
        origins="https://shop.example",
    )
    yield Web(platform.start(), data)
    platform.stop()


@pytest.fixture
def admin(firebase_emulator, monkeypatch):
    """Administer as in the cloud: by Firebase's own library."""
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", f"127.0.0.1:{firebase_emulator.where}")
    app = firebase_admin.initialize_app(
        options={"projectId": firebase_emulator.project}, name="admin"
    )
    yield app
    firebase_admin.delete_app(app)


def claims(token):
    return jws.parsed(token).claims


# --- from the sign-in to its end ------------------------------------------------------------------


def test_the_governor_signs_in_approves_renews_and_is_ended(web):
    signed = web.signed_in(GOVERNOR)
    assert claims(signed["idToken"])["firebase"]["sign_in_second_factor"] == "phone"
    (example,) = ApprovalRequest.model_config["json_schema_extra"]["examples"]
    asked = web.client.post("service", "/v1/approvals", example)
    web.client._tokens["governor"] = signed["idToken"]
    assert acts.approve(web.client, asked)["status"] == "approved"

    renewed = web.renewed(signed["refreshToken"])
    assert web.me(renewed["id_token"])[0] == 200
    web.client.post(
        "admin", "/v1/admin/users/governor.platform/sessions/end", {"reason": "The phone was lost."}
    )
    # What is governed knows of it within five seconds.
    until(lambda: web.me(renewed["id_token"], "/v1/approvals")[0] == 401)
    again = web.renewed(renewed["refresh_token"])
    status, refused = web.me(again["id_token"], "/v1/approvals")
    assert (status, refused["violations"][0]["rule"]) == (401, "token_revoked"), (
        "renewed, and of the same sign-in"
    )


def test_an_ended_sign_in_is_renewed_no_more_and_a_new_one_is(web, admin):
    before = web.signed_in(CUSTOMER)
    time.sleep(1.1)
    firebase_admin.auth.revoke_refresh_tokens("customer_admin.acme", app=admin)
    assert web.renewed(before["refreshToken"]) == "TOKEN_EXPIRED"
    assert web.ask(f"{TOOLKIT}/v1/accounts:lookup", {"idToken": before["idToken"]}) == (
        "TOKEN_EXPIRED"
    )
    assert "id_token" in web.renewed(web.signed_in(CUSTOMER)["refreshToken"])


def test_a_renewed_token_keeps_the_time_of_its_own_sign_in(web):
    """The emulator gives it that of the person's last one, wherever they signed in since."""
    first = web.signed_in(CUSTOMER)
    web.platform.clock.jump(web.platform.clock.now() + LATER)
    second = web.signed_in(CUSTOMER)
    began, later = (claims(one["idToken"])["auth_time"] for one in (first, second))
    assert later - began >= LATER.total_seconds() - 1
    renewed = claims(web.renewed(first["refreshToken"])["id_token"])
    assert renewed["auth_time"] == began
    assert renewed["iat"] >= later, "times are those of the platform's clock"


def test_somebody_is_invited_signs_in_and_is_given_a_role(web, admin):
    email = "first@example.com"
    people.invite(email, admin)
    invited = web.signed_in(email)
    assert web.me(invited["idToken"])[1]["detail"].startswith("the token names no tenant")
    people.grant(email, Role.CUSTOMER_USER, "acme", admin)
    assert web.me(web.renewed(invited["refreshToken"])["id_token"])[1]["roles"] == ["customer_user"]
    people.grant(email, Role.ADMIN, "platform", admin)
    alone = web.me(web.signed_in(email)["idToken"])
    assert (alone[0], alone[1]["violations"][0]["rule"]) == (401, "second_factor_required")
    firebase_admin.auth.delete_user(claims(invited["idToken"])["sub"], app=admin)


def test_staff_add_a_second_factor_and_it_counts(web, admin):
    email = "second@example.com"
    people.invite(email, admin)
    web.signed_in(email)
    people.grant(email, Role.ADMIN, "platform", admin)
    token = web.signed_in(email)["idToken"]
    adding = f"{TOOLKIT}/v2/accounts/mfaEnrollment"
    info = {"phoneNumber": "+15555559999"}
    begun = web.ask(f"{adding}:start", {"idToken": token, "phoneEnrollmentInfo": info})
    session = begun["phoneSessionInfo"]["sessionInfo"]
    verification = {"sessionInfo": session, "code": web.platform.signing.code(session)}
    added = web.ask(f"{adding}:finalize", {"idToken": token, "phoneVerificationInfo": verification})
    assert claims(added["idToken"])["auth_time"] == claims(token)["auth_time"]
    assert web.me(added["idToken"])[1]["roles"] == ["admin"]
    firebase_admin.auth.delete_user(claims(token)["sub"], app=admin)


# --- what counts for nothing ----------------------------------------------------------------------


def test_what_the_emulator_says_itself_is_believed_nowhere(web, firebase_emulator):
    said = {"sub": CUSTOMER, "email": CUSTOMER, "email_verified": True}
    body = {
        "postBody": urlencode({"id_token": json.dumps(said), "providerId": "google.com"}),
        "requestUri": "http://localhost",
        "returnSecureToken": True,
    }
    status, told = firebase_emulator.ask(f"{BY_PROVIDER}?key=any", body)
    assert (status, jws.parsed(told["idToken"]).header["alg"]) == (200, "none")
    assert web.me(told["idToken"])[0] == 401
    assert web.ask(f"{TOOLKIT}/v1/accounts:lookup", {"idToken": told["idToken"]}) == (
        "INVALID_ID_TOKEN"
    )
    assert web.renewed(told["refreshToken"]) == "INVALID_REFRESH_TOKEN"


def test_what_anybody_can_write_is_not_passed_on(web):
    said = json.dumps({"sub": GOVERNOR, "email": GOVERNOR, "email_verified": True})
    assert web.provider(said) == "INVALID_IDP_RESPONSE"
    assert web.provider(f"e30.{b64encode(said.encode()).decode().rstrip('=')}.") == (
        "INVALID_IDP_RESPONSE"
    )
    own = web.signed_in(CUSTOMER)
    assert web.provider(own["idToken"]) == "INVALID_IDP_RESPONSE"
    assert web.me(web.platform.signing.vouched(GOVERNOR))[0] == 401
    written = {
        "_AuthEmulatorRefreshToken": "DO NOT MODIFY",
        "localId": "governor.platform",
        "provider": "google.com",
        "projectId": "demo-tests",
        "secondFactor": {"identifier": "phone", "provider": "phone"},
    }
    assert web.renewed(b64encode(json.dumps(written).encode()).decode()) == (
        "INVALID_REFRESH_TOKEN"
    )
    pending = {"_AuthEmulatorMfaPendingCredential": "DO NOT MODIFY", **written}
    body = {
        "mfaPendingCredential": b64encode(json.dumps(pending).encode()).decode(),
        "mfaEnrollmentId": "phone",
    }
    assert web.ask(SECOND_STARTS, body) == "INVALID_MFA_PENDING_CREDENTIAL"


def test_the_first_factor_alone_is_no_sign_in(web):
    first = web.vouched(GOVERNOR)
    assert "idToken" not in first
    pending = {"mfaPendingCredential": first["mfaPendingCredential"]}
    begun = web.ask(SECOND_STARTS, {**pending, "mfaEnrollmentId": "phone", "phoneSignInInfo": {}})
    session = begun["phoneResponseInfo"]["sessionInfo"]
    wrong = {"sessionInfo": session, "code": "no"}
    assert web.ask(SECOND_ENDS, {**pending, "phoneVerificationInfo": wrong}) == "INVALID_CODE"


def test_a_provider_vouches_for_some_minutes_and_so_does_a_first_factor(web):
    said, first = web.platform.signing.vouched(GOVERNOR), web.vouched(GOVERNOR)
    web.platform.clock.jump(web.platform.clock.now() + LATER)
    assert web.provider(said) == "TOKEN_EXPIRED"
    pending = {"mfaPendingCredential": first["mfaPendingCredential"], "mfaEnrollmentId": "phone"}
    assert web.ask(SECOND_STARTS, pending) == "INVALID_MFA_PENDING_CREDENTIAL"


def test_a_first_factor_ends_with_the_sign_ins(web, admin):
    first = web.vouched("viewer@platform.example")
    time.sleep(1.1)
    firebase_admin.auth.revoke_refresh_tokens("viewer.platform", app=admin)
    pending = {"mfaPendingCredential": first["mfaPendingCredential"], "mfaEnrollmentId": "phone"}
    assert web.ask(SECOND_STARTS, pending) == "TOKEN_EXPIRED"


def test_whoever_is_switched_off_neither_signs_in_nor_goes_on(web, admin):
    before = web.signed_in("customer_user@globex.example")
    firebase_admin.auth.update_user("customer_user.globex", disabled=True, app=admin)
    assert web.renewed(before["refreshToken"]) == "USER_DISABLED"
    assert web.vouched("customer_user@globex.example") == "USER_DISABLED"
    firebase_admin.auth.update_user("customer_user.globex", disabled=False, app=admin)


def test_an_emulator_that_is_gone_is_told(tmp_path, web):
    gone = AuthEmulator(str(tmp_path / "nowhere"), "demo-tests")
    with pytest.raises(ProviderDown, match="has ended"):
        gone.ask("/")
    whole, web.platform.signing._emulator = web.platform.signing._emulator, gone
    url = f"{web.platform.address}{RENEWAL}"
    answer = urllib3.request("POST", url, json={"refresh_token": "any"})
    assert answer.status == 400, "what is known here is told all the same"
    body = {"postBody": urlencode({"id_token": web.platform.signing.vouched(GOVERNOR)})}
    answer = urllib3.request("POST", f"{web.platform.address}{BY_PROVIDER}", json=body)
    web.platform.signing._emulator = whole
    assert (answer.status, answer.json()["code"]) == (503, "provider_down")
    assert "stop this server and start it again" in answer.json()["detail"]


def test_an_emulator_that_answers_no_more_may_again(tmp_path):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        emulator = AuthEmulator(str(deaf.getsockname()[1]), "demo-tests")

        def close():
            deaf.accept()[0].close()

        threading.Thread(target=close).start()
        with pytest.raises(ProviderDown, match="the sign-in does not answer now"):
            emulator.ask("/")


@pytest.mark.parametrize("account", ["governor", "customer_admin@acme", "service"])
def test_a_token_in_a_terminal_is_of_the_server_that_runs(web, account):
    command = [sys.executable, "-m", "local", "token", account, "--data", str(web.data)]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert web.me(token)[0] == 200


def test_what_is_nested_too_deeply_is_no_request(web):
    headers = {"Content-Type": "application/json"}
    for path in (BY_PROVIDER, RENEWAL, "/local/sign-in"):
        url = f"{web.platform.address}{path}"
        assert urllib3.request("POST", url, body="[" * 100_000, headers=headers).status == 400


def test_nobody_signs_up_by_themselves(web):
    assert web.vouched("stranger@example.com") == "ADMIN_ONLY_OPERATION"
    new = {"email": "stranger@example.com", "password": "123456", "returnSecureToken": True}
    assert web.ask(f"{TOOLKIT}/v1/accounts:signUp", new) == "ADMIN_ONLY_OPERATION"
    assert web.ask(f"{TOOLKIT}/v1/accounts:signUp", {}) == "ADMIN_ONLY_OPERATION"


@pytest.mark.parametrize(
    "path",
    [
        f"{TOOLKIT}/v1/accounts:signInWithPassword",
        f"{TOOLKIT}/v1/accounts:signInWithCustomToken",
        f"{TOOLKIT}/v1/accounts:signInWithEmailLink",
        f"{TOOLKIT}/v1/accounts:signInWithPhoneNumber",
        f"{TOOLKIT}/v1/accounts:update",
        f"{TOOLKIT}/v1/projects/demo-tests/accounts:batchCreate",
        f"{TOOLKIT}/v1/projects/demo-tests/accounts:update",
        f"{TOOLKIT}/v1/projects/demo-tests/accounts:lookup",
    ],
)
def test_what_is_switched_off_is_refused_to_whoever_asks(web, path):
    body = {"localId": "governor.platform", "customAttributes": '{"roles": ["admin"]}'}
    assert web.ask(path, body, Authorization="Bearer owner") == "OPERATION_NOT_ALLOWED"


def test_what_only_the_emulators_owner_sees_is_seen_by_nobody_else(web):
    for path in ("/emulator/v1/projects/demo-tests/verificationCodes", "/emulator/openapi.json"):
        assert urllib3.request("GET", web.platform.address + path).status == 404
    for path in ("/local/codes", "/local/vouch"):
        body = {"email": GOVERNOR, "secret": "guessed"}
        assert urllib3.request("POST", web.platform.address + path, json=body).status == 401


def test_a_web_client_reads_what_it_needs_before_it_asks_for_a_code(web):
    """The Web SDK asks for the first, goes on without it, and not without the second."""
    base = f"{web.platform.address}{TOOLKIT}"
    assert urllib3.request("GET", f"{base}/v2/recaptchaConfig?key=any").status == 400
    assert "recaptchaSiteKey" in urllib3.request("GET", f"{base}/v1/recaptchaParams?key=a").json()


def test_a_page_of_ours_is_answered_and_no_other(web):
    def asked(method, origin):
        url, headers = f"{web.platform.address}{BY_PROVIDER}", {"Origin": origin}
        return urllib3.request(method, url, body=b"{}", headers=headers)

    ours = asked("OPTIONS", "https://shop.example")
    assert ours.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "X-Client-Version" in ours.headers["Access-Control-Allow-Headers"]
    assert asked("POST", "https://shop.example").status == 400
    assert asked("POST", "https://else.example").status == 403


# --- on this machine ------------------------------------------------------------------------------


def test_accounts_of_services_and_a_browsers_link_need_no_more(web):
    assert web.client.get("genesis", "/v1/me")["roles"] == ["genesis"]
    page = urllib3.request("GET", web.platform.entrance.link()).data.decode()
    token = page.partition("export TOKEN=")[2].partition("<")[0]
    assert claims(token)["firebase"]["sign_in_second_factor"] == "phone"


def test_an_account_there_is_not_is_told(web):
    with pytest.raises(Refused) as refused:
        web.client.sign_in("nobody")
    assert "there is no account nobody" in refused.value.detail
