"""Three ways to Firestore from one process: the generated client by gRPC, by REST, and ours by plain REST."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from benchmarks.report import show
from benchmarks.spawn import ROOT
from local.emulators import FIRESTORE, Missing, running

RUNS = 3
TIMES = 300
DOCUMENTS = 20
PROJECT = "bench"
PLACE = f"projects/{PROJECT}/databases/(default)/documents"
DOCUMENT = {
    "name": "Writer",
    "status": "active",
    "version": 3,
    "share": 0.5,
    "at": None,
    "tags": ["a", "b"],
    "audit": {"n": 3, "head": "0" * 64},
}
WAYS = {
    "grpc": "generated client, gRPC",
    "rest": "generated client, REST",
    "ours": "plain REST (`edge/firestore.py`)",
}
ASKED = ("get", "commit", "query")
SHOWN = ("cold_cpu", "cold", *(f"{ask}_cpu" for ask in ASKED), *ASKED)

Ask = Callable[[int], object]


def main() -> int:
    """Measure, print, and return 0: the choice is recorded, not judged."""
    with ExitStack() as stack:
        try:
            stack.enter_context(running(FIRESTORE))
        except Missing as missing:
            print(f"not measured: {missing}")
            return 0
        best = {way: _best([_child(way) for _ in range(RUNS)]) for way in WAYS}
    rows = [
        [says, f"{best[way]['modules']:.0f}", *(_cell(best, way, name) for name in SHOWN)]
        for way, says in WAYS.items()
    ]
    header = ["way", "modules", *(name.replace("_cpu", " CPU") for name in SHOWN)]
    note = (
        "Milliseconds against the emulator. Cold is importing, connecting, and the first get and commit in a"
        f" process that has loaded the framework and a function; the rest is the median of {TIMES} when warm;"
        f" the query finds {DOCUMENTS} documents. The best of {RUNS} processes each; in brackets, how many"
        " times ours. The generated client cannot read the emulator's answer to a query by REST."
    )
    show("Ways to Firestore", header, rows, note)
    return 0


def _cell(best: Mapping[str, Mapping[str, float]], way: str, name: str) -> str:
    if name not in best[way]:
        return "–"
    return f"{best[way][name]:.2f} ({best[way][name] / best['ours'][name]:.1f} ×)"


def _child(way: str) -> Mapping[str, float]:
    command = [sys.executable, "-m", "benchmarks.bench_firestore", way]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures: Mapping[str, float] = json.loads(done.stdout)
    return figures


def _best(runs: list[Mapping[str, float]]) -> dict[str, float]:
    return {name: min(run[name] for run in runs) for name in runs[0]}


# --- in a process of its own ---------------------------------------------------------------------


def measure(way: str) -> None:
    """Go one way, and print what it took."""
    import statistics
    import time

    import functions_framework  # noqa: F401 - what every function has loaded

    from functions.agents import get_agent  # noqa: F401 - likewise

    loaded = len(sys.modules)
    cpu, wall = time.process_time(), time.perf_counter()
    asks: dict[str, Ask] = {"grpc": _generated, "rest": _generated, "ours": _ours}[way](way)
    asks["commit"](0)
    asks["get"](0)
    figures: dict[str, float] = {
        "cold_cpu": (time.process_time() - cpu) * 1000,
        "cold": (time.perf_counter() - wall) * 1000,
        "modules": len(sys.modules) - loaded,
    }
    for n in range(DOCUMENTS):
        asks["commit"](n)
    for name, ask in asks.items():
        times, before = [], time.process_time()
        for n in range(TIMES):
            started = time.perf_counter()
            ask(n % DOCUMENTS)
            times.append((time.perf_counter() - started) * 1000)
        figures[name] = statistics.median(times)
        figures[f"{name}_cpu"] = (time.process_time() - before) * 1000 / TIMES
    print(json.dumps(figures))


def _ours(_: str) -> dict[str, Ask]:
    from shared.documents import Key, Query, Write
    from shared.edge.firestore import FirestoreDocuments

    documents = FirestoreDocuments(PROJECT)
    return {
        "get": lambda n: documents.get(Key("acme", "agents", f"a-{n}")),
        "commit": lambda n: documents.commit([Write(Key("acme", "agents", f"a-{n}"), DOCUMENT)]),
        "query": lambda _: documents.find("acme", Query("agents", limit=DOCUMENTS)),
    }


def _generated(way: str) -> dict[str, Ask]:
    from google.cloud.firestore_v1 import _helpers
    from google.cloud.firestore_v1.services.firestore import FirestoreClient

    host = os.environ[FIRESTORE.variable]
    client = FirestoreClient(transport=_by_grpc(host) if way == "grpc" else _by_rest(host))
    parent = f"{PLACE}/tenants/acme"
    source = {"from_": [{"collection_id": "agents"}], "limit": DOCUMENTS}
    metadata = [("authorization", "Bearer owner")]

    def read(document: Any) -> object:
        return _helpers.decode_dict(document.fields, None)

    def get(n: int) -> object:
        return read(client.get_document({"name": f"{parent}/agents/a-{n}"}, metadata=metadata))

    def commit(n: int) -> object:
        fields = _helpers.encode_dict(DOCUMENT)
        write = {"update": {"name": f"{parent}/agents/a-{n}", "fields": fields}}
        database = PLACE.removesuffix("/documents")
        return client.commit({"database": database, "writes": [write]}, metadata=metadata)

    def query(_: int) -> object:
        asked = {"parent": parent, "structured_query": source}
        return [read(one.document) for one in client.run_query(asked, metadata=metadata)]

    return {"get": get, "commit": commit} | ({"query": query} if way == "grpc" else {})


def _by_grpc(host: str) -> Any:
    import grpc  # type: ignore[import-untyped]
    from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

    return FirestoreGrpcTransport(host=host, channel=grpc.insecure_channel(host))


def _by_rest(host: str) -> Any:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.firestore_v1.services.firestore.transports.rest import FirestoreRestTransport

    return FirestoreRestTransport(
        host=host,
        url_scheme="http",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        measure(sys.argv[1])
    else:
        sys.exit(main())
