"""
Signed notes and checkpoints: what a log says of itself (C2SP, signed-note and tlog-checkpoint).

Pure: whoever signs or verifies is handed in.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

from shared.merkle import EMPTY_ROOT

_ED25519 = b"\x01"
_MOST_BYTES = 64 * 1024
"""More than a note with sixteen signatures of any kind has."""

_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_SIGNATURE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class Untrusted(ValueError):
    """A note that no trusted key signed, or one that is none."""


class NoteKey(NamedTuple):
    """A key of Ed25519, under the name that notes call it by."""

    name: str
    public: bytes
    """Its 32 bytes (RFC 8032)."""

    @property
    def id(self) -> bytes:
        """The four bytes by which signatures say which key made them."""
        said = self.name.encode() + b"\n" + _ED25519 + self.public
        return hashlib.sha256(said).digest()[:4]

    @classmethod
    def read(cls, text: str) -> "NoteKey":
        """
        Return the key that somebody handed on.

        Raises:
            Untrusted: It is none.
        """
        name, _, rest = text.partition("+")
        id, _, key = rest.partition("+")
        raw = _raw(key)
        found = cls(name, raw[1:])
        right = raw[:1] == _ED25519 and len(raw) == 33 and found.id.hex() == id
        if not right or not _NAME.fullmatch(name):
            raise Untrusted(f"{text!r:.200} is no key of notes: name, id and key, with + between")
        return found

    @property
    def text(self) -> str:
        """The key as people hand it on: name, id and key, as Go's `note` package and its like take it."""
        key = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{key}"


class Checkpoint(NamedTuple):
    """How large a log is, and the root of its tree."""

    origin: str
    """Which log."""
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def signed(text: str, key: NoteKey, sign: Callable[[bytes], bytes]) -> str:
    """
    Return a text as a note.

    Args:
        text: It ends in a newline.

        key: Under which name and key it is signed.

        sign: Makes the 64 bytes of a signature.

    Raises:
        ValueError: The text or the name cannot be in a note.
    """
    plain = all(one == "\n" or one >= " " for one in text)
    if not text.endswith("\n") or not plain or not _NAME.fullmatch(key.name):
        raise ValueError("a note is printable lines, signed under a name without spaces")
    signature = base64.b64encode(key.id + sign(text.encode())).decode()
    return f"{text}\n— {key.name} {signature}\n"


def opened(note: str, key: NoteKey, verify: Callable[[bytes, bytes], bool]) -> str:
    """
    Return the text of a note that a key signed; signatures of others say nothing.

    Args:
        note: The note.

        key: The key to believe.

        verify: ``verify(message, signature)``: whether that key made the 64 bytes of a signature.

    Raises:
        Untrusted: It is no note, that key did not sign it, or a signature in its name is wrong.
    """
    if len(note) > _MOST_BYTES:
        raise Untrusted("it is too long for a note")
    text, blank, below = note.rpartition("\n\n")
    lines = below.split("\n")
    if not blank or lines.pop() != "" or not all(one == "\n" or one >= " " for one in note):
        raise Untrusted("it is no note: lines of text, an empty one, and its signatures")
    found = [_SIGNATURE.fullmatch(line) for line in lines]
    if not found or None in found:
        raise Untrusted("a line below the text of the note is no signature")
    given = [_raw(one["signature"]) for one in found if one and one["name"] == key.name]
    own = [raw[4:] for raw in given if raw[:4] == key.id]
    message = f"{text}\n".encode()
    if not own or not all(verify(message, one) for one in own):
        raise Untrusted(f"the key {key.name}+{key.id.hex()} did not sign this note as it is")
    return f"{text}\n"


def checkpoint_in(text: str, origin: str) -> Checkpoint:
    """
    Return the checkpoint that a note's text is.

    Raises:
        Untrusted: It is none of that log, or not written as one.
    """
    said, _, rest = text.partition("\n")
    size, _, rest = rest.partition("\n")
    hashed, end, more = rest.partition("\n")
    root = _raw(hashed)
    if said != origin or not _SIZE.fullmatch(size) or len(root) != len(EMPTY_ROOT) or not end:
        raise Untrusted(f"this is no checkpoint of {origin}")
    if more:
        raise Untrusted("this log writes no lines below its root")
    return Checkpoint(said, int(size), root)


def _raw(text: str) -> bytes:
    """Return what base64 (RFC 4648, 4) stands for, where it is its one spelling; nothing else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""
