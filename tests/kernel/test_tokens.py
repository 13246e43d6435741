"""Tokens of every odd kind: each is taken or refused as it should be, and none is a defect."""

import base64
import json
import sys

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.conftest import NOON
from tests.kernel import test_auth
from tests.kernel.test_auth import OURS, whoami

NOW = int(NOON.timestamp())
DAY = 24 * 3600
KNOWN_CASES = 142
"""So many were tried when tokens were first gone through by hand."""

STAFF = {"tenant": "platform", "roles": ["viewer"]}
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def person(world, **claims):
    return signed(world, test_auth.person(world), claims)


def service(world, **claims):
    return signed(world, test_auth.service(world), claims)


def signed(world, token, changes):
    """Sign whatever is claimed, also what no library would; None leaves a claim out."""
    whole = jwt.decode(token, options={"verify_signature": False}) | changes
    body = json.dumps({name: value for name, value in whole.items() if value is not None})
    header = {"kid": world.sign_in._kid}
    return jwt.PyJWS().encode(body.encode(), world.sign_in._key, "RS256", headers=header)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(token, header, signature=""):
    return f"{part(header)}.{token.split('.')[1]}.{signature}"


def algorithms(world):
    good, kid = person(world), world.sign_in._kid
    private = world.sign_in._key
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = jwt.decode(good, options={"verify_signature": False})
    for name in ("none", "None", "NONE", "nOnE", ""):
        yield f"alg {name!r}", unsigned(good, {"alg": name, "kid": kid}), 401
        yield f"alg {name!r}, signed", unsigned(good, {"alg": name, "kid": kid}, "AAAA"), 401
    for name in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        yield name, jwt.encode(claims, private, name, headers={"kid": kid}), 401
    for name in ("HS256", "HS384", "HS512"):
        for what, secret in (("the public key", pem), ("nothing", b""), ("the kid", kid.encode())):
            yield f"{name} with {what}", hmac(claims, name, kid, secret), 401
    curve = ec.generate_private_key(ec.SECP256R1())
    yield "ES256", jwt.encode(claims, curve, "ES256", headers={"kid": kid}), 401
    edwards = ed25519.Ed25519PrivateKey.generate()
    yield "EdDSA", jwt.encode(claims, edwards, "EdDSA", headers={"kid": kid}), 401
    yield "RS256", good, 200


def hmac(claims, name, kid, secret):
    import hashlib
    import hmac as mac

    text = f"{part({'alg': name, 'kid': kid})}.{part(claims)}"
    made = mac.new(secret, text.encode(), getattr(hashlib, f"sha{name[2:]}")).digest()
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def headers(world):
    good, kid = person(world), world.sign_in._kid
    kids = ["unknown", "", " ", None, 1, 1.5, True, [], {}, [kid], {"kid": kid}, "../../keys"]
    kids += ["/dev/null", "https://evil.example/keys", "' or 1=1 --", "x" * 5000, kid.upper() + "x"]
    for odd in [*kids, kid[:-1], kid + "\n", "\u00e9"]:
        yield f"kid {str(odd)[:20]!r}", with_header(good, {"alg": "RS256", "kid": odd}), 401
    yield "no kid", with_header(good, {"alg": "RS256"}), 401
    own = STRANGER.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": str(own.n), "e": "AQAB"}
    for name, value in (
        ("jwk", jwk),
        ("jku", "https://evil.example/keys"),
        ("x5u", "https://evil.example/chain"),
        ("x5c", ["AAAA"]),
        ("x5t", "AAAA"),
    ):
        claims = jwt.decode(good, options={"verify_signature": False})
        forged = jwt.encode(claims, STRANGER, "RS256", headers={"kid": kid, name: value})
        yield f"{name} of a stranger", forged, 401
    for name, value in (("crit", ["exp"]), ("crit", ["b64"]), ("crit", "x"), ("b64", False)):
        yield f"{name} {value}", with_header(good, {"alg": "RS256", "kid": kid, name: value}), 401


def with_header(token, header):
    """Return a token with another header, whose signature is that of the first."""
    return f"{part(header)}.{token.split('.', 1)[1]}"


