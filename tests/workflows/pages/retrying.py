"""The module retry, and the pages of `retry` and of errors."""

from collections.abc import Mapping
from typing import Any

from .table import INFINITY, NAN, Page, Raises, Row

_SYNTAX = "https://cloud.google.com/workflows/docs/reference/syntax/"
_DEFAULTS = "what a policy leaves out is as in the predefined ones"
_NULL = "null is as if it were left out"
_NUMBERS = (
    "the page names numbers and no bounds: a count or a delay is no negative one, nor is it endless"
)
_LEAVES = (
    "an error of the policy or the predicate takes the place of the first, as one of `except` does"
)
_CUT = "a count is whole"

_QUICK = {"initial_delay": 0, "max_delay": 0, "multiplier": 1}


def _tries(wanted: Any, retry: Any, chosen: str = "", fails: int = 99, routines: str = "") -> Row:
    """Try what fails so many times, and tell how often it was tried, and what came of it."""
    steps = f"""
- begin: {{assign: [{{n: 0}}]}}
- outer:
    try:
      steps:
        - again:
            try:
              steps:
                - count: {{assign: [{{n: '${{n + 1}}'}}]}}
                - may:
                    switch: [{{condition: '${{n <= {fails}}}', raise: {{code: 7, tags: [Mine]}}}}]
                - good: {{assign: [{{end: good}}]}}
            retry: {_yaml(retry)}
    except:
      as: e
      steps: [{{bad: {{assign: [{{end: '${{e.tags[0]}}'}}]}}}}]
"""
    return Row(list(wanted), "[n, end]", steps=steps, chosen=chosen, routines=routines)


def _yaml(retry: Any) -> str:
    if isinstance(retry, Mapping):
        return "{" + ", ".join(f"{key}: {_yaml(value)}" for key, value in retry.items()) + "}"
    return f"'{retry}'" if isinstance(retry, str) and retry.startswith("${") else str(retry)


def _quick(**parts: Any) -> dict[str, Any]:
    return {"predicate": "${retry.always}", "backoff": _QUICK, **parts}


def _paced(**backoff: Any) -> dict[str, Any]:
    return {"predicate": "${retry.always}", "max_retries": 1, "backoff": {**_QUICK, **backoff}}


_SEVEN = """
seven:
  params: [e]
  steps: [{r: {return: '${e.code == 7 and "Mine" in e.tags}'}}]
"""
_WAITS = """
waits:
  params: [e]
  steps:
    - nap: {call: sys.sleep, args: {seconds: 0.001}}
    - r: {return: true}
"""

_OUTSIDE = "'https://example.com/'"
_BRANCH = "- p: {{parallel: {{for: {{value: v, in: [1], steps: [{{s: {step}}}]}}}}}}"
_LATE = """
- o: {call: events.create_callback_endpoint, result: cb}
- s: {call: events.await_callback, args: {callback: '${cb}', timeout: 0}}
"""
_DEEP = """
deeper:
  steps: [{s: {call: deeper}}]
third:
  steps:
    - p: {parallel: {for: {value: v, in: [1], steps: [{q: {call: second}}]}}}
second:
  steps:
    - p: {parallel: {for: {value: v, in: [1], steps: [{q: {call: first}}]}}}
first:
  steps:
    - p: {parallel: {for: {value: v, in: [1], steps: [{q: {assign: [{x: 1}]}}]}}}
"""


def _answers(what: str) -> str:
    return f"odd:\n  params: [e]\n  steps: [{{r: {what}}}]\n"


