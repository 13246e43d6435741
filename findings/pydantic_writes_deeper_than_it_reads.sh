#!/usr/bin/env bash
# pydantic 2.14.3 (pydantic_core 2.50.4): a model writes JSON that no model reads back.
#
# Seen for a member of type `JsonValue` or `Any` that holds lists in lists, below one object:
#   - up to 199 lists: validated, written and read again;
#   - 200 to 253: validated from Python and written by `model_dump_json`, and what was written is refused by
#     `model_validate_json` and `from_json`: "recursion limit exceeded"; `json.loads` and then `model_validate` take it;
#   - from 254 on (255 for `Any`) `model_dump_json` refuses as well, while `model_dump` goes on.
# Three limits for one value, and none of them is said by a schema. Whoever keeps what he was sent as JSON has to bound its
# depth where it comes in, or he stores what he cannot load.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pydantic==2.14.3
env/bin/python - <<'PYTHON'
import json
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import PydanticSerializationError, from_json


class Kept(BaseModel):
    value: JsonValue


class Loose(BaseModel):
    value: Any


def lists(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def way(model: type[BaseModel], depth: int) -> str:
    one = model(value=lists(depth))
    try:
        text = one.model_dump_json()
    except PydanticSerializationError:
        assert model.model_validate(one.model_dump()) == one
        return "not written"
    assert model.model_validate(json.loads(text)) == one
    try:
        assert model.model_validate_json(text) == one
    except ValidationError as error:
        assert "recursion limit exceeded" in str(error)
        try:
            from_json(text)
        except ValueError as refused:
            assert "recursion limit exceeded" in str(refused)
            return "written, not read"
        raise SystemExit("from_json reads what model_validate_json does not")
    return "written and read"


for model, last in ((Kept, 253), (Loose, 254)):
    seen = {depth: way(model, depth) for depth in (199, 200, last, last + 1)}
    print(model.__name__, seen)
    assert list(seen.values()) == ["written and read", "written, not read", "written, not read", "not written"], seen
PYTHON
