"""
What it takes to verify evidence, beside what cannot be spared: reading the same rows, hashing and signatures.

    python -m benchmarks.bench_verify --entries 400000

The store is made fast: the chain of one approval of this release, again and again, each signed anew.
"""

import argparse
import base64
import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.report import show
from benchmarks.spawn import ROOT
from shared.actors import PLATFORM
from shared.canonical import canonical
from shared.documents import Key
from shared.edge.keys import FileSigner
from shared.edge.sqlite import SqliteDocuments
from shared.edge.tap import append
from shared.entity import ZERO_HASH
from shared.evidence import Entry, hash_of_entry, signed_bytes, state_hash
from shared.identity.models import VerificationKey

TEMPLATE = ROOT / "tests" / "golden" / "0.1.0" / "approvals.json"
ENTRIES, CHAIN = 400_000, 4
MOST_TIMES, MOST_MB, MOST_GROWTH = 2.5, 150, 1.3
"""Of the plain work's CPU time; of memory; of memory where there is ten times as much."""

BATCH = 2_000
SHUFFLE = 2_654_435_761
"""An odd number: times it, modulo 2³², consecutive numbers are scattered, and none comes twice."""


def main() -> int:
    """Measure, print, and return 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--child", choices=sorted(_WAYS))
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(_WAYS[given.child](given.data)))
        return 0
    few = _measured(given.entries // 10)
    many = _measured(given.entries)
    rows, good = [], True
    for n, taken in ((given.entries // 10, few), (given.entries, many)):
        plain, ours = taken["plain"], taken["verify"]
        times = ours["cpu_s"] / plain["cpu_s"]
        good = good and times <= MOST_TIMES and ours["mb"] <= MOST_MB and ours["breaks"] == 0
        for name, one in (("plain", plain), ("verify", ours)):
            ratio = f"{one['cpu_s'] / plain['cpu_s']:.2f} ×"
            cells = [f"{one['cpu_s']:.1f}", f"{one['cpu_s'] / n * 1e6:.0f}", f"{one['mb']:.0f}"]
            limit = f"≤ {MOST_TIMES} ×, ≤ {MOST_MB} MB" if name == "verify" else ""
            rows.append([f"{n:,}", name, *cells, ratio, limit])
    growth = many["verify"]["mb"] / few["verify"]["mb"]
    linear = (many["verify"]["cpu_s"] / few["verify"]["cpu_s"]) / 10
    good = good and growth <= MOST_GROWTH
    note = (
        f"Chains of {CHAIN} entries, each of one approval, with its tap. Plain is one SELECT of all rows in"
        " their order, parsing, SHA-256 and Ed25519 of each, kept nowhere and compared with nothing; both in"
        f" processes of their own, CPU with the start. Ten times the entries take {linear:.2f} × ten times the"
        f" CPU and {growth:.2f} × the memory (≤ {MOST_GROWTH} ×)."
    )
    show(
        "Verifying evidence",
        ["entries", "way", "CPU s", "µs an entry", "MB", "ratio", "limit"],
        rows,
        note,
    )
    return 0 if good else 1


def _measured(entries: int) -> dict[str, dict[str, float]]:
    """Make a store of so many entries, and read it each way in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="waooaw-", dir=tempfile.gettempdir()) as folder:
        data = Path(folder)
        started = time.perf_counter()
        build(data, entries // CHAIN)
        print(f"{entries:,} entries made in {time.perf_counter() - started:.0f} s", flush=True)
        return {way: _child(way, data) for way in ("plain", "verify")}


def _child(way: str, data: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bench_verify", "--child", way, "--data", str(data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _taken(**more: float) -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024, **more}


# --- the two ways --------------------------------------------------------------------------------


def _verify(data: Path) -> dict[str, float]:
    from local.verify import examined

    report = examined(data)
    return _taken(breaks=len(report.breaks), entries=report.counts["entries"])


def _plain(data: Path) -> dict[str, float]:
    """Read, hash and check each row, and nothing else: no types, no place, no chain, no tap, no comparison."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    x = FileSigner(data / "keys" / "writer.pem").jwk["x"]
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))
    entries = 0
    with closing(sqlite3.connect(data / "store.db")) as store:
        for collection, text in store.execute("select collection, data from documents"):
            document = json.loads(text)
            if collection != Entry.collection:
                document.pop("audit", None)
                hashlib.sha256(_sorted(document)).hexdigest()
                continue
            entries += 1
            del document["delivery"]
            hashlib.sha256(_sorted(document)).hexdigest()
            signature = base64.urlsafe_b64decode(document.pop("sig") + "==")
            del document["kid"]
            key.verify(signature, _sorted({"typ": "event/v1", **document}))
    return _taken(entries=entries)


def _sorted(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


_WAYS = {"plain": _plain, "verify": _verify}


# --- the store -----------------------------------------------------------------------------------


def build(data: Path, chains: int) -> None:
    """Make a data folder with so many chains, its keys and its tap."""
    signer = FileSigner(data / "keys" / "writer.pem")
    SqliteDocuments(data / "store.db").close()
    with closing(sqlite3.connect(data / "store.db", isolation_level=None)) as store:
        store.execute("pragma synchronous = off")
        store.execute("create temp table made (tenant text, collection text, id text, data text)")
        store.execute("begin")
        tapped: list[bytes] = []
        for key, document in _documents(signer, chains):
            row = (key.tenant, key.collection, key.id, _text(document))
            store.execute("insert into made values (?, ?, ?, ?)", row)
            if key.collection == Entry.collection:
                tapped.append(canonical({"entry_hash": hash_of_entry(document), "id": key.id}))
            if len(tapped) >= BATCH:
                append(data / "tap.jsonl", tapped)
                tapped.clear()
        append(data / "tap.jsonl", tapped)
        store.execute(
            "insert into documents (tenant, collection, id, revision, data)"
            " select tenant, collection, id, 1, data from made order by tenant, collection, id"
        )
        store.execute("commit")
        store.execute("drop table made")


def _documents(signer: FileSigner, chains: int) -> Iterator[tuple[Key, dict[str, Any]]]:
    kept = json.loads(TEMPLATE.read_text())
    entity, entries = kept["document"], kept["entries"]
    entity.pop("audit")
    published = {"published_at": entity["updated_at"], "attempts": 1, "leaf": None}
    key = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk)
    yield Key(PLATFORM, key.collection, key.id), key.model_dump(mode="json")
    for n in range(chains):
        id = _id(n, 0)
        document = entity | {"id": id}
        state, head = state_hash(document), ZERO_HASH
        for eseq in range(1, CHAIN + 1):
            entry = entries[min(eseq, len(entries)) - 1] | {
                "id": _id(n, eseq),
                "tenant": PLATFORM,
                "entity": f"approvals/{id}",
                "eseq": eseq,
                "eprev": head,
                "ts": entity["updated_at"],
                "state_hash": state,
                "delivery": published,
            }
            entry["kid"], entry["sig"] = signer.sign(signed_bytes(entry))
            head = hash_of_entry(entry)
            yield Key(PLATFORM, Entry.collection, entry["id"]), entry
        audit = {"n": CHAIN, "head": head, "state_hash": state, "entry": _id(n, CHAIN)}
        yield Key(PLATFORM, "approvals", id), document | {"audit": audit}


def _id(n: int, eseq: int) -> str:
    return f"{(n * (CHAIN + 1) + eseq) * SHUFFLE % 2**32:08x}-0000-4000-8000-{n:012x}"


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    sys.exit(main())