PAGES = (
    Page(
        "retry/always",
        "retry.always",
        (
            Row(True, 'retry.always("anything")'),
            Row(True, args={"exception": {"tags": ["ValueError"]}}),
            _tries((3, "Mine"), _quick(max_retries=2)),
        ),
    ),
    Page(
        "retry/never",
        "retry.never",
        (
            Row(False, 'retry.never("anything")'),
            Row(False, args={"exception": {"tags": ["HttpError"], "code": 503}}),
            _tries((1, "Mine"), _quick(max_retries=2, predicate="${retry.never}")),
        ),
    ),
    Page(
        "retry/default_backoff",
        "retry.default_backoff",
        (
            Row(
                [1, 60, 1.25],
                "[b.initial_delay, b.max_delay, b.multiplier]",
                steps="- b: {assign: [{b: '${retry.default_backoff}'}]}",
            ),
            _tries((1, "Mine"), _quick(max_retries=0, backoff="${retry.default_backoff}")),
        ),
    ),
    Page(
        _SYNTAX + "retrying",
        "retry.always",
        (
            _tries((9, "Mine"), _quick(max_retries=8)),
            _tries((3, "good"), _quick(max_retries=8), fails=2),
            _tries((3, "good"), _quick(max_retries=2), fails=2),
            _tries((3, "Mine"), _quick(max_retries=2), fails=3),
            _tries((1, "Mine"), _quick(max_retries=0)),
            _tries((1, "Mine"), "${http.default_retry}"),
            _tries((1, "Mine"), "${http.default_retry_non_idempotent}"),
            _tries((1, "Mine"), _quick(predicate="${http.default_retry_predicate}")),
            _tries((1, "Mine"), _quick(predicate="${http.default_retry_predicate_non_idempotent}")),
            _tries((3, "Mine"), _quick(max_retries=2, predicate="${seven}"), routines=_SEVEN),
            _tries((3, "Mine"), _quick(max_retries="${1 + 1}")),
            _tries((2, "Mine"), _paced(initial_delay="${1 / 1000}", max_delay="${0.001}")),
            _tries((2, "Mine"), _paced(initial_delay=0.001, max_delay=60, multiplier=1.5)),
            _tries(
                (3, "Mine"),
                _quick(max_retries=2, predicate="${waits}"),
                routines=_WAITS,
                chosen="a predicate is a subworkflow like any other",
            ),
            _tries((6, "Mine"), {"predicate": "${retry.always}", "backoff": _QUICK}, _DEFAULTS),
            _tries(
                (3, "Mine"), {"max_retries": 2, "backoff": _QUICK}, "without a predicate, always"
            ),
            _tries((1, "Mine"), {"max_retries": 0}, _DEFAULTS),
            _tries((6, "Mine"), _quick(max_retries="null"), _NULL),
            _tries((3, "Mine"), _quick(max_retries=2, predicate="null"), _NULL),
            _tries((1, "Mine"), _quick(max_retries=0, backoff="null"), _NULL),
            _tries((2, "Mine"), _paced(multiplier="null"), _NULL),
            _tries((3, "Mine"), _quick(max_retries=2.9), _CUT),
            _tries((1, "ValueError"), _quick(max_retries="${-1}"), _NUMBERS),
            _tries((1, "ValueError"), _quick(max_retries="${" + NAN + "}"), _NUMBERS),
            _tries((1, "ValueError"), _quick(max_retries="${" + INFINITY + "}"), _NUMBERS),
            _tries((1, "TypeError"), _quick(max_retries='${"2"}'), _NUMBERS),
            _tries((1, "TypeError"), _quick(max_retries="${true}"), _NUMBERS),
            *(
                _tries((1, "ValueError"), _paced(**{name: value}), _NUMBERS)
                for name in ("initial_delay", "max_delay", "multiplier")
                for value in (
                    "${-1}",
                    "${-0.5}",
                    "${" + NAN + "}",
                    "${" + INFINITY + "}",
                    "${1.0e+300}",
                )
            ),
            *(
                _tries((1, "TypeError"), _paced(**{name: value}), _NUMBERS)
                for name in ("initial_delay", "max_delay", "multiplier")
                for value in ('${"1"}', "${[1]}", "${true}")
            ),
            _tries(
                (31, "Mine"), _quick(max_retries=30, backoff={**_QUICK, "multiplier": 1000000000})
            ),
            _tries((1, "TypeError"), "${[1]}", "a policy is a map"),
            _tries((1, "TypeError"), "${null}", "a policy is a map"),
            _tries((1, "TypeError"), _quick(backoff="${[1]}"), "a backoff is a map"),
            _tries(
                (1, "TypeError"), _quick(predicate='${"retry.always"}'), "a name is no function"
            ),
            _tries((1, "ZeroDivisionError"), _quick(max_retries="${1 / 0}"), _LEAVES),
            *(
                _tries(
                    (1, "TypeError"),
                    _quick(predicate="${odd}"),
                    "the page says that a predicate is true or false",
                    routines=_answers(answer),
                )
                for answer in (
                    "{return: 1}",
                    "{return: 'true'}",
                    "{return: null}",
                    "{assign: [{x: 1}]}",
                )
            ),
            _tries(
                (1, "Theirs"),
                _quick(predicate="${odd}"),
                _LEAVES,
                routines=_answers("{raise: {tags: [Theirs]}}"),
            ),
        ),
    ),
    Page(
        _SYNTAX + "error-types",
        "default",
        (
            *(
                Row(
                    [True, "string", "list"],
                    f'["{tag}" in e.tags, get_type(e.message), get_type(e.tags)]',
                    given={},
                    steps="- i: {assign: [{e: null}]}\n- t: {try: {assign: [{x: '${"
                    + expression
                    + "}'}]}, "
                    "except: {as: e1, steps: [{k: {assign: [{e: '${e1}'}]}}]}}",
                )
                for tag, expression in (
                    ("IndexError", "[1][1]"),
                    ("KeyError", "a.none"),
                    ("TypeError", "1 + []"),
                    ("ValueError", 'int("x")'),
                    ("ZeroDivisionError", "1 / 0"),
                )
            ),
            Row(
                {"tags": ["SystemError"], "message": "an error has occurred"},
                'json.decode(text.encode("{\\"tags\\": [\\"SystemError\\"], \\"message\\": \\"an error has occurred\\"}"))',
            ),
            *(
                Row(Raises(tag), "1", steps=steps, routines=_DEEP)
                for tag, steps in (
                    (
                        "AuthError",
                        f"- s: {{call: http.get, args: {{url: {_OUTSIDE}, auth: {{type: OIDC}}}}}}",
                    ),
                    (
                        "ConnectionFailedError",
                        "- s: {call: http.get, args: {url: 'http://127.0.0.1:9/'}}",
                    ),
                    ("ParallelNestingError", "- s: {call: third}"),
                    ("RecursionError", "- s: {call: deeper}"),
                    ("TimeoutError", _LATE),
                    ("UnhandledBranchError", _BRANCH.format(step="{raise: own}")),
                    ("ZeroDivisionError", _BRANCH.format(step="{assign: [{x: '${1 / 0}'}]}")),
                )
            ),
            Row(
                Raises("SystemError"),
                "1",
                steps="- r: {raise: {tags: [SystemError], message: m}}",
            ),
        ),
    ),
)
