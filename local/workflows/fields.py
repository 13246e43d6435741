"""
What a client may say of a workflow and of an execution, and how it must be.

Names, lengths and alphabets are those of the APIs' discovery documents (workflows.v1, workflowexecutions.v1). A
field that is not said, and one of no value, are the same, as in protocol buffers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.workflows.statuses import invalid, unknown

_Check = Callable[[str, Any], Any]
_LABELS_MAX, _LABEL_MAX = 64, 63
_ENV_MAX, _ENV_BYTES_MAX = 20, 4096
_DESCRIPTION_MAX = 1000
_ID = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_ACCOUNT = re.compile(r"(?:projects/[^/]+/serviceAccounts/)?[^/]+")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(f"'{name}' must be a string", (name, "must be a string"))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(f"'{name}' is not text in UTF-8", (name, "not text in UTF-8")) from None
    return value


def _described(name: str, value: Any) -> str:
    if len(_text(name, value)) > _DESCRIPTION_MAX:
        sentence = f"must have at most {_DESCRIPTION_MAX} characters"
        raise invalid(f"'{name}' {sentence}", (name, sentence))
    return str(value)


def _matching(pattern: re.Pattern[str], wanted: str) -> _Check:
    def check(name: str, value: Any) -> str:
        if _text(name, value) and not pattern.fullmatch(value):
            raise invalid(f"'{name}' must be {wanted}", (name, f"must be {wanted}"))
        return str(value)

    return check


def _one_of(*words: str) -> _Check:
    def check(name: str, value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(words):
            value = words[value]
        if _text(name, value) and value not in words:
            sentence = f"must be one of {', '.join(words)}"
            raise invalid(f"'{name}' {sentence}", (name, sentence))
        return "" if value == words[0] else str(value)

    return check


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid(f"'{name}' must be true or false", (name, "must be true or false"))
    return value


def _texts(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise invalid(f"'{name}' must be a map of strings", (name, "must be a map of strings"))
    return {_text(name, key): _text(name, text) for key, text in value.items()}


def _label(text: str, *, key: bool) -> bool:
    """Tell whether a key or a value of a label is of lower-case letters, digits, _ and -, of any language."""
    if len(text) > _LABEL_MAX or (key and not (text and text[0].isalpha())):
        return False
    return all(c in "_-" or c.isnumeric() or (c.isalpha() and c == c.lower()) for c in text)


def _labels(name: str, value: Any) -> dict[str, str]:
    labels = _texts(name, value)
    if len(labels) > _LABELS_MAX:
        raise invalid(f"'{name}' can have at most {_LABELS_MAX} entries", (name, "too many"))
    wrong = [
        (f"{name}.{key}", "must have at most 63 lower-case letters, digits, '_' and '-'")
        for key, text in labels.items()
        if not (_label(key, key=True) and _label(text, key=False))
    ]
    if wrong:
        keys = ", ".join(field for field, _ in wrong)
        raise invalid(
            f"a label's key and value have at most 63 lower-case letters, digits, '_' and '-', "
            f"and a key starts with a letter: {keys}",
            *wrong,
        )
    return labels


def _env(name: str, value: Any) -> dict[str, str]:
    env = _texts(name, value)
    if len(env) > _ENV_MAX:
        raise invalid(f"'{name}' can have at most {_ENV_MAX} entries", (name, "too many"))
    for key, text in env.items():
        if not key or key.startswith(("GOOGLE", "WORKFLOWS")):
            sentence = "a variable has a name, which starts neither with GOOGLE nor WORKFLOWS"
            raise invalid(f"{sentence}: '{key}'", (f"{name}.{key}", sentence))
        if max(len(part.encode(errors="replace")) for part in (key, text)) > _ENV_BYTES_MAX:
            sentence = "a variable and its name take at most 4 KiB each"
            raise invalid(f"{sentence}: '{key[:63]}'", (f"{name}.{key[:63]}", sentence))
    return env


_LOG_LEVEL = _one_of("CALL_LOG_LEVEL_UNSPECIFIED", "LOG_ALL_CALLS", "LOG_ERRORS_ONLY", "LOG_NONE")
_HISTORY_LEVEL = _one_of(
    "EXECUTION_HISTORY_LEVEL_UNSPECIFIED", "EXECUTION_HISTORY_BASIC", "EXECUTION_HISTORY_DETAILED"
)
_LEVELS: dict[str, _Check] = {
    "callLogLevel": _LOG_LEVEL,
    "executionHistoryLevel": _HISTORY_LEVEL,
}
WORKFLOW: dict[str, _Check] = {
    "description": _described,
    "labels": _labels,
    "serviceAccount": _matching(_ACCOUNT, "an account or projects/…/serviceAccounts/…"),
    "sourceContents": _text,
    "cryptoKeyName": _matching(_KEY, "projects/…/locations/…/keyRings/…/cryptoKeys/…"),
    "userEnvVars": _env,
    **_LEVELS,
}
"""What is taken of a workflow."""

EXECUTION: dict[str, _Check] = {
    "argument": _text,
    "labels": _labels,
    "disableConcurrencyQuotaOverflowBuffering": _truth,
    **_LEVELS,
}
"""What is taken of an execution."""

# What only the service writes is taken from no client, and is not refused either (AIP-203).
_SHOWN = {
    "Workflow": {
        *("name", "state", "revisionId", "createTime", "updateTime", "revisionCreateTime"),
        *("stateError", "allKmsKeys", "allKmsKeysVersions", "cryptoKeyVersion", "tags"),
    },
    "Execution": {
        *("name", "createTime", "startTime", "endTime", "duration", "state", "result", "error"),
        *("workflowRevisionId", "status", "stateError"),
    },
}


def workflow_id(text: str) -> str:
    """Check the id of a workflow that is to be made."""
    if not _ID.fullmatch(text):
        sentence = (
            "must have 1 to 64 letters, digits, '_' and '-', start with a letter, "
            "and end with a letter or a digit"
        )
        raise invalid(f"workflowId {sentence}", ("workflow_id", sentence))
    return text


def said(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client said of a workflow or an execution, and refuse what there is no word for."""
    taken = WORKFLOW if kind == "Workflow" else EXECUTION
    found, strange = {}, []
    for name, value in body.items():
        field = camel(name)
        if field in taken:
            found[field] = taken[field](field, value) if value is not None else None
        elif field not in _SHOWN[kind]:
            strange.append(name)
    if strange:
        raise unknown(strange, kind.lower())
    return {field: value for field, value in found.items() if value}


def masked(said: Mapping[str, Any], mask: str) -> dict[str, Any]:
    """Return what an update changes: what the mask names, and everything where there is no mask."""
    names = [camel(name.strip()) for name in mask.split(",") if name.strip()]
    strange = [n for n in names if n not in WORKFLOW and n not in _SHOWN["Workflow"] and n != "*"]
    if strange:
        raise invalid(
            f"a workflow has no field to update of the name: {', '.join(strange)}",
            *((f"update_mask.{name}", "no such field") for name in strange),
        )
    wanted: Iterable[str] = WORKFLOW if not names or "*" in names else names
    return {name: said.get(name) for name in wanted if name in WORKFLOW}


def camel(name: str) -> str:
    """Return a field's name as JSON has it; both ways of writing are taken."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)
