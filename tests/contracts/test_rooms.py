"""Every area has the same rooms, and a thing is found in the room for its kind."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.parsed import parsed

ROOT = Path(__file__).parents[2]
AREAS = sorted(
    folder
    for folder in (ROOT / "shared").iterdir()
    if folder.name != "edge" and (folder / "__init__.py").exists()
)
ROOMS = {"models", "events", "rules", "actions", "examples"}
KEPT, ANNOUNCED = {"Entity", "Record", "GovernedEntity"}, {"Event"}


def test_the_order_of_the_rooms_is_held_in_every_area():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (held,) = (one["containers"] for one in contracts["contracts"] if one["type"] == "layers")
    areas = [f"shared.{area.name}" for area in AREAS]
    other = sorted(set(held) ^ set(areas)) or "the order of the alphabet"
    assert held == areas, (
        "[[tool.importlinter.contracts]] of pyproject.toml names every area in `containers`, in order;"
        f" it differs in {other}"
    )


def test_every_area_has_the_same_rooms():
    found = {
        f"{area.name}/{place.name}"
        for area in AREAS
        for place in area.iterdir()
        if place.stem not in ROOMS | {"__init__", "README", "__pycache__"}
    }
    assert not found, (
        "an area has models, events, rules, actions and examples, each a file or a folder;"
        f" put into one of them: {sorted(found)}"
    )


def test_documents_are_models_and_what_is_announced_are_events():
    places = {room: kinds for kinds, room in ((KEPT, "models"), (ANNOUNCED, "events"))}
    lost = [
        f"{file.relative_to(ROOT)}: {name}"
        for room, kinds in places.items()
        for file, name in _of(kinds)
        if file.relative_to(ROOT / "shared").parts[1].removesuffix(".py") != room
    ]
    assert not lost, f"what is kept belongs into models, what is announced into events: {lost}"


def _of(kinds: set[str]) -> Iterator[tuple[Path, str]]:
    """Yield every class that descends from one of those, with its file."""
    trees = {file: parsed(file.read_text()).body for area in AREAS for file in area.rglob("*.py")}
    known = set(kinds)
    found: dict[str, Path] = {}
    while True:
        more = {
            node.name: file
            for file, body in trees.items()
            for node in body
            if isinstance(node, ast.ClassDef)
            and node.name not in known
            and any(ast.unparse(base).rpartition(".")[2] in known for base in node.bases)
        }
        if not more:
            break
        found |= more
        known |= more.keys()
    for name, file in sorted(found.items()):
        yield file, name
