"""Every record of ours, and every dataclass of pydantic, is to the letter what the standard library makes of the same source."""

import json
import subprocess
import sys

import pytest

DESCRIBED = """
import copy, dataclasses, importlib, json, pickle, re, sys
from pathlib import Path
from shared import records

if sys.argv[1] == "standard":
    records.dataclass = dataclasses.dataclass

# What a container starts with: pydantic, whose dataclasses are made by the decorator of ours.
import shared.edge.light
import pydantic.networks

def tried(what):
    try:
        return re.sub("0x[0-9a-f]+", "", repr(what()))
    except Exception as error:
        # What the standard library says of arguments that do not fit, it says at length.
        return type(error).__name__ if isinstance(error, TypeError) else f"{type(error).__name__}: {error}"

def frozen(one, name):
    setattr(one, name, 1)

def unset(one, name):
    delattr(one, name)

def described(cls):
    every = vars(cls)["__dataclass_fields__"].values()
    # Of what belongs to the class it is not known whether it is given by name alone.
    given = {one.name: index for index, one in enumerate(every) if one.init and one.kw_only in (True, False)}
    said = [[one.name, tried(lambda: one.default), one.default_factory is dataclasses.MISSING, one.init, one.repr, one.compare, one.kw_only is True] for one in every]
    told = {"fields": said, "match": list(cls.__match_args__), "hash": cls.__hash__ is not None}
    # Many a __post_init__ judges what it is given: they are all told so, in the same words.
    def make(**other):
        return cls(**{**given, **other})
    told["made"] = tried(make)
    told["few"] = tried(cls)
    told["many"] = tried(lambda: cls(*range(50)))
    told["unknown"] = tried(lambda: make(nobody_knows=1))
    told["twice"] = tried(lambda: cls(0, **given))
    told["one by one"] = [tried(lambda: cls(**{n: v for n, v in given.items() if n != left})) for left in given]
    told["by place"] = tried(lambda: cls(*given.values()))
    told["equal"] = tried(lambda: make() == make())
    told["not equal"] = [tried(lambda: make() == make(**{name: 77})) for name in given]
    told["nothing else"] = tried(lambda: make() == tuple(given.values()))
    told["hashed"] = tried(lambda: hash(make()) == hash(make()))
    # The standard library's frozen class with slots asks the class that it made first, and fails in other words.
    names = [*given] if "__slots__" in vars(cls) else [*given, "nobody_knows"]
    told["set"] = [tried(lambda: frozen(make(), name)) for name in names]
    told["deleted"] = [tried(lambda: unset(make(), name)) for name in given]
    told["dict"] = tried(lambda: sorted(dataclasses.asdict(make()).items()))
    told["replaced"] = [tried(lambda: dataclasses.replace(make(), **{name: 78})) for name in given]
    told["bare"] = tried(lambda: sorted(vars(make())))
    told["copied"] = tried(lambda: copy.copy(make()))
    told["pickled"] = tried(lambda: pickle.loads(pickle.dumps(make())))
    heir = type("Heir", (cls,), {})
    told["heir"] = [tried(lambda: frozen(heir(**given), name)) for name in names]
    told["heir's"] = [tried(lambda: unset(heir(**given), name)) for name in given]
    return told

found = {}
for name, module in list(sys.modules.items()):
    if name.partition(".")[0] in {"annotated_types", "pydantic"}:
        for one in list(vars(module).values()):
            if isinstance(one, type) and one.__module__ == name and "__dataclass_fields__" in vars(one):
                found[f"{name}.{one.__qualname__}"] = described(one)
for root in ("shared", "functions"):
    for file in sorted(Path(root).rglob("*.py")):
        if file.stem == "__init__" or file == Path("shared/records.py"):
            continue
        name = ".".join(file.with_suffix("").parts)
        for one in list(vars(importlib.import_module(name)).values()):
            if isinstance(one, type) and one.__module__ == name and "__dataclass_fields__" in vars(one):
                found[f"{name}.{one.__qualname__}"] = described(one)
print(json.dumps(found))
"""


def described(how):
    said = subprocess.run(
        [sys.executable, "-c", DESCRIBED, how], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


@pytest.mark.slow
def test_every_record_is_as_the_standard_library_would_have_made_it():
    ours, standard = described("ours"), described("standard")
    assert len([name for name in ours if name.startswith(("shared.", "functions."))]) > 80
    assert {"annotated_types.Ge", "pydantic._internal._decorators.Decorator"} <= ours.keys()
    assert ours.keys() == standard.keys()
    assert {name for name, told in ours.items() if told != standard[name]} == set()
