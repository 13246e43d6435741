"""
How a page of the documentation is written down: what is called, and what comes of it.

Every argument, documented result, raised exception and example of a page is a row. Where a page leaves something
open, the row says in `chosen` what was taken and why; a row without it is what the page says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from local.workflows import Runtime
from tests.workflows.conftest import Failed, outcome

LIBRARY = "https://cloud.google.com/workflows/docs/reference/stdlib/"
"""What the pages of functions are below."""
SYNTAX = "https://cloud.google.com/workflows/docs/reference/syntax/"
"""What the pages of the language are below."""

INFINITY = "1.0e308 * 10"
NAN = f"({INFINITY} - {INFINITY})"
"""Numbers that no text or JSON can give to an expression."""


@dataclass(frozen=True)
class Raises:
    """An error, by its tag, that a `try` of the language can handle."""

    tag: str


@dataclass(frozen=True)
class Row:
    """An expression, or a call step with its arguments; *given* is what the execution is started with, as `a`."""

    wanted: Any
    expression: str = ""
    args: Mapping[str, Any] | list[Any] | None = None
    given: Any = None
    chosen: str = ""
    calls: str = ""
    """The function of a call step, if it is another than that of the page."""
    steps: str = ""
    """Steps, in YAML, that come first; without an expression and arguments, they assign `result` themselves."""
    routines: str = ""
    """Subworkflows, in YAML."""

    def source(self, function: str) -> str:
        """Write the workflow, which returns what comes of it, or the error."""
        step: dict[str, Any] = {}
        if self.args is not None:
            step = {"call": self.calls or function, "args": self.args, "result": "result"}
        elif self.expression:
            step = {"assign": [{"result": "${" + self.expression + "}"}]}
        if self.steps:
            last = [{"step": step}] if step else []
            step = {"steps": [*yaml.safe_load(self.steps), *last]}
        handled = {"as": "e", "steps": [{"failed": {"return": {"error": "${e}"}}}]}
        steps = [
            {"attempt": {"try": step, "except": handled}},
            {"answer": {"return": {"value": "${result}"}}},
        ]
        # JSON is YAML too.
        routines = yaml.safe_load(self.routines or "{}")
        main = {"params": ["a"], "steps": steps}
        return json.dumps({"main": main, **routines})

    def check(self, runtime: Runtime, function: str) -> None:
        """Run it, and compare."""
        try:
            found = outcome(runtime, self.source(function), self.given)
        except Failed as failed:
            raise AssertionError(f"nothing could handle {failed.payload}") from None
        if isinstance(self.wanted, Raises):
            assert "error" in found, f"it returned {found['value']!r}"
            assert self.wanted.tag in found["error"]["tags"], found
            return
        assert "value" in found, found
        assert found["value"] == self.wanted
        assert type(found["value"]) is type(self.wanted), "an integer is no double"


@dataclass(frozen=True)
class Page:
    """A page, by its path below `LIBRARY` (or its whole address), the function that it is about, and its rows."""

    path: str
    function: str
    rows: tuple[Row, ...] = field(default=())

    @property
    def address(self) -> str:
        """Where it is read."""
        return self.path if "://" in self.path else LIBRARY + self.path
