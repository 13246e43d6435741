"""
Call the language's functions, operators, policies, loops and requests with what nobody would give them.

    python -m benchmarks.fuzz_workflows --calls 1000000

Whatever comes of a call is a value of the language that the journal can keep, or an error of the language. An exception
of Python, a value that is none, and a call that takes two seconds of the processor are flaws, and are printed.
"""

import argparse
import builtins
import json
import logging
import random
import re
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from local.workflows import Home
from local.workflows.boundary import within
from local.workflows.errors import TAGS, Failure
from local.workflows.expressions import Binary, Call, Const, Index, Node, Unary
from local.workflows.functions import FUNCTIONS, REQUIRED, Function
from local.workflows.functions.connectors import ANSWERED, find
from local.workflows.functions.effects import CONSTANTS
from local.workflows.http import Http
from local.workflows.interpreter import Machine
from local.workflows.loops import elements
from local.workflows.operators import BINARY
from local.workflows.program import Block, For
from local.workflows.retries import policy
from local.workflows.values import (
    INTEGER_MAX,
    INTEGER_MIN,
    STRING_LIMIT,
    Reference,
    Value,
    changed,
    digest,
    dump,
    from_json,
    length,
    load,
    measured,
    size,
    text,
)

SLOW_S = 2.0
ENDS = (
    (signal.ITIMER_PROF, signal.SIGPROF, 2 * SLOW_S),
    (signal.ITIMER_REAL, signal.SIGALRM, 30 * SLOW_S),
)
"""What ends a call that does not end: its own work, which a busy machine does not lengthen, or a wait for nothing."""
_PYTHON = re.compile(
    r"(?<![^\s(\[{,:=])b['\"]|<class|object at 0x|Traceback|Errno|codec can't|NoneType|Expecting |Incorrect padding|Non-base64|"
    + "|".join(
        rf"\b{name}\b"
        for name, kind in vars(builtins).items()
        if isinstance(kind, type) and issubclass(kind, BaseException) and name not in TAGS
    )
)
"""How Python writes what the language has other words for: its exceptions, its types, its bytes."""
_REMEMBERED = 50
_CONNECTORS = (*ANSWERED, "googleapis.compute.v1.instances.insert", "googleapis.nobody.v1.knows")
FORM = "application/x-www-form-urlencoded"
_NOWHERE = "http://127.0.0.1:9"
_RIGHT: dict[str, Value] = {"url": f"{_NOWHERE}/", "method": "POST", "val": 1, "key": "a"}
_RETURNED_LIMIT = 4 * 1024 * 1024
_WORDS = (
    *(
        "",
        "a",
        " ",
        "\x00",
        "é",
        "ß",
        "ﬁ",
        "İ",
        "日本",
        "😀",
        "\ud800",
        "x\udfff",
        "\ufeff",
        "\u2028",
    ),
    *("0", "1", "-1", "1e999", "1_000", "٣", "nan", "inf", "0x10", "9" * 30, "true", "null"),
    *("UTC", "GMT", "America", "America/New_York", "Europe/Berlin", "../etc", "/etc/passwd"),
    *("2024-05-08", "2024-05-08T12:01:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60-23:59"),
    *(
        "utf-8",
        "utf8",
        "latin1",
        "utf-16",
        "unicode_escape",
        "rot13",
        "hex",
        "idna",
        "base64",
        "zip",
    ),
    *("MD5", "SHA1", "SHA224", "SHA256", "SHA512", "sha256", "ERROR", "DEFAULT", "POST", "GET"),
    *("YQ==", "YQ", "Y", "a-_b", "%41", "%", "%ff", "%zz", "a+b", "a=b&c"),
    *("(a|ab)", "(", "a{1000}", "(a{500}){500}", "(?=a)", r"\1", "[", ".*", "", "^", r"\pL", r"\C"),
    *("{}", "[]", '"\\ud800"', "[" * 600, '{"a":1,"a":2}', "NaN", "1e400", "[1,]", '"$bytes"'),
    *(_NOWHERE, "http://", "https://[", "http://127.0.0.1:9/\r\nX: y", "ftp://x", "projects/p/x"),
    *("$bytes", "$map", "__class__", "tags", "code", "message", "HttpError", "OIDC", "max_retries"),
)
_NUMBERS = (
    *(0, 1, -1, 2, 3, 7, 10, 63, 429, 503, 2**31, 2**53 + 1, 10**12, INTEGER_MAX, INTEGER_MIN),
    *(0.0, -0.0, 0.5, 1.25, -1.5, 1e16, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")),
)


def _huge() -> tuple[Value, ...]:
    """Make what is at the limits of the language, or past them."""
    deep: list[Any] = []
    many: list[Any] = [1]
    for _ in range(3000):
        deep = [deep]
    for _ in range(60):
        many = [many, many]
    words = ("a" * STRING_LIMIT, "é" * (STRING_LIMIT // 2), "ab" * 500_000, "\x00" * 100_000)
    return (
        *words,
        b"\xff" * 400_000,
        [None] * 300_000,
        list(range(60_000)),
        ["x" * 10] * 20_000,
        {str(n): n for n in range(20_000)},
        deep,
        {"a": deep},
        many,
        {"a": many, "b": many},
        *sharing(),
    )


def sharing() -> tuple[Value, ...]:
    """Make what holds one thing many times over: small in the memory, and large or endless to walk through."""
    maps: dict[str, Any] = {}
    lists: list[Any] = []
    for _ in range(40):
        maps, lists = {"a": maps, "b": maps, "c": maps}, [lists, lists, lists]
    words = [f"word {n}" for n in range(30_000)]
    named = {str(n): words for n in range(100)}
    return maps, lists, [words] * 100, named, {"k" * 10_000: words}, {"tags": words, "x": maps}


class Values:
    """Values of every type, each as odd as it comes; *large* is how many of them are at the limits or past them."""

    def __init__(self, chance: random.Random, large: float = 0.01) -> None:
        self._chance = chance
        self._large = large
        self._huge = _huge()

    def any(self, depth: int = 3) -> Value:  # noqa: PLR0911 - one for each type
        """Make one."""
        chance = self._chance
        kind = chance.random()
        if kind < 0.35:
            return self.word()
        if kind < 0.55:
            return chance.choice(_NUMBERS)
        if kind < 0.65:
            return chance.choice((None, True, False))
        if kind < 0.72:
            return self.word().encode(errors="replace") + chance.choice((b"", b"\xff", b"\x00"))
        if kind < 0.735:
            return chance.choice((Reference("retry.always"), *CONSTANTS.values()))
        if kind < 0.735 + self._large:
            return chance.choice(self._huge)
        count = chance.choice((0, 1, 1, 2, 3)) if depth else 0
        if kind < 0.87:
            return [self.any(depth - 1) for _ in range(count)]
        return {self.word(): self.any(depth - 1) for _ in range(count)}

    def word(self) -> str:
        """Make a string."""
        chance = self._chance
        found = chance.choice(_WORDS)
        return found + chance.choice(_WORDS) if chance.random() < 0.2 else found

    def body(self) -> Value:
        """Make what a JSON text from outside is read as, if it is one."""
        with suppress(ValueError, Failure):
            return from_json(json.dumps(measured(self.any()), default=lambda _: "odd").encode())
        return None


class Outside:
    """What functions see of an execution: nothing they say is kept."""

    environment: Mapping[str, str] = {"A": "a"}
    replaying = False

    def instant(self, kind: str, arguments: Value, compute: Callable[[], Value]) -> Value:
        """Compute as the engine does."""
        digest([kind, arguments])
        value = compute()
        dump(measured(value))
        return value

    def now(self) -> float:
        """Return a moment."""
        return 1720788633.0

    def create_callback(self, method: str) -> Value:
        """Open nothing."""
        digest(method)
        return {"url": _NOWHERE}

    def log(self, severity: str, data: Value) -> None:
        """Forget it."""
        dump(digest([severity, data]))


class _Frame:
    context = Outside()


class _Scope:
    frame = _Frame()


class EndlessError(BaseException):
    """Stop what takes far too long, past everything that handles errors."""


def _interrupt(*_: object) -> None:
    raise EndlessError


def _large(value: Value) -> bool:
    return size(value, _RETURNED_LIMIT) > _RETURNED_LIMIT


def flaw(value: Value, *given: Value) -> str:
    """Say why what was made of something is not a value of the language; nothing if it is one."""
    if _large(value):
        return "" if any(map(_large, given)) else "it is larger than anything may be"
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, bool | float | bytes | Reference) or one is None:
            continue
        if isinstance(one, int):
            if not INTEGER_MIN <= one <= INTEGER_MAX:
                return "an integer has more than 64 bits"
        elif isinstance(one, list):
            stack += one
        elif isinstance(one, dict):
            stack += one.values()
            if not all(isinstance(key, str) for key in one):
                return "a key is no string"
        elif not isinstance(one, str):
            return f"{type(one).__name__} is no type of the language"
    return ""


def _whole(value: Value, *given: Value) -> str:
    """Say what is wrong with a value that a function made itself."""
    if isinstance(value, str):
        if length(value) > STRING_LIMIT:
            return "a string is too long"
        with suppress(Failure):
            text(value)
            return ""
        return "a string is no text"
    return flaw(value, *given)


@dataclass
class Found:
    """What came of the calls."""

    calls: int = 0
    values: int = 0
    tags: Counter[str] = field(default_factory=Counter)
    flaws: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: str = ""

    def of(self, name: str, act: Callable[[], str]) -> None:
        """Do what says what is wrong with what comes of it, and stop what takes far too long."""
        for timer, by, most_s in ENDS:
            signal.signal(by, _interrupt)
            signal.setitimer(timer, most_s)
        began = time.thread_time()
        try:
            wrong = act()
            self.values += 1
        except Failure as failure:
            wrong = _mistold(failure)
            if not wrong:
                self.tags[failure.value["tags"][0]] += 1
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            wrong = f"{type(error).__name__}: {str(error)[:200]}"
        except EndlessError:
            wrong = "it does not end"
        finally:
            for timer, _, _ in ENDS:
                signal.setitimer(timer, 0)
        taken = time.thread_time() - began
        self.calls += 1
        if taken > self.slowest_s:
            self.slowest_s, self.slowest = taken, name
        if taken > SLOW_S:
            wrong = wrong or f"it took {taken:.1f} s"
        if wrong:
            self.flaws.append(f"{name}: {wrong}")


class Fuzz:
    """Make calls, each from the seed and the ones before."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._values = Values(self._chance)
        # Arguments that had the right types, by function: what is made of them gets deeper.
        self._taken: dict[str, list[dict[str, Value]]] = {}
        connectors = {name: found for name in _CONNECTORS if (found := find(name))}
        self._functions = sorted((FUNCTIONS | connectors).items())
        self._http = Http(Home(""))
        self._machine = Machine.__new__(Machine)
        self._kinds: tuple[tuple[float, Callable[[], tuple[str, Callable[[], str]]]], ...] = (
            (0.70, self._call),
            (0.15, self._operator),
            (0.04, self._policy),
            (0.03, self._loop),
            (0.04, self._assignment),
            (0.035, self._payload),
            (0.005, self._request),
        )

    def run(self, calls: int) -> Found:
        """Make so many calls."""
        found = Found()
        weights, kinds = zip(*self._kinds, strict=True)
        for kind in self._chance.choices(kinds, weights, k=calls):
            found.of(*kind())
        return found

    def share(self) -> Found:
        """Give everything, in the place of each argument and of all, what shares itself."""
        found = Found()
        for value in sharing():
            for name, function in self._functions:
                for given in _shared(function, value):
                    found.of(name, partial(self._returned, function, given))
            for operator in BINARY:
                node = Binary([Const(constant=value)] * 2, operator=operator)
                found.of(operator, partial(self._evaluated, node))
            for place in ("body", "headers", "query", "auth"):
                found.of("http.post", partial(self._sent, "http.post", {place: value}))
            form = {"body": value, "headers": {"Content-Type": FORM}}
            found.of("a form", partial(self._sent, "http.post", form))
            found.of("retry", partial(self._waits, value))
        return found

    # --- what is called: its name, and what says what is wrong with what comes of it ---------------

    def _call(self) -> tuple[str, Callable[[], str]]:
        name, function = self._chance.choice(self._functions)
        given = self._arguments(function)
        if self._chance.random() < 0.3:
            by_place = list(given.values())
            return name, lambda: self._returned(function, by_place)

        def act() -> str:
            try:
                wrong = self._returned(function, given)
            except Failure as failure:
                if "TypeError" not in failure.value["tags"]:
                    self._remember(name, given)
                raise
            self._remember(name, given)
            return wrong

        return name, act

    def _arguments(self, function: Function) -> dict[str, Value]:
        """Make arguments: of others that were of the right types, with one changed, or new ones."""
        chance, known = self._chance, self._taken.get(function.name)
        if known and function.parameters and chance.random() < 0.7:
            given = dict(chance.choice(known))
            given[chance.choice(list(function.parameters))] = self._values.any()
            return given
        given = {
            parameter: self._values.any()
            for parameter, default in function.parameters.items()
            if default is REQUIRED or chance.random() < 0.3
        }
        if chance.random() < 0.02:
            given[self._values.word()] = self._values.any()
        return given

    def _remember(self, name: str, given: dict[str, Value]) -> None:
        known = self._taken.setdefault(name, [])
        if len(known) < _REMEMBERED:
            known.append(given)
        else:
            known[self._chance.randrange(_REMEMBERED)] = given

    def _returned(self, function: Function, given: Any) -> str:
        if isinstance(given, list) and not function.waits:
            operands = [Const(constant=value) for value in given]
            value = Call(operands, name=function.name, function=function).value(_Scope())  # type: ignore[arg-type]
        else:
            value = function(Outside(), given)
        if function.waits:
            # It is an operation: the journal holds the arguments by their hash.
            within("the arguments", digest, value)
            return ""
        wrong = _whole(value, *(given.values() if isinstance(given, dict) else given))
        if not wrong:
            within("a result", dump, measured(value))
        return wrong

    def _operator(self) -> tuple[str, Callable[[], str]]:
        left, right = (Const(constant=self._values.any()) for _ in range(2))
        operator = self._chance.choice((*BINARY, "not", "-1", "[]"))
        node: Node = Binary([left, right], operator=operator)
        if operator == "[]":
            node = Index([left, right])
        elif operator in {"not", "-1"}:
            node = Unary([left], operator=operator.removesuffix("1"))
        return operator, lambda: flaw(node.value(_Scope()), left.constant, right.constant)  # type: ignore[arg-type]

    def _evaluated(self, node: Node) -> str:
        return flaw(node.value(_Scope()))  # type: ignore[arg-type]

    def _policy(self) -> tuple[str, Callable[[], str]]:
        names = ("max_retries", "predicate", "backoff", "x")
        inside = ("initial_delay", "max_delay", "multiplier")
        made: Value = {name: self._values.any(1) for name in names if self._chance.random() < 0.4}
        if self._chance.random() < 0.7:
            made["backoff"] = {
                n: self._values.any(0) for n in inside if self._chance.random() < 0.7
            }
        if self._chance.random() < 0.8:
            made["predicate"] = Reference("retry.always")

        return "retry", partial(self._waits, made)

    def _waits(self, made: Value) -> str:
        found = within("a retry policy", policy, made)
        waits = [found.delay_s(attempt) for attempt in (0, 1, 2, 50, 10_000)]
        return "" if all(0 <= wait <= 31_536_000 for wait in waits) else f"it waits {waits}"

    def _loop(self) -> tuple[str, Callable[[], str]]:
        bounds = [self._values.any(0) for _ in range(self._chance.choice((2, 2, 2, 2, 1, 3)))]
        some = self._chance.choice((bounds, self._values.any()))
        over: dict[str, Any] = {"items": None, "range": None}
        over[self._chance.choice(("items", "range"))] = Const(constant=some)
        loop = For("v", None, **over, block=Block(()))

        def act() -> str:
            running: Iterator[Any] = elements(loop, _Scope())  # type: ignore[arg-type]
            try:
                next(running)
            except StopIteration as stop:
                return flaw(list(islice(stop.value, 1000)), some)
            return "it waits"

        return "for", act

    def _assignment(self) -> tuple[str, Callable[[], str]]:
        container, path = self._values.any(), [self._values.any(0) for _ in range(2)]
        value = self._values.any()
        return "assign", lambda: flaw(
            within("an assignment", changed, container, path, value), container, value
        )

    def _payload(self) -> tuple[str, Callable[[], str]]:
        body = self._values.body()
        name, function = self._chance.choice(self._functions)

        def act() -> str:
            wrong = flaw(body) or ("" if dump(load(dump(body))) == dump(body) else "it changes")
            if wrong or function.waits:
                return wrong
            inner = body.values() if isinstance(body, dict) else [body]
            return self._returned(function, [*inner][: len(function.parameters)])

        return f"callback into {name}", act

    def _request(self) -> tuple[str, Callable[[], str]]:
        names = ("body", "headers", "query", "auth", "timeout")
        given = {name: self._values.any() for name in names if self._chance.random() < 0.5}
        if self._chance.random() < 0.7:
            given["headers"] = {self._values.word(): self._values.word()}
        method = self._chance.choice(("http.get", "http.post"))

        return method, lambda: self._sent(method, given)

    def _sent(self, method: str, given: dict[str, Value]) -> str:
        request = FUNCTIONS[method](Outside(), {"url": f"{_NOWHERE}/", **given})
        within("the arguments", digest, request)
        within("a request", self._http.send, request)
        return "nobody is there, and somebody answered"


def _shared(function: Function, value: Value) -> Iterator[dict[str, Value]]:
    """Make arguments of which all are *value*, or one is and the others have the right types."""
    needed = [name for name, default in function.parameters.items() if default is REQUIRED]
    given = {name: _RIGHT.get(name, "x") for name in needed}
    # Connectors take dozens of arguments, all but these alike.
    alike = function.waits == "connector"
    names = [*needed, "body", "query", "connector_params"] if alike else [*function.parameters]
    yield dict.fromkeys(names, value)
    for name in names:
        yield {**given, name: value}


def _mistold(failure: Failure) -> str:
    """Say what is wrong with an error; nothing if it is one of the language."""
    value = failure.value
    if not isinstance(value, dict) or value.get("tags", [""])[0] not in TAGS:
        return f"an error of no kind: {str(value)[:200]}"
    within("an error", dump, measured(value))
    if not isinstance(value["message"], str):
        return "an error without a message"
    told = _PYTHON.search(value["message"])
    return f"an error that shows Python: {value['message'][:200]}" if told else ""


def main() -> int:
    """Make as many calls as are asked for, and return 1 if a flaw was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_workflows")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.setrecursionlimit(6000)
    began = time.perf_counter()
    found = Fuzz(asked.seed).run(asked.calls)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{found.calls:,} calls in {time.perf_counter() - began:,.0f} s, peak {peak:,.0f} MB")
    print(f"{found.values:,} values; errors: {dict(found.tags.most_common())}")
    print(f"the slowest took {found.slowest_s * 1000:,.0f} ms: {found.slowest}")
    print(f"{len(found.flaws):,} flaws")
    for sentence, count in Counter(found.flaws).most_common(100):
        print(f"  {count} × {sentence}")
    return 1 if found.flaws else 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(main())
