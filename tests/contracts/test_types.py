"""What the type checker looks at: all that is used, and of a large library no more than that."""

import ast
import tomllib
from pathlib import Path

LARGE = "pulumi_gcp"


def used():
    """Return the parts of the library that are imported anywhere here."""
    for folder in ("benchmarks", "functions", "infra", "local", "shared", "tests"):
        texts = (file.read_text() for file in Path(folder).rglob("*.py"))
        for text in (text for text in texts if LARGE in text):
            for node in ast.walk(ast.parse(text)):
                match node:
                    case ast.ImportFrom(module=module, names=names) if module == LARGE:
                        yield from (name.name for name in names)
                    case ast.ImportFrom(module=str(module)) if module.startswith(f"{LARGE}."):
                        yield module.split(".")[1]
                    case ast.Import(names=names):
                        whole = [one.name.split(".") for one in names]
                        yield from (one[1] for one in whole if one[0] == LARGE and one[1:])


def test_what_is_used_of_a_large_library_is_checked():
    config = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (checked,) = (one["module"] for one in config if one.get("follow_imports") == "normal")
    parts = {module.split(".")[1] for module in checked if module != LARGE}
    here = set(used())
    assert parts == here, (
        f"list in pyproject.toml what is used of {LARGE}, or its types are not checked:"
        f" lacking {sorted(here - parts)}, idle {sorted(parts - here)}"
    )
