"""What a member of a request, a document or an event is judged and described by, beside its type."""

import re
from collections.abc import Callable
from typing import Any

from pydantic import (
    BaseModel,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from shared import texts
from shared.errors import Unfit
from shared.records import dataclass


def _unchanged(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    taken = handler(value)
    if type(taken) is not type(value):
        raise ValueError(f"this is a {type(taken).__name__}, not a {type(value).__name__}")
    return taken


STORED = {"stored": True}
"""The context in which what a store kept is read: it was judged when it came in."""

Exact = WrapValidator(_unchanged)
"""Beside a Literal of numbers or truth values: pydantic alone takes 24.0 for 24, and 1 for True."""


def _in_json(
    schema: CoreSchema, judging: Callable[..., CoreSchema], judge: Callable[[Any], Any]
) -> CoreSchema:
    """Have a value judged where it comes as JSON, and leave it alone where it was read."""
    if schema["type"] == "json-or-python":
        coming, read = schema["json_schema"], schema["python_schema"]
    else:
        coming = read = schema
    return core_schema.json_or_python_schema(judging(judge, coming), read)


@dataclass(frozen=True)
class Masked:
    """
    Marks a text that may say anything: it is shown as it is, and masked on its way into evidence.

    A text that is not marked is a code: it has a pattern, which leaves no room for prose.
    """

    kept: int = 500
    """How much of it evidence keeps, in characters: the whole stays with its entity."""


@dataclass(frozen=True)
class Pattern:
    """What a code looks like, judged as shown text is: where it comes in."""

    pattern: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Judge a code in JSON."""
        return _in_json(handler(source), core_schema.no_info_after_validator_function, self._judge)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe what it looks like."""
        return handler(schema) | {"pattern": self.pattern}

    def _judge(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(f"this must look like {self.pattern}")
        return text


def judged(text: str, judge: Callable[[str], str], never: str) -> str:
    """
    Return what a judge makes of a text.

    Raises:
        ValueError: It is not to be, and the pattern of what is never says so.
        Unfit: It is not to be for where its characters stand, which no pattern says.
    """
    try:
        return judge(text)
    except ValueError as error:
        if re.search(never, text):
            raise
        raise Unfit(str(error), rule="unseen") from error


@dataclass(frozen=True)
class Judged:
    """
    Judge a text where it comes in: in JSON.

    What is stored was judged when it came in; a later table of characters must not make it unreadable.
    """

    judge: Callable[[str], str]
    never: str = ""
    """What the schema can say that it must not be, as a pattern."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Judge a text before anything else is asked of it."""
        return _in_json(handler(source), core_schema.no_info_before_validator_function, self._check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe what it may be."""
        found = handler(schema)
        never = [one for one in (found.get("not"), {"pattern": self.never}) if one]
        if not self.never:
            return found
        return found | {"not": never[0] if len(never) == 1 else {"anyOf": never}}

    def _check(self, given: Any) -> Any:
        if not isinstance(given, str) or texts.plainly_seen(given):
            return given
        return judged(given, self.judge, self.never)


@dataclass(frozen=True)
class JudgedAs:
    """Marks what the operation judges by itself, as a kind, so that one bad item spoils no other."""

    kind: type[BaseModel]
