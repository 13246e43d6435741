#!/usr/bin/env bash
# pydantic 2.14.3: `extra="allow"` given to one call of `model_validate` reads unknown members into models
# whose configuration forbids them, at every depth, and `model_dump` then leaves them out again without a word.
#
# Seen: the members are there as attributes, in `model_extra` and in `dict(model)`; `model_dump` and
# `model_dump_json` write a model's extra members only where its own configuration allows them, so of an outer
# model that allows and a part that forbids the outer's are written and the part's are lost.
# A reader that is lenient per call therefore loses, at its next write, what a newer release had stored.
# The other way round is whole: models that allow, and `extra="forbid"` given to the call, which reaches every
# depth and names the place.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pydantic==2.14.3
env/bin/python - <<'PYTHON'
from pydantic import BaseModel, ConfigDict, ValidationError


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    part: Part


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    part: Part


class OpenPart(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class AllOpen(BaseModel):
    model_config = ConfigDict(extra="allow")
    part: OpenPart


stored = {"part": {"a": 1, "new": 2}, "newer": 3}

closed = Closed.model_validate(stored, extra="allow")
assert (closed.newer, closed.part.new) == (3, 2)
assert (closed.model_extra, closed.part.model_extra) == ({"newer": 3}, {"new": 2})
assert dict(closed)["newer"] == 3
print("read, by attribute:   ", closed.newer, closed.part.new)
print("written, all forbid:  ", closed.model_dump())
assert closed.model_dump() == {"part": {"a": 1}}

half = Open.model_validate(stored, extra="allow")
print("written, outer allows:", half.model_dump())
assert half.model_dump() == {"part": {"a": 1}, "newer": 3}

whole = AllOpen.model_validate(stored)
print("written, all allow:   ", whole.model_dump())
assert whole.model_dump() == stored
try:
    AllOpen.model_validate(stored, extra="forbid")
except ValidationError as error:
    places = [one["loc"] for one in error.errors()]
    print("forbidden per call:   ", places)
    assert places == [("part", "new"), ("newer",)]
else:
    raise SystemExit("nothing was refused")
PYTHON
