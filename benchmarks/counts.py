"""
What was counted, as it is kept: `docs/costs/<area>.json` for what is of an area, `docs/costs.json` for what is of none.

Each function has a line of its own, without the kinds that it takes nothing of, so that two changes meet only where both
are about one function. Counts are the same on every machine. CPU times are not: one that was measured stays until
somebody measures them all anew, on a quiet machine.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Measured = dict[str, Any]

DOCS = Path(__file__).parents[1] / "docs"
COUNTED = ("reads", "index_reads", "writes", "deletes", "publishes", "signatures", "files")

_BY_AREA = ("functions", "creation", "schedules", "cpu_ms")
"""What a file of an area has: its functions' costliest runs, theirs in an agent's creation, schedules, milliseconds."""


def kept(docs: Path = DOCS) -> Measured:
    """Return what was counted last: the counts of the main job, and of each function, by kind."""
    whole = json.loads((docs / "costs.json").read_text())
    found: Measured = {name: {} for name in _BY_AREA}
    for file in sorted((docs / "costs").glob("*.json")):
        for name, lines in json.loads(file.read_text()).items():
            found[name] |= lines
    for name in ("functions", "schedules"):
        found[name] = {id: _full(count) for id, count in found[name].items()}
    functions = {id: _full(count) for id, count in found.pop("creation").items()}
    messages = {name: whole[name] for name in ("messages", "message_bytes")}
    found["main_job"] = {"functions": functions} | whole["creation"] | messages
    return found | {"relay": _full(whole["relay"])}


def keep(found: Measured, docs: Path = DOCS, *, cpu: bool = False) -> None:
    """Keep what was counted, and the CPU times of what has none yet; with *cpu* all that were measured."""
    job, times = dict(found["main_job"]), found["cpu_ms"]
    if not cpu and (docs / "costs.json").exists():
        times = times | {id: ms for id, ms in kept(docs)["cpu_ms"].items() if id in times}
    lines = {
        "functions": _short(found["functions"]),
        "creation": _short(job.pop("functions")),
        "schedules": _short(found["schedules"]),
        "cpu_ms": times,
    }
    areas = {_area(id) for part in lines.values() for id in part}
    for file in (docs / "costs").glob("*.json"):
        if file.stem not in areas:
            file.unlink()
    (docs / "costs").mkdir(exist_ok=True)
    for area in areas:
        own = {name: _of(area, lines[name]) for name in _BY_AREA}
        (docs / f"costs/{area}.json").write_text(_text(own))
    messages = {name: job.pop(name) for name in ("messages", "message_bytes")}
    whole = {"creation": job, **messages, **_short({"relay": found["relay"]})}
    (docs / "costs.json").write_text(_text(whole))


def _area(id: str) -> str:
    return id.partition(".")[0]


def _of(area: str, lines: Mapping[str, Any]) -> dict[str, Any]:
    return {id: one for id, one in lines.items() if _area(id) == area}


def _full(count: Mapping[str, Any]) -> dict[str, Any]:
    runs = {"runs": count["runs"]} if "runs" in count else {}
    return runs | {name: count.get(name, 0) for name in COUNTED}


def _short(counts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {id: {name: n for name, n in count.items() if n != 0} for id, count in counts.items()}


def _text(parts: Mapping[str, Mapping[str, Any]]) -> str:
    return (
        "{\n" + ",\n".join(_part(name, lines) for name, lines in parts.items() if lines) + "\n}\n"
    )


def _part(name: str, lines: Mapping[str, Any]) -> str:
    inside: Iterable[str] = (f"  {json.dumps(id)}: {json.dumps(lines[id])}" for id in sorted(lines))
    return f" {json.dumps(name)}: {{\n" + ",\n".join(inside) + "\n }"
