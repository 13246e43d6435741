"""What the description says of answers of no: which an operation may give, and what they look like."""

import re

from shared import errors
from shared.answers import is_file
from shared.dialects import HOUSE, SCIM
from shared.edge import headers
from shared.edge.headers import named
from shared.edge.problems import Internal, status_in, written
from shared.edge.schemas import Schema
from shared.errors import Refusal
from shared.operation import Operation

OF_POLICY = frozenset({errors.PolicyDenied, errors.ApprovalRequired, errors.BudgetExceeded})
"""What every change may be refused by, also one that anybody may ask for."""

UUID = "00000000-0000-4000-8000-000000000001"


def refusals() -> list[type[Refusal]]:
    """Return every way to refuse, by status."""
    found = [kind for kind in vars(errors).values() if isinstance(kind, type)] + [Internal]
    kinds = [kind for kind in found if issubclass(kind, Refusal) and kind is not Refusal]
    return sorted(kinds, key=lambda kind: (kind.status, kind.code))


def possible(op: Operation) -> dict[str, list[type[Refusal]]]:
    """Say how an operation may refuse: by the name of the answer, which others share."""
    answers = dict[str, list[type[Refusal]]]()
    files = any(is_file(form.kind) for forms in op.answers.values() for form in forms)
    for kind in refusals():
        reads_less = kind.status == 403 and not op.mutates
        if kind.status in {401, 403}:
            possible = not op.public and (not reads_less or kind.code == "forbidden")
            possible = possible or (op.mutates and kind in OF_POLICY)
        elif kind.status in {409, 410, 413} or kind in OF_POLICY:
            possible = op.mutates
        elif kind.status == 412:
            possible = op.takes_version or files
        elif kind.status == 428:
            possible = op.takes_version and bool(op.versioned)
        elif kind.status == 416:
            possible = files
        elif kind.status == 415:
            possible = op.mutates and bool(op.media_types)
        else:
            possible = kind.status != 405
        if possible:
            less = "Reading" if reads_less else ""
            own = "" if op.dialect is HOUSE else op.dialect.name
            name = f"Refused{status_in(op.dialect, kind.status)}{less}{own}"
            answers.setdefault(name, []).append(kind)
    return answers


def answers(found: list[Operation]) -> dict[str, Schema]:
    """Describe every answer of no once; each operation refers to those it may give."""
    return {name: _answer(op, kinds) for op in found for name, kinds in possible(op).items()}


def schemas(found: list[Operation]) -> dict[str, Schema]:
    """Return the schemas of answers of no, in the dialects that are spoken."""
    spoken = {HOUSE, *(op.dialect for op in found)}
    return {dialect.name: _SCHEMAS[dialect.name] for dialect in spoken}


def _answer(op: Operation, kinds: list[type[Refusal]]) -> Schema:
    told = [headers.STORY, headers.REQUEST]
    told += [headers.RETRY] * (kinds[0].status in {429, 503})
    told += [headers.DECISION] * (kinds[0].status == 403)
    told += headers.PACES if kinds[0].status == 429 else ()
    shown = {kind.code: written(_example(kind), dialect=op.dialect, **_ASKED) for kind in kinds}
    (media_type,) = {kind for _, kind in shown.values()}
    return {
        "description": kinds[0].title + ".",
        "headers": named(*told),
        "content": {
            media_type: {
                "schema": {"$ref": f"#/components/schemas/{op.dialect.name}"},
                "examples": {code: {"value": document} for code, (document, _) in shown.items()},
            }
        },
    }


_ASKED = {"path": "/v1/agents", "correlation_id": UUID}


def _example(kind: type[Refusal]) -> Refusal:
    return kind(re.sub(r"\s+", " ", kind.__doc__ or ""))


def _said(kind: str, text: str) -> Schema:
    return {"type": kind, "description": text}


_PROBLEM: Schema = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "code", "correlation_id"],
    "properties": {
        "type": _said("string", "What kind of refusal it is; `/docs/refusals` explains each.")
        | {"format": "uri"},
        "title": _said("string", "The kind of refusal in words."),
        "status": _said("integer", "The HTTP status, once more."),
        "detail": _said("string", "What is wrong this time, and what to do."),
        "instance": _said("string", "The path that was asked."),
        "code": _said("string", "The kind of refusal for programs; it stays as it is."),
        "correlation_id": _said(
            "string", "The story of the request: say it when you ask for help."
        ),
        "retry_after_s": _said("integer", "After how many seconds to try again."),
        "violations": _said("array", "Every rule that was not kept.")
        | {
            "items": {
                "type": "object",
                "required": ["rule", "message"],
                "properties": {
                    "rule": _said("string", "The code of the rule, for programs."),
                    "message": _said("string", "What is wrong, in words."),
                    "field": _said("string", "The member of the request that it is about."),
                    "principle": _said("string", "The principle behind the rule."),
                },
            },
        },
    },
}

_SCIM_ERROR: Schema = {
    "type": "object",
    "description": "Why a request was refused (RFC 7644, 3.12).",
    "required": ["schemas", "status", "detail"],
    "properties": {
        "schemas": _said("array", "What this is, for programs.") | {"items": {"type": "string"}},
        "status": _said("string", "The HTTP status, once more."),
        "scimType": _said("string", "The kind of refusal for programs."),
        "detail": _said("string", "What is wrong this time, and what to do."),
    },
}

_SCHEMAS = {HOUSE.name: _PROBLEM, SCIM.name: _SCIM_ERROR}
