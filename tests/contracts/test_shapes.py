"""What is stored outlives the release that wrote it, and a request brings nothing that nobody declared."""

import json
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, is_typeddict

import pytest
from pydantic import BaseModel

from local.accounts import accounts
from shared.actors import HOLDERS
from shared.edge.catalog import operations
from shared.entity import Value
from tests.contracts.test_operations import send
from tests.golden import PRODUCT, kinds_stored

BODIES = [op for op in operations() if op.mutates and op.in_body and not op.content]


def mentioned(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from mentioned(part)


def parts(kind: type[BaseModel], found: set[Any]) -> set[Any]:
    """Return every class that a kind is made of."""
    if kind not in found:
        found.add(kind)
        for field in kind.model_fields.values():
            for part in mentioned(field.annotation):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    parts(part, found)
                elif isinstance(part, type):
                    found.add(part)
    return found


PARTS = sorted(
    set().union(*(parts(kind, set()) for kind in kinds_stored())), key=lambda part: part.__name__
)


def test_every_part_of_what_is_stored_keeps_what_it_does_not_know():
    for part in PARTS:
        if issubclass(part, BaseModel):
            assert issubclass(part, Value), f"derive {part.__name__} from Value: it is stored"
            assert part.model_config["extra"] == "allow", (
                f"{part.__name__} drops or refuses members"
            )
        else:
            drops = is_dataclass(part) or is_typeddict(part) or hasattr(part, "_fields")
            assert not drops, f"make {part.__name__} a Value: it drops members it does not know"


def test_a_choice_among_parts_says_which_it_is():
    for part in PARTS:
        for name, field in getattr(part, "model_fields", {}).items():
            for choice in mentioned(field.annotation):
                if get_origin(choice) in {Union, UnionType}:
                    objects = [one for one in get_args(choice) if is_object(one)]
                    assert len(objects) < 2 or field.discriminator, (
                        f"give {part.__name__}.{name} a discriminator: with a member more,"
                        " one kind of it looks like another"
                    )


def is_object(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and (
        issubclass(origin, BaseModel | dict) or origin.__name__ == "Mapping"
    )


class Sum(Value):
    of: tuple[int, ...]

    @cached_property
    def total(self) -> int:
        return sum(self.of)


def test_a_copy_keeps_nothing_that_was_reckoned_of_the_first():
    first = Sum(of=(1, 2))
    assert first.total == 3
    assert first.model_copy(update={"of": (5,)}).total == 5
    assert first.model_copy().total == 3
    assert first == Sum(of=(1, 2))
    assert first.to_stored() == {"of": [1, 2]}


def test_what_is_stored_is_read_as_another_release_may_have_written_it():
    for path in (path for folder in PRODUCT for path in Path(folder).rglob("*.py")):
        for raw in re.findall(r"\.model_validate\(([\w.\[\]]+\.data)\)", path.read_text()):
            pytest.fail(f"{path}: read {raw} with from_stored, which knows its versions")


def test_what_is_hashed_and_stored_is_what_was_said_and_no_default_of_today():
    for path in (path for folder in PRODUCT for path in Path(folder).rglob("*.py")):
        assert 'model_dump(mode="json")' not in path.read_text(), (
            f"{path}: use to_stored(): a hash must not change because a release declares one more"
        )


@pytest.mark.parametrize("op", BODIES, ids=lambda op: op.id)
def test_a_body_brings_no_member_that_nobody_declared_however_deep(op, world):
    holders = set().union(*(HOLDERS[scope] for scope in op.scopes), set())
    able = next((a for a in accounts() if a.partition("@")[0] in holders), None)
    (model,) = op.in_body.values()
    (example, *_) = model.model_json_schema().get("examples") or [{}]
    data = json.loads(json.dumps(example))
    strays = sum(1 for _ in strewn(model.model_validate(example), data))
    answer = send(world, op, as_=able, body=data)
    assert answer.status_code == 422, answer.data
    refused = [v for v in answer.json["violations"] if v["field"].endswith("stray")]
    assert len(refused) == min(strays, 100)


def strewn(value: Any, data: Any) -> Iterator[None]:
    """Give every part of a body one member more."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            for key in {name, field.alias} & data.keys():
                yield from strewn(getattr(value, name), data[key])
        data["stray"] = 1
        yield
    elif isinstance(value, list | tuple):
        for one, raw in zip(value, data, strict=True):
            yield from strewn(one, raw)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from strewn(one, data.get(key))
