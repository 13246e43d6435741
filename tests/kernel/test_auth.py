"""Identity: which tokens count, and for what."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.actors import Role, Scope
from shared.edge.auth import KeySource
from shared.edge.ports import connect
from shared.edge.settings import Settings
from shared.edge.strangers import MOST_ENTRIES, WINDOW, Strangers
from shared.here import HERE
from shared.operation import Call
from tests.conftest import NOON
from tests.kernel.things import entries, make_thing, problem
from tests.worlds import declared

OURS = "@local.iam.gserviceaccount.com"
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@declared("GET", "/v1/whoami", scopes={Scope.ACCOUNT})
def whoami(call: Call) -> dict[str, object]:
    """Say."""
    return {"id": call.actor.id, "tenant": call.actor.tenant, "roles": sorted(call.actor.roles)}


def with_token(world, token, header="Authorization"):
    return world.call(whoami, "/v1/whoami", headers={header: f"Bearer {token}"})


def person(world, key=None, kid=None, alg="RS256", **claims):
    sign_in = world.sign_in
    now = int(NOON.timestamp())
    whole = {
        "iss": "https://securetoken.google.com/local",
        "aud": "local",
        "sub": "somebody",
        "iat": now,
        "exp": now + 3600,
        "auth_time": now,
        "tenant": "acme",
        "roles": ["customer_admin"],
        "email_verified": True,
        "firebase": {"sign_in_provider": "password", "sign_in_second_factor": "totp"},
    } | claims
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(whole, key or sign_in._key, alg, headers={"kid": kid or sign_in._kid})


def service(world, **claims):
    return person(
        world,
        **{
            "iss": "https://accounts.google.com",
            "aud": HERE,
            "email": "workflows@local.iam.gserviceaccount.com",
            "email_verified": True,
            "tenant": None,
            "roles": None,
        }
        | claims,
    )


def test_a_person_is_who_the_token_says(world):
    assert with_token(world, person(world)).json == {
        "id": "somebody",
        "tenant": "acme",
        "roles": ["customer_admin"],
    }


def test_the_gateway_hands_a_persons_token_on(world):
    answer = with_token(world, person(world), "X-Forwarded-Authorization")
    assert answer.json["id"] == "somebody"


@pytest.mark.parametrize(
    ("email", "id", "role"),
    [
        ("workflows", "service:workflows", Role.SERVICE),
        ("genesis", "genesis", Role.GENESIS),
        ("systems-architect", "systems_architect", Role.SYSTEMS_ARCHITECT),
        ("vision-guardian", "vision_guardian", Role.VISION_GUARDIAN),
    ],
)
def test_a_service_account_is_its_name(world, email, id, role):
    token = service(world, email=f"{email}@local.iam.gserviceaccount.com")
    assert with_token(world, token).json == {"id": id, "tenant": "platform", "roles": [role]}


def test_no_token_is_401_and_leaves_no_trace(world):
    answer = world.call(whoami, "/v1/whoami")
    problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert entries(world) == []


def forged(world):
    now = int(NOON.timestamp())
    good = person(world)
    head, body, signature = good.split(".")
    unsigned = jwt.encode({"sub": "x"}, None, "none")
    public = world.sign_in._key.public_key().public_numbers().n
    return {
        "garbage": "x",
        "three parts of nothing": "a.b.c",
        "signed by a stranger": person(world, key=STRANGER),
        "an unknown key": person(world, kid="unknown"),
        "alg none": unsigned,
        "alg none with our header": f"{unsigned.split('.')[0]}.{body}.",
        "alg HS256 with the public key": person(world, key=str(public) * 2, alg="HS256"),
        "a changed body": f"{head}.{unsigned.split('.')[1]}.{signature}",
        "no signature": f"{head}.{body}.",
        "expired": person(world, exp=now - 31),
        "from the future": person(world, iat=now + 31),
        "signed in in the future": person(world, auth_time=now + 31),
        "another audience": person(world, aud="elsewhere"),
        "another issuer": person(world, iss="https://securetoken.google.com/elsewhere"),
        "no expiry": person(world, exp=None),
        "no subject": person(world, sub=None),
        "a subject that is a path": person(world, sub="a/b"),
        "times that are text": person(world, iat=str(now)),
        "no tenant": person(world, tenant=None),
        "a tenant that is a path": person(world, tenant="../platform"),
        "no role": person(world, roles=[]),
        "an unknown role": person(world, roles=["root"]),
        "roles that are no list": person(world, roles="governor"),
        "a service's role for a person": person(world, tenant="platform", roles=["service"]),
        "a foundational agent's role": person(world, tenant="platform", roles=["genesis"]),
        "a staff role in a customer's tenant": person(world, roles=["admin"]),
        "a customer's role in the platform": person(world, tenant="platform"),
        "a person's token with Google's issuer": person(world, iss="https://accounts.google.com"),
        "a service of another project": service(world, email="workflows@x.iam.gserviceaccount.com"),
        "a service whose address is not verified": service(world, email_verified=False),
        "a service for another audience": service(world, aud="https://elsewhere.example"),
        "a service for several": service(world, aud=[world.ports.settings.api, "x"]),
        "a service beside the functions": service(
            world, aud=world.ports.settings.address("").rstrip("/")
        ),
    }


def test_no_forged_token_gets_in_and_each_is_evidence(world):
    tokens = forged(world)
    for name, token in tokens.items():
        world.ports.strangers = Strangers()
        answer = with_token(world, token)
        assert answer.status_code == 401, name
        problem(answer, 401, "unauthenticated")
    refused = entries(world, action="auth.failed")
    assert len(refused) == len(tokens)
    assert all(entry.entity.startswith("principals/anonymous-") for entry in refused)
    assert {entry.action for entry in entries(world)} == {"auth.failed"}


def test_a_flood_of_strangers_leaves_a_few_entries_and_a_count(world):
    token = forged(world)["no signature"]
    for _ in range(300):
        assert with_token(world, token).status_code == 401
    kept = entries(world, action="auth.failed")
    assert len(kept) == MOST_ENTRIES
    assert {entry.data["counted"] for entry in kept} == {0}
    assert with_token(world, forged(world)["expired"]).status_code == 401
    assert len(entries(world, action="auth.failed")) == MOST_ENTRIES + 1
    world.now += WINDOW
    for _ in range(2):
        assert with_token(world, token).status_code == 401
    counts = sorted(entry.data["counted"] for entry in entries(world, action="auth.failed"))
    assert counts == [0] * (MOST_ENTRIES + 2) + [300 - MOST_ENTRIES]


def test_each_refusal_of_somebody_who_signed_in_is_evidence(world):
    times = MOST_ENTRIES + 5
    for _ in range(times):
        answer = world.call(make_thing, "/v1/things", {"size": 1}, as_="helpdesk_agent")
        problem(answer, 403, "forbidden")
    assert len(entries(world, action="policy.denied")) == times


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer " + "x" * 9000, "token"])
def test_a_header_that_is_no_bearer_token_is_401(world, header):
    answer = world.call(whoami, "/v1/whoami", headers={"Authorization": header})
    problem(answer, 401, "unauthenticated")


def test_a_clock_that_is_a_little_off_is_forgiven(world):
    now = int(NOON.timestamp())
    assert with_token(world, person(world, iat=now + 29, exp=now + 60)).status_code == 200
    assert with_token(world, person(world, exp=now - 29)).status_code == 200


def test_a_sign_in_that_was_ended_no_longer_counts(world):
    from functions.identity.log_out import log_out

    token = world.sign_in.token("governor", NOON)
    assert with_token(world, token).status_code == 200
    world.now = NOON + timedelta(seconds=10)
    answer = world.call(log_out, "/v1/auth/logout", {"all_devices": True}, as_="governor")
    assert answer.status_code == 200, answer.data
    fresh = world.ports.identify.__self__
    fresh._known.clear()
    problem(with_token(world, token), 401, "unauthenticated", "token_revoked")
    later = world.sign_in.token("governor", world.now + timedelta(seconds=1))
    assert with_token(world, later).status_code == 200


def test_keys_are_fetched_and_a_new_one_is_found(world):
    published = json.loads(Path(world.ports.settings.people_keys).read_text())

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(published).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Keys)
    Thread(target=server.serve_forever, daemon=True).start()
    source = KeySource(f"http://127.0.0.1:{server.server_port}/keys")
    assert source.key(world.sign_in._kid).key_size == 2048
    server.shutdown()
    server.server_close()


def test_keys_that_cannot_be_fetched_are_unavailable():
    from shared.errors import ProviderDown

    with pytest.raises(ProviderDown):
        KeySource("http://127.0.0.1:9/keys").key("any")


def test_a_deployed_function_takes_tokens_for_itself_alone():
    deployed = Settings(
        {
            "ENVIRONMENT": "prod",
            "API": "https://api.example",
            "FUNCTION": "agents.settle_stage",
            "FUNCTION_ADDRESS": "https://FUNCTION-1.asia-south1.run.app",
        }
    )
    cloud = "1.asia-south1.run.app"
    assert deployed.addressed(f"https://agents-settle-stage-{cloud}")
    assert deployed.address("agents-fail-workflow") == f"https://agents-fail-workflow-{cloud}"
    for audience in (
        "https://api.example",
        f"https://agents-fail-workflow-{cloud}",
        f"https://agents-settle-stage-{cloud}/x",
        f"https://-{cloud}",
        f"https://FUNCTION-{cloud}",
        "",
    ):
        assert not deployed.addressed(audience)


def test_who_controls_a_machine_is_known_from_the_deployment(world):
    environ = world.ports.settings.environ | {"CONTROLLERS": '{"genesis": ["ann"]}'}
    identify = connect(Settings(environ), lambda: world.now, world.ports.documents).identify
    hands = {}
    for token in (person(world, sub="ann"), service(world, email="genesis" + OURS)):
        actor = identify({"Authorization": f"Bearer {token}"}, revoked_within_s=60)
        hands[actor.id] = actor.hands
    assert hands == {id: {"ann", "genesis"} for id in ("ann", "genesis")}
