"""Golden documents: one of every kind that each release stored or announced, read by every later release."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.bus import Message, opened
from shared.canonical import canonical, digest
from shared.edge.catalog import catalog
from shared.entity import Event, Record, Value
from shared.release import VERSION
from tests.golden.shapes import Shape, shape_of

FOLDER = Path(__file__).parent
PRESENT = FOLDER / VERSION
SEALED = FOLDER / "sealed.json"
"""The digest of each earlier release's folder, which nobody writes again."""

SHAPE = "its shape of today"

PRODUCT = ("functions", "shared", "local", "infra")


@dataclass(frozen=True)
class Golden:
    """What a release stored of one kind, or announced of one event."""

    document: Mapping[str, Any] | None = None
    tenant: str = "platform"
    message: Mapping[str, Any] | None = None
    entries: tuple[Mapping[str, Any], ...] = ()
    """The whole chain of an entity; of an event, the entry that it was."""

    keys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The public keys of the entries; the private ones were thrown away."""

    shape: Shape = field(default_factory=dict)
    """What the kind took in that release."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The document, or what the event said."""
        if self.document is not None:
            return self.document
        said: Mapping[str, Any] = (self.message or self.entries[-1])["data"]
        return said

    @property
    def version(self) -> int:
        """The version of the document, or of what the event said."""
        if self.document is not None:
            return int(self.document.get("schema_version", 1))
        if self.entries:
            return int(self.entries[-1]["data_version"])
        return opened(self.announced).data_version

    @property
    def announced(self) -> Message:
        """The message as it was published."""
        message = dict(self.message or {})
        return Message(**message | {"data": canonical(message["data"])})


def kinds(base: type[Value]) -> list[type[Any]]:
    """Return every kind of the product that derives from a base."""
    catalog()
    import local.dispatcher  # noqa: F401 - what one machine stores besides

    found, waiting = set(), [base]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.partition(".")[0] in PRODUCT:
                found.add(kind)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def records() -> dict[str, type[Record]]:
    """Return the kind of each collection, which says so itself: what derives from it is a view of it."""
    return {kind.collection: kind for kind in kinds(Record) if "collection" in vars(kind)}


def events() -> dict[str, type[Event]]:
    """Return every event that is announced, by its class's name, which no two share."""
    return {kind.__name__: kind for kind in kinds(Event) if kind.traits.action}


def kinds_stored() -> list[type[Value]]:
    """Return every kind of document and every event."""
    return [*records().values(), *events().values()]


def file_of(folder: Path, kind: type[Value]) -> Path:
    """Say where the golden document of a kind lies."""
    if issubclass(kind, Event):
        return folder / "events" / f"{kind.__name__}.json"
    assert issubclass(kind, Record)
    return folder / f"{kind.collection}.json"


def releases() -> list[Path]:
    """Return the folder of every release."""
    return sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name[0].isdigit())


def read(file: Path) -> Golden:
    """Read a golden document."""
    return Golden(**json.loads(file.read_text()))


def write(file: Path, golden: Golden) -> None:
    """Write a golden document, each part on a line of its own."""
    parts = {name: value for name, value in vars(golden).items() if value and value != "platform"}
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(name)}: {_lines(value)}" for name, value in parts.items())
    file.write_text(f"{{\n{lines}\n}}\n")


def seal(folder: Path) -> str:
    """Return the digest of a release's folder."""
    files = sorted(folder.rglob("*.json"))
    return digest({str(file.relative_to(folder)): file.read_text() for file in files})


def sealed() -> dict[str, str]:
    """Return the digest that each earlier release's folder had when it was over."""
    return dict(json.loads(SEALED.read_text())) if SEALED.exists() else {}


def now(kind: type[Value], golden: Golden) -> Value:
    """Return a golden document, or event, as today's code reads it."""
    if issubclass(kind, Event):
        return kind.from_stored(golden.data, golden.version)
    assert issubclass(kind, Record)
    return kind.from_stored(golden.data)


def lacking(file: Path, kind: type[Value]) -> set[str]:
    """Return what a golden document does not show of its kind: some members, or all, where none can be read."""
    try:
        golden = read(file)
        today = now(kind, golden).model_dump(mode="json", by_alias=True)
    except (FileNotFoundError, ValidationError):
        return {kind.__name__}
    outdated = {SHAPE} if golden.shape != shape_of(kind) else set()
    return (paths(today) - paths(golden.data)) | outdated


def paths(value: Any, at: str = "") -> set[str]:
    """Return the names of all members, with those they lie in; which of several in a list is all one."""
    match value:
        case Mapping():
            within = [paths(one, f"{at}.{name}" if at else name) for name, one in value.items()]
            return {f"{at}.{name}" if at else name for name in value}.union(*within)
        case list() | tuple():
            return set[str]().union(*(paths(one, f"{at}[]") for one in value))
        case _:
            return set()


def _lines(value: Any) -> str:
    if isinstance(value, tuple):
        return "[\n" + ",\n".join(map(line, value)) + "\n]"
    return line(value)


def line(value: Any) -> str:
    """Write JSON on one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def stored_parts(value: Any, data: Any) -> Iterator[dict[str, Any]]:
    """Return the object of every part of a document, itself the last; free objects are no parts."""
    match value:
        case Value():
            for name, declared in type(value).model_fields.items():
                for key in {name, declared.alias} & data.keys():
                    yield from stored_parts(getattr(value, name), data[key])
            yield data
        case Mapping():
            for name, one in value.items():
                yield from stored_parts(one, data[name])
        case list() | tuple():
            for one, raw in zip(value, data, strict=True):
                yield from stored_parts(one, raw)
        case _:
            return
