"""
The evaluation of rules, and a process of its own for it: as little is loaded as it takes, for it is started anew.

As a process it is told on its first line which rules there are, and on each later one what to ask them. It may take so much
memory, and so much of a processor for each answer; the kernel ends it where it takes more, for nothing ends an evaluation.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

MAX_DATA = 512 * 1024 * 1024
"""How much memory such a process may take, in bytes; what a release brings takes a third of it."""

MAX_S = 2
"""How long an answer may take it, in seconds of a processor: between this and one less, as the kernel counts whole ones."""

MAX_ANSWER = 256 * 1024
"""How long an answer may be, in JSON: whoever asks has no such limit of memory."""

_ENTRY = "waooaw.decisions"


class Evaluator:
    """Rules in an engine of this process."""

    def __init__(self, names: Sequence[str], data: Mapping[str, Any]) -> None:
        """
        Make an engine that asks the bundles of these names, with what they look up; none is loaded yet.

        Raises:
            ImportError: There is no engine, or its library is none for here (OSError).
        """
        from opa_bindings import OpaEngine

        self._library = OpaEngine()
        self._library.print_handler = lambda *_: None
        self._library.add_data(dict(data))
        self._library.add_policy("waooaw.rego", _entry(names))

    def load(self, modules: Mapping[str, str]) -> None:
        """
        Add modules, and compile all: what does not compile together is said now, and not taken for a slow decision.

        Raises:
            OpaError: They do not compile.
        """
        for path, source in modules.items():
            self._library.add_policy(path, source)
        self._library.eval_document(_ENTRY, {"bundles": []})

    def answer(self, question: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """
        Return what the bundles answer that a question names, and how long it took, in ms of a processor.

        Raises:
            OpaError: The evaluation failed.
        """
        # The engine evaluates in the thread that calls it.
        began = time.thread_time()
        answer = self._library.eval_document(_ENTRY, question)
        return answer, round((time.thread_time() - began) * 1000)

    def close(self) -> None:
        """Let go of what was compiled."""
        self._library.close()


def _entry(names: Sequence[str]) -> str:
    """Return the module that asks all bundles that were named: of a bundle that is not named no rule is evaluated."""
    asking = [
        f'decisions["{name}"] := data.{name}.decision if "{name}" in input.bundles'
        for name in sorted(names)
    ]
    return "\n".join(["package waooaw", *asking, ""])


def limit(*, seconds: int) -> None:
    """Have the kernel end this process where it takes more memory, or from now on so many seconds of a processor."""
    import resource

    # On a Mac memory cannot be limited.
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_DATA, MAX_DATA))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    ends = int(time.process_time()) + seconds
    ends = ends if most == resource.RLIM_INFINITY else min(ends, most)
    resource.setrlimit(resource.RLIMIT_CPU, (ends, most))


def _told(said: Mapping[str, Any], rules: Evaluator) -> str:
    try:
        answer, took_ms = rules.answer(said)
        told = json.dumps({"answer": answer, "took_ms": took_ms})
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return json.dumps({"failed": type(error).__name__})
    return told if len(told) <= MAX_ANSWER else json.dumps({"failed": "OverflowError"})


def _say(told: str) -> None:
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


def _main() -> None:
    said = json.loads(sys.stdin.readline())
    limit(seconds=MAX_S)
    told: dict[str, Any] = {}
    try:
        rules = Evaluator(said["names"], said["data"])
        rules.load(said["modules"])
    except (ImportError, OSError) as error:
        told = {"missing": type(error).__name__}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        told = {"refused": getattr(error, "message", type(error).__name__)}
    _say(json.dumps(told))
    for line in sys.stdin if not told else ():
        limit(seconds=MAX_S)
        _say(_told(json.loads(line), rules))


if __name__ == "__main__":
    _main()
