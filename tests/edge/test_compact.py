"""Capability tokens as they are written: one algorithm, one spelling, and nothing that another reader would read otherwise."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import canonical
from shared.edge.compact import Broken, Written, holds, public, read, signed, unsigned
from shared.edge.keys import encoded

VECTORS = json.loads((Path(__file__).parent / "wycheproof/ed25519_test.json").read_bytes())
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"tokens").digest())
KID = "0123456789abcdef"
CLAIMS = {"exp": 300, "iss": "waooaw-captokens", "tools": ["wordpress.create_post"]}


def keys(kid):
    return KEY.public_key() if kid == KID else None


def made(header, claims=CLAIMS, key=KEY):
    """Write a token with any header and claims, given as objects or as bytes, and sign it well."""
    parts = (
        one if isinstance(one, bytes) else json.dumps(one).encode() for one in (header, claims)
    )
    said = ".".join(encoded(one) for one in parts)
    return f"{said}.{encoded(key.sign(said.encode()))}"


def rule(token):
    with pytest.raises(Broken) as refused:
        read(token, keys)
    return refused.value.rule


TOKEN = signed(unsigned(CLAIMS, KID), KEY)
HEADER = {"alg": "EdDSA", "kid": KID, "typ": "captok+jwt"}
PLAIN = json.dumps(HEADER, separators=(",", ":")).encode()


def test_what_was_said_is_read():
    assert read(TOKEN, keys) == Written(KID, CLAIMS, canonical(CLAIMS))
    assert read(made(PLAIN), keys).claims == CLAIMS


def test_another_library_reads_and_writes_the_same():
    assert jwt.decode(TOKEN, KEY.public_key(), ["EdDSA"], options={"verify_exp": False}) == CLAIMS
    assert jwt.get_unverified_header(TOKEN) == HEADER


def _other_algorithms():
    """Yield tokens of every other algorithm that PyJWT knows, each signed well, also with our public key as a secret."""
    of_rsa = rsa.generate_private_key(65537, 2048)
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    raw = KEY.public_key().public_bytes_raw()
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    said = {"kid": KID, "typ": "captok+jwt"}
    for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"):
        yield name, jwt.encode(CLAIMS, of_rsa, name, said)
    for name, curve in curves.items():
        yield name, jwt.encode(CLAIMS, ec.generate_private_key(curve), name, said)
    for name, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
        for secret in (raw, pem, encoded(raw).encode()):
            head = json.dumps({"alg": name, **said}).encode()
            signing = f"{encoded(head)}.{encoded(json.dumps(CLAIMS).encode())}"
            yield name, f"{signing}.{encoded(hmac.digest(secret, signing.encode(), digest))}"
    yield "none", jwt.encode(CLAIMS, None, "none", said)
    for name in (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "Ed25519",
        "eddsa",
        "EDDSA",
        "ES256K",
        None,
        1,
    ):
        yield name, made({"alg": name, **said})
    yield "absent", made(said)


def test_every_other_algorithm_is_refused_before_a_claim_is_looked_at():
    tried = [(name, rule(token)) for name, token in _other_algorithms()]
    assert len(tried) == 31
    assert {found for _, found in tried} == {"alg"}


SPELLED = {
    "a member more": {**HEADER, "crit": ["exp"]},
    "critical members of none": {**HEADER, "crit": []},
    "a key of its own": {**HEADER, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}},
    "the address of a key": {**HEADER, "jku": "https://elsewhere.example/keys"},
    "a certificate": {**HEADER, "x5c": ["AAAA"]},
    "an encoding of its own": {**HEADER, "b64": False, "crit": ["b64"]},
    "a packed body": {**HEADER, "zip": "DEF"},
    "another type": {**HEADER, "typ": "JWT"},
    "no type": {"alg": "EdDSA", "kid": KID},
    "no key": {"alg": "EdDSA", "typ": "captok+jwt"},
    "many keys": {**HEADER, "kid": [KID]},
    "spaces": b'{"alg": "EdDSA","kid":"0123456789abcdef","typ":"captok+jwt"}',
    "a space behind": PLAIN + b" ",
    "a line behind": PLAIN + b"\n",
    "a byte behind": PLAIN + b"\0",
    "an object behind": PLAIN + b"{}",
    "a mark before": b"\xef\xbb\xbf" + PLAIN,
    "another order": b'{"typ":"captok+jwt","alg":"EdDSA","kid":"0123456789abcdef"}',
    "an escape": PLAIN.replace(b"EdDSA", b"\\u0045dDSA"),
    "a member twice": PLAIN[:-1] + b',"kid":"0123456789abcdef"}',
    "two algorithms": b'{"alg":"none",' + PLAIN[1:],
    "two algorithms, ours first": PLAIN[:-1] + b',"alg":"none"}',
    "a list": b"[]",
    "nothing": b"null",
    "no text": b"\xff\xfe",
    "no JSON": b"{",
    "too deep": b"[" * 4000,
}


@pytest.mark.parametrize("how", SPELLED)
def test_a_header_says_three_things_in_one_spelling(how):
    assert rule(made(SPELLED[how])) == "malformed"


INJECTED = [
    *("../../keys/writer.pem", "' OR 1=1 --", "0123456789ABCDEF", KID + "\n", KID + "/", ""),
    *("http://127.0.0.1/", "__class__", "fedcba9876543210", "/dev/null", "$(id)", "%00", ".."),
]


@pytest.mark.parametrize("kid", INJECTED)
def test_an_id_of_a_key_finds_a_key_or_nothing(kid):
    asked = []

    def finding(one):
        asked.append(one)

    token = signed(unsigned(CLAIMS, kid), KEY)
    with pytest.raises(Broken) as refused:
        read(token, finding)
    assert refused.value.rule == "unknown_kid"
    assert asked in ([], ["fedcba9876543210"])


TWICE = {
    "a claim twice": b'{"exp":1,"exp":2}',
    "a claim twice, deeper": b'{"lim":{"calls":1,"calls":20}}',
    "a claim twice by an escape": b'{"exp":1,"\\u0065xp":2}',
    "no number": b'{"exp":NaN}',
    "no end": b'{"exp":Infinity}',
    "something behind": b'{"exp":1}{}',
    "no object": b"[1]",
    "no text": b'{"a":"\xff"}',
    "too deep": b'{"a":' * 2000,
}


@pytest.mark.parametrize("how", TWICE)
def test_claims_are_one_object_that_names_nothing_twice(how):
    assert rule(made(PLAIN, TWICE[how])) == "malformed"


def test_a_token_has_three_parts_and_an_end():
    header, claims, signature = TOKEN.split(".")
    wrong = ["", ".", "..", "...", header, f"{header}.{claims}", f"{TOKEN}.", f"{TOKEN}.{claims}"]
    wrong += [f" {TOKEN}", f"{TOKEN} ", f"{TOKEN}\n", f"{TOKEN}=", f"{TOKEN}A", f"{TOKEN}\0"]
    wrong += [f"{header}.{claims}.", f"{header}..{signature}", f".{claims}.{signature}"]
    wrong += [
        TOKEN.replace("-", "+").replace("_", "/") + "==",
        "A" * 9000,
        f"{header}.{'A' * 9000}.{signature}",
    ]
    wrong += [f"{header}=.{claims}.{signature}", f"{header}.{claims}.{signature[:-1]}é"]
    assert {rule(one) for one in wrong} <= {"malformed", "bad_signature"}
    assert rule(f"{header}.{claims}.") == "malformed"


def test_base64url_has_one_spelling():
    """The last character of a signature has four bits that say nothing: fifteen other spellings of the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    raw = base64.urlsafe_b64decode(TOKEN.rpartition(".")[2] + "==")
    same = [
        c
        for c in letters
        if base64.urlsafe_b64decode(TOKEN.rpartition(".")[2][:-1] + c + "==") == raw
    ]
    assert len(same) == 16
    found = {rule(TOKEN[:-1] + c) for c in same if c != TOKEN[-1]}
    assert found == {"malformed"}


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 6))
def test_no_flipped_bit_is_read(place, bit):
    bent = TOKEN[:place] + chr(ord(TOKEN[place]) ^ 1 << bit) + TOKEN[place + 1 :]
    with pytest.raises(Broken):
        read(bent, keys)


@given(
    st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: ".".join([encoded(raw)] * 3))
)
def test_no_text_does_anything_but_being_refused(text):
    with pytest.raises(Broken):
        read(text, keys)


def test_signatures_are_judged_as_wycheproof_says():
    """What it calls acceptable are keys of small or mixed order: under those nothing is read."""
    wrong, counted = [], 0
    for group in VECTORS["testGroups"]:
        key = public(bytes.fromhex(group["publicKey"]["pk"]))
        for one in group["tests"]:
            counted += 1
            signature, message = bytes.fromhex(one["sig"]), bytes.fromhex(one["msg"])
            if (key is not None and holds(key, signature, message)) != (one["result"] == "valid"):
                wrong.append((one["tcId"], one["flags"], one["result"]))
    assert (counted, wrong) == (VECTORS["numberOfTests"], [])
    assert counted == 210
