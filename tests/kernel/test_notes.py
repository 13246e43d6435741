"""Notes and checkpoints: a published note, and every way in which one is not signed so."""

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.merkle import EMPTY_ROOT
from shared.notes import Checkpoint, NoteKey, Untrusted, checkpoint_in, opened, signed

PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The note that Go's `note` package shows what a note is by, and the key that signed it."""

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = NoteKey("waooaw-test/log", PRIVATE.public_key().public_bytes_raw())
POINT = Checkpoint("waooaw-test/log", 3, bytes(range(32)))
NOTE = signed(POINT.text, KEY, PRIVATE.sign)


def by(key):
    def verify(message, signature):
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return verify


def believed(note, key=KEY):
    return checkpoint_in(opened(note, key, by(key)), POINT.origin)


def test_a_note_that_others_published_is_read():
    name, id, key = PUBLISHED_KEY.split("+", 2)
    own = NoteKey(name, base64.b64decode(key)[1:])
    assert (own.id.hex(), own.text) == (id, PUBLISHED_KEY)
    assert NoteKey.read(PUBLISHED_KEY) == own
    assert opened(PUBLISHED, own, by(own)).startswith("If you think cryptography")


@pytest.mark.parametrize(
    "text",
    [
        PUBLISHED_KEY.replace("c74f", "c74e"),
        PUBLISHED_KEY.replace("PeterN", "PeterM"),
        PUBLISHED_KEY.replace("+ARpc", "+AhpC"),
        PUBLISHED_KEY[:-4],
        "PeterNeumann",
        "",
    ],
)
def test_what_is_no_key_of_notes_is_none(text):
    with pytest.raises(Untrusted, match="is no key of notes"):
        NoteKey.read(text)


def test_a_checkpoint_is_written_as_specified():
    text, line = NOTE.split("\n\n")
    assert text == f"waooaw-test/log\n3\n{base64.b64encode(bytes(range(32))).decode()}"
    assert line.startswith("— waooaw-test/log ") and line.endswith("\n")
    assert len(base64.b64decode(line.split()[2])) == 4 + 64
    assert believed(NOTE) == POINT


def test_signing_again_gives_the_same_bytes():
    assert signed(POINT.text, KEY, PRIVATE.sign) == NOTE


def test_no_change_of_a_character_is_believed():
    for at in range(len(NOTE)):
        for other in ("A", "\n", " "):
            changed = NOTE[:at] + other + NOTE[at + 1 :]
            if changed != NOTE:
                with pytest.raises(Untrusted):
                    believed(changed)
        with pytest.raises(Untrusted):
            believed(NOTE[:at] + NOTE[at + 1 :])


def test_a_signature_has_one_spelling():
    assert NOTE.endswith("=\n")
    at = NOTE.index("=\n") - 1
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    same = letters[letters.index(NOTE[at]) + 1]
    other = NOTE[:at] + same + NOTE[at + 1 :]
    assert base64.b64decode(other.split()[-1]) == base64.b64decode(NOTE.split()[-1])
    with pytest.raises(Untrusted):
        believed(other)


def test_signatures_of_others_say_nothing():
    stranger = Ed25519PrivateKey.generate()
    other = NoteKey("witness.example/w1", stranger.public_key().public_bytes_raw())
    theirs = signed(POINT.text, other, stranger.sign)
    line = theirs.partition("\n\n")[2]
    assert believed(NOTE + line) == POINT
    with pytest.raises(Untrusted, match="did not sign"):
        believed(theirs)
    same_name = NoteKey(KEY.name, other.public)
    with pytest.raises(Untrusted, match="did not sign"):
        believed(signed(POINT.text, same_name, stranger.sign))
    named_so = signed(POINT.text, KEY, stranger.sign)
    with pytest.raises(Untrusted, match="did not sign"):
        believed(NOTE + named_so.partition("\n\n")[2])


@pytest.mark.parametrize(
    "text",
    [
        "other/log\n3\n{root}\n",
        "waooaw-test/log\n03\n{root}\n",
        "waooaw-test/log\n-3\n{root}\n",
        "waooaw-test/log\n\n{root}\n",
        "waooaw-test/log\n3\nAAAA\n",
        "waooaw-test/log\n3\n{root}\nmore\n",
        "waooaw-test/log\n3\n",
        "waooaw-test/log\n99999999999999999999\n{root}\n",
    ],
)
def test_what_is_signed_and_no_checkpoint_is_none(text):
    note = signed(text.format(root=base64.b64encode(EMPTY_ROOT).decode()), KEY, PRIVATE.sign)
    with pytest.raises(Untrusted):
        believed(note)


@pytest.mark.parametrize(
    ("text", "name"), [("a\n", "a b"), ("a\n", "a+b"), ("a", "a"), ("\t\n", "a")]
)
def test_what_cannot_be_in_a_note_is_not_signed(text, name):
    with pytest.raises(ValueError, match="a note is"):
        signed(text, NoteKey(name, KEY.public), PRIVATE.sign)


def test_a_note_is_not_endless():
    with pytest.raises(Untrusted, match="too long"):
        believed("a\n" * 40_000 + NOTE)
