"""The key of a writer is read as the library reads it, and nothing of the library that reading any key takes is loaded."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from shared.edge.keys import PemSigner

ROOT = Path(__file__).parents[2]
MADE = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (0, 1, 15, 16, 127, 255)]


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("key", [*MADE, *(Ed25519PrivateKey.generate() for _ in range(20))])
@pytest.mark.parametrize("written", [bytes, bytes.strip, lambda pem: pem.replace(b"\n", b"\r\n")])
def test_a_key_is_read_as_the_library_reads_it(key, written):
    signer = PemSigner(lambda: written(pem(key)))
    read = load_pem_private_key(pem(key), None)
    assert signer.sign(b"x") == PemSigner(lambda: pem(read)).sign(b"x")
    assert signer._key.private_bytes_raw() == read.private_bytes_raw()


@pytest.mark.parametrize(
    "other",
    [
        pem(ec.generate_private_key(ec.SECP256R1())),
        b"",
        pem(MADE[1]).replace(b"BCIEIA", b"BCIEIQ"),
        pem(MADE[1]).replace(b"\n-----END", b"AAAA\n-----END"),
    ],
)
def test_what_is_no_key_of_ed25519_signs_nothing(other):
    with pytest.raises((TypeError, ValueError, UnsupportedAlgorithm)):
        PemSigner(lambda: other).sign(b"x")


def test_to_sign_loads_no_other_kind_of_key():
    program = (
        "import sys; from shared.edge.keys import PemSigner;"
        "signer = PemSigner(lambda: sys.argv[1].encode());"
        "signer.sign(b'x'), signer.jwk;"
        "print('cryptography.hazmat.primitives.serialization' in sys.modules)"
    )
    said = [sys.executable, "-c", program, pem(MADE[1]).decode()]
    done = subprocess.run(said, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"