def addresses(world):
    people = "https://securetoken.google.com/"
    for issuer in (
        people,
        f"{people}other",
        f"{people}local/",
        "http://securetoken.google.com/local",
    ):
        yield f"issuer {issuer}", person(world, iss=issuer), 401
    for issuer in (f"{people}LOCAL", "local", "", None, 1, [f"{people}local"]):
        yield f"issuer {issuer!r}", person(world, iss=issuer), 401
    for audience in ("other", "", None, "LOCAL", 1, {}, [], ["other"], ["local"], [1]):
        yield f"audience {audience!r}", person(world, aud=audience), 401
    yield "a person for Google", person(world, iss="https://accounts.google.com"), 401
    yield "a service of Firebase", service(world, iss=f"{people}local"), 401
    yield "a service of Google without its scheme", service(world, iss="accounts.google.com"), 401
    for audience in ("local", "https://elsewhere.example", "", None, [], {}, 1):
        yield f"a service for {audience!r}", service(world, aud=audience), 401
    for email in ("", "workflows", "@", f"{OURS}", "workflows@gserviceaccount.com", None, 1, []):
        yield f"a service called {email!r}", service(world, email=email), 401
    for name in ("gateway", "builder", "deployer", "unlisted", "Workflows", "workflows "):
        yield f"the account {name!r}", service(world, email=f"{name}{OURS}"), 401
    for said in (False, None, "true", 1, []):
        yield f"a service's address verified {said!r}", service(world, email_verified=said), 401
    yield "a service", service(world), 200


def people(world):
    for said in (False, None, "true", 1, [], {}):
        yield f"address verified {said!r}", person(world, email_verified=said), 401
    for second in (None, "", 1, True, [], {}):
        firebase = {"sign_in_second_factor": second}
        yield f"staff's second factor {second!r}", person(world, **STAFF, firebase=firebase), 401
    for firebase in (None, "totp", [], 1):
        yield f"staff's firebase {firebase!r}", person(world, **STAFF, firebase=firebase), 401
    yield "staff with a second factor", person(world, **STAFF), 200
    yield "a customer with one factor", person(world, firebase={}), 200
    for name in ("genesis", "governor", "anonymous", "anonymous-3", "service", "GENESIS", "admin"):
        yield f"a person called {name}", person(world, sub=name), 401
    for name in ("workflows", "service:workflows", "a/b", "", " ", "a" * 129, "a\n", None, 1, []):
        yield f"a person called {str(name)[:20]!r}", person(world, sub=name), 401
    for tenant in ("", " ", "ACME", "../platform", "acme/x", "a", None, 1, ["acme"], "x" * 40):
        yield f"the tenant {str(tenant)[:20]!r}", person(world, tenant=tenant), 401
    for roles in (
        [],
        None,
        "customer_admin",
        {},
        [None],
        [["x"]],
        [{}],
        [1],
        ["root"],
        ["Governor"],
    ):
        yield f"the roles {roles!r}", person(world, roles=roles), 401
    for role in ("service", "genesis", "systems_architect", "vision_guardian"):
        yield f"a person as {role}", person(world, tenant="platform", roles=[role]), 401
    yield "staff of a customer", person(world, roles=["governor"]), 401
    yield "a customer of the platform", person(world, tenant="platform"), 401
    mixed = ["customer_admin", "governor"]
    for tenant in ("acme", "platform"):
        yield f"both at {tenant}", person(world, tenant=tenant, roles=mixed), 401
    yield "a role twice", person(world, roles=["customer_user"] * 2), 200


def times(world):
    for name in ("iat", "exp", "auth_time"):
        for odd in ("1", 1.5, [], {}, -1, 2**63, None if name != "auth_time" else "x"):
            yield f"{name} {odd!r}", person(world, **{name: odd}), 401
    yield "over", person(world, iat=NOW - DAY, exp=NOW - 30), 401
    yield "just not over", person(world, exp=NOW - 29), 200
    yield "of tomorrow", person(world, iat=NOW + DAY, exp=NOW + 2 * DAY), 401
    yield "just of the future", person(world, iat=NOW + 31), 401
    yield "of a clock that is off", person(world, iat=NOW + 29), 200
    yield "not yet good", person(world, nbf=NOW + 31), 401
    yield "good since now", person(world, nbf=NOW), 200
    yield "signed in tomorrow", person(world, auth_time=NOW + DAY), 401


GROUPS = [algorithms, headers, addresses, people, times]


@pytest.fixture
def cases(world):
    return [
        (f"{group.__name__}: {name}", *rest) for group in GROUPS for name, *rest in group(world)
    ]


def test_every_odd_token_is_taken_or_refused_as_it_should_be(world, cases, capsys):
    wrong = []
    for name, token, status in cases:
        for header in ("Authorization", "X-Forwarded-Authorization"):
            answer = world.call(whoami, "/v1/whoami", headers={header: f"Bearer {token}"})
            if answer.status_code != status:
                wrong.append((name, header, answer.status_code))
    assert wrong == []
    assert len({name for name, *_ in cases}) == len(cases) > KNOWN_CASES
    with capsys.disabled():
        sys.stdout.write(f"{len(cases)} cases of tokens, each in two headers\n")
