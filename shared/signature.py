"""What the signature of an operation says: what its requests bring, and how it answers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY
from functools import cached_property, reduce
from operator import or_
from typing import Any, Literal, get_type_hints

from shared.answers import Form, forms
from shared.dialects import HOUSE, Dialect
from shared.files import Content
from shared.inputs import FromHeader, MergePatch, Parameters, header_of
from shared.ports import is_port
from shared.records import dataclass
from shared.streams import told_by

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True)
class Signature:
    """A function, and the method and the address that it is called by."""

    function: Callable[..., Any]
    method: Method
    path: str
    _: KW_ONLY
    status: int = 200
    takes: tuple[str, ...] = ()
    dialect: Dialect = HOUSE

    @property
    def mutates(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @cached_property
    def result(self) -> Any:
        """What it returns."""
        return self._hints["return"]

    @cached_property
    def answers(self) -> Mapping[int, tuple[Form, ...]]:
        """The ways in which it answers, by status."""
        found = forms(self.result, status=self.status)
        return {
            status: tuple(form for form in found if form.status == status)
            for status in sorted({form.status for form in found})
        }

    @cached_property
    def tells(self) -> tuple[type, ...]:
        """What it tells as it happens: the kinds of events of its stream."""
        return told_by(self.result)

    @cached_property
    def shapes(self) -> Mapping[int, Any]:
        """What it answers in JSON, by status."""
        found = {
            status: [form.kind for form in forms if form.kind is not None and not form.media_type]
            for status, forms in self.answers.items()
        }
        return {status: reduce(or_, kinds) for status, kinds in found.items() if kinds}

    @cached_property
    def in_path(self) -> dict[str, Any]:
        """The parameters that are named in the path."""
        return {n: t for n, t in self._inputs.items() if f"{{{n}}}" in self.path}

    @cached_property
    def in_headers(self) -> dict[str, Any]:
        """The parameters that are headers of its own."""
        return {n: t for n, t in self._inputs.items() if n in self.headers}

    @cached_property
    def headers(self) -> dict[str, FromHeader]:
        """The headers of its own, by parameter."""
        found = {name: header_of(kind) for name, kind in self._inputs.items()}
        return {name: header for name, header in found.items() if header}

    @cached_property
    def in_query(self) -> dict[str, Any]:
        """The one parameter that is the query of the address: of a GET whatever else it takes."""
        return {n: t for n, t in self.inputs.items() if not self.mutates or _is(t, Parameters)}

    @cached_property
    def in_body(self) -> dict[str, Any]:
        """The one parameter that is the body."""
        return {n: t for n, t in self.inputs.items() if n not in self.in_query}

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """The query and the body."""
        apart = self.in_path | self.in_headers
        return {n: t for n, t in self._inputs.items() if n not in apart}

    @cached_property
    def media_types(self) -> tuple[str, ...]:
        """Of which types a body may be; of any where none is named."""
        if self.takes or self.content:
            return self.takes
        if any(_is(kind, MergePatch) for kind in self.in_body.values()):
            return (MergePatch.media_type,)
        return (self.dialect.media_type, *self.dialect.also_takes)

    @property
    def content(self) -> str | None:
        """The parameter that takes a body which is not JSON, if there is one."""
        return next((name for name, kind in self.in_body.items() if kind is Content), None)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a request's path must look like."""
        return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path))

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    @property
    def _inputs(self) -> dict[str, Any]:
        # The call comes first.
        own = [(name, kind) for name, kind in self._hints.items() if name != "return"][1:]
        return {name: kind for name, kind in own if not is_port(kind)}


def _is(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)
