#!/usr/bin/env bash
# pydantic 2.14.3: a Literal of a number or a truth value is lax even where everything is strict.
#
# Seen: with `strict=True`, from Python and from JSON alike, `Literal[True]` takes 1 and 1.0, `Literal[1]` takes
# true and 1.0, and `Literal[24]` takes 24.0; each answers with the literal and not with what was given. Beside
# it, strict `bool` and strict `int` refuse all of these. A union of scalars that is not strict turns a number
# into a truth value by its order alone: `bool | int | str` makes 1.0 into True (and 24.0 into 24), while
# `int | bool` makes it 1.
# What is signed, hashed or compared is then another value than the one that was sent.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pydantic==2.14.3
env/bin/python - <<'PYTHON'
from typing import Literal, Union

from pydantic import TypeAdapter, ValidationError

REFUSED = "refused"


def taken(kind, text, **how):
    try:
        return TypeAdapter(kind).validate_json(text, **how)
    except ValidationError:
        return REFUSED


def is_(found, wanted):
    return type(found) is type(wanted) and found == wanted


CASES = [
    (Literal[True], "1", True),
    (Literal[True], "1.0", True),
    (Literal[1], "true", 1),
    (Literal[1], "1.0", 1),
    (Literal[24], "24.0", 24),
    (bool, "1", REFUSED),
    (bool, "1.0", REFUSED),
    (int, "true", REFUSED),
    (int, "1.0", REFUSED),
]
for kind, text, wanted in CASES:
    found = taken(kind, text, strict=True)
    print(f"strict {kind!s:22} from {text:5} is {found!r}")
    assert is_(found, wanted), (kind, text, found)

for kind, text, wanted in [
    (Union[bool, int, str], "1.0", True),
    (Union[bool, int, str], "24.0", 24),
    (Union[int, bool], "1.0", 1),
]:
    found = taken(kind, text)
    print(f"lax    {kind!s:22} from {text:5} is {found!r}")
    assert is_(found, wanted), (kind, text, found)
    assert taken(kind, text, strict=True) == REFUSED
PYTHON
