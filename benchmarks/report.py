"""How figures are shown: each beside its limit, and kept in a document."""

import platform
import re
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PERFORMANCE, SCALING = DOCS / "performance.md", DOCS / "scaling.md"


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of at least two values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def show(
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    note: str,
    file: Path = PERFORMANCE,
) -> None:
    """Print a table, and put it into the section *name* of a document."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    text = "\n".join(lines)
    print(f"\n{name}\n{text}\n{note}")
    measured = f"Measured {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}."
    _keep(f"## {name}\n\n{text}\n\n{note} {measured}\n", file)


def _keep(section: str, file: Path) -> None:
    title = section.partition("\n")[0]
    old = file.read_text()
    pattern = re.compile(rf"^{re.escape(title)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if pattern.search(old):
        file.write_text(pattern.sub(lambda _: section + "\n", old).rstrip() + "\n")
    else:
        file.write_text(old.rstrip() + "\n\n" + section)
