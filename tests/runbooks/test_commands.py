"""The runbooks name commands, files and operations that exist."""

import importlib.util
import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from shared.edge.catalog import operations
from shared.edge.language_models import Table

RUNBOOKS = sorted(Path("docs/runbooks").glob("*.md"))

every_runbook = pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda file: file.stem)


def test_there_is_one_for_each_thing_that_operators_do():
    names = {file.stem for file in RUNBOOKS}
    assert names == {
        "again",
        "deploy",
        "frozen",
        "incident",
        "key-rotation",
        "one-function",
        "restore",
        "rollback",
        "scaling",
    }


@every_runbook
def test_its_programs_exist(runbook):
    for name in set(re.findall(r"python -m ([\w.]+)", runbook.read_text())):
        found = importlib.util.find_spec(name)
        assert found, f"{runbook} says python -m {name}, which does not exist"
        main = (
            importlib.util.find_spec(f"{name}.__main__") if found.submodule_search_locations else 1
        )
        assert main, f"{runbook} says python -m {name}, which cannot be run"


@every_runbook
def test_its_targets_exist(runbook):
    targets = re.findall(r"^(\w+):", Path("Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"`make (\w+)", runbook.read_text()):
        assert target in targets, f"{runbook} says make {target}, which does not exist"


@every_runbook
def test_its_files_exist(runbook):
    text = runbook.read_text()
    for path in re.findall(r"`((?:tests|shared|functions|infra)/[\w./]+)`", text):
        assert Path(path).exists(), f"{runbook} names {path}, which does not exist"
    for link in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (runbook.parent / link).exists(), f"{runbook} links to {link}"


@every_runbook
def test_its_operations_exist(runbook):
    known = {(op.method, op.path) for op in operations()}
    for method, path in re.findall(r"`(GET|POST|PUT) (/[^\s`?]+)", runbook.read_text()):
        assert (method, path) in known, f"{runbook} says {method} {path}, which does not exist"


@every_runbook
def test_it_says_what_was_tried_and_what_was_not(runbook):
    text = runbook.read_text()
    assert "| tried | how |" in text
    assert "| not tried: " in text


def test_the_models_that_the_runbook_writes_are_a_table_with_prices():
    written = re.search(r"`(waooaw:models: .*?)`;", Path("docs/runbooks/deploy.md").read_text())
    table = Table.model_validate(yaml.safe_load(written[1])["waooaw:models"])
    assert all(listed.price(date(2026, 6, 1)) for listed in table.classes.values())
    assert table.provider.startswith("https://")
