"""A container imports pydantic lightly, and every model of ours is what it is without that."""

import subprocess
import sys

import pytest

SCHEMAS = """
import hashlib, importlib, re, sys
from pathlib import Path
if sys.argv[1] == "lightly":
    import shared.edge.light
from pydantic import BaseModel

for root in ("shared", "functions"):
    for file in sorted(Path(root).rglob("*.py")):
        if file.stem != "__init__" and file.name != "light.py":
            importlib.import_module(".".join(file.with_suffix("").parts))

def below(kind):
    return {one for child in kind.__subclasses__() for one in (child, *below(child))}

for one in sorted(below(BaseModel), key=lambda one: (one.__module__, one.__qualname__)):
    if not one.__pydantic_generic_metadata__["parameters"]:
        one.model_rebuild()
        # Where a thing lies in memory is another place each time, and sets have no order.
        told = re.sub(r"0x[0-9a-f]+|:[0-9]{9,}", "", repr(one.__pydantic_core_schema__))
        told = re.sub(r"{('[^':]*'(?:, '[^':]*')*)}", lambda found: str(sorted(found[1].split(", "))), told)
        print(one.__module__, one.__qualname__, hashlib.sha256(told.encode()).hexdigest())
"""


def schemas(how):
    said = subprocess.run(
        [sys.executable, "-c", SCHEMAS, how], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    return said.stdout.splitlines()


@pytest.mark.slow
def test_a_model_is_the_same_whether_pydantic_is_imported_lightly_or_not():
    lightly, plainly = schemas("lightly"), schemas("plainly")
    assert len(plainly) > 300
    assert set(lightly) ^ set(plainly) == set()
