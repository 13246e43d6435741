#!/usr/bin/env bash
# pydantic 2.14.3: what JSON Schema says of a bound hangs on whether a validator function stands before it.
#
# `Annotated[T, Field(bound)]` and `Annotated[T, AfterValidator(f), Field(bound)]` judge values alike, but the
# schema of the second one says less, in one of three ways:
#   - lengths (`min_length`, `max_length`) stay right;
#   - a `pattern` is left out, from `Field` and from `StringConstraints` alike, without a word;
#   - `ge`, `gt`, `le`, `lt` and `multiple_of` are written under the names pydantic has for them ("ge": 1), which are no
#     keywords of JSON Schema: whoever validates by the schema, or makes clients from it, takes every number.
# Seen for Before- and AfterValidator. With the bound before the validator the schema is whole.
# So a description of an API can promise more than the service takes, although every bound is declared.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pydantic==2.14.3 jsonschema==4.25.1
env/bin/python - <<'PYTHON'
from typing import Annotated

from jsonschema import Draft202012Validator
from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError


def same(value):
    return value


BOUNDS = [
    (str, Field(max_length=2), "abc", {"maxLength": 2}, {"maxLength": 2}),
    (str, Field(pattern="^a+$"), "b", {"pattern": "^a+$"}, {}),
    (int, Field(ge=1), 0, {"minimum": 1}, {"ge": 1}),
    (int, Field(gt=1), 1, {"exclusiveMinimum": 1}, {"gt": 1}),
    (int, Field(le=5), 6, {"maximum": 5}, {"le": 5}),
    (int, Field(lt=5), 5, {"exclusiveMaximum": 5}, {"lt": 5}),
    (int, Field(multiple_of=5), 6, {"multipleOf": 5}, {"multiple_of": 5}),
]
for validator in (AfterValidator, BeforeValidator):
    for kind, bound, wrong, right, seen in BOUNDS:
        first = TypeAdapter(Annotated[kind, bound, validator(same)])
        last = TypeAdapter(Annotated[kind, validator(same), bound])
        for adapter in (first, last):
            try:
                adapter.validate_python(wrong)
            except ValidationError:
                continue
            raise SystemExit(f"{wrong!r} was taken")
        schemas = [{k: v for k, v in one.json_schema().items() if k != "type"} for one in (first, last)]
        taken = [Draft202012Validator(one.json_schema()).is_valid(wrong) for one in (first, last)]
        print(f"{validator.__name__:15} {str(right):26} before it: {schemas[0]!s:26} after it: {schemas[1]!s:20} wrong one valid: {taken}")
        assert schemas == [right, seen], schemas
        assert taken == [False, seen != right]
PYTHON
