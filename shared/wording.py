"""What is wrong with the shape of a value, in the words that people are told it in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_WORDS: Mapping[str, str] = {
    "missing": "it is required",
    "extra_forbidden": "nothing is called so here; leave it out",
    "string_type": "it must be a text",
    "string_pattern_mismatch": "it must be written as {pattern} says",
    "string_too_short": "it must have {min_length} characters at least",
    "string_too_long": "it may have {max_length} characters at most",
    "too_short": "it must have {min_length} items at least, and has {actual_length}",
    "too_long": "it may have {max_length} items at most",
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be {ge} at least",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it may be {le} at most",
    "tuple_type": "it must be a list",
    "list_type": "it must be a list",
    "dict_type": "it must be an object",
    "model_type": "it must be an object",
    "model_attributes_type": "it must be an object",
    "none_required": "it must be null",
    "union_tag_not_found": "{discriminator} is required",
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}",
}
"""What pydantic's findings are called here, by their type."""


def said(found: "ErrorDetails") -> str:
    """Say what is wrong with a value; of a text that was judged pydantic counts the characters as items."""
    kind, context = found["type"], found.get("ctx", {})
    if kind in {"too_long", "too_short"} and context["field_type"] == "Value":
        kind = f"string_{kind}"
    if kind in _WORDS:
        return _WORDS[kind].format_map(context)
    return found["msg"].removeprefix("Value error, ")
