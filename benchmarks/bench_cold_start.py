"""Spawn every function under the real Functions Framework, and compare with one that only answers."""

import json
import re
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import show
from benchmarks.spawn import ROOT, bare_source, cpu_to_first_answer, folder, free_port
from local.accounts import SignIn, accounts
from local.platform import Platform
from local.story import acts
from local.story.client import Client
from shared.edge.catalog import operations
from shared.edge.openapi import openapi
from shared.edge.settings import Settings
from shared.identity import HOLDERS, Role
from shared.operation import Operation

RUNS = 2
LIMIT = 2.0


def main() -> int:
    """Measure, print, and return 1 where the worst is over the limit."""
    with folder() as name:
        data = Path(name)
        ids = _prepared(data)
        bare = statistics.median(
            cpu_to_first_answer(bare_source(data), {}, "/", {}, "GET")[0] for _ in range(2 * RUNS)
        )
        rows = []
        for op in operations():
            cpu, status = _measured(op, data, ids)
            rows.append((cpu / bare, op.id, cpu, status))
            print(f"  {op.id:40} {cpu:6.0f} ms {cpu / bare:5.2f} ×  answered {status}", flush=True)
    rows.sort(reverse=True)
    shown = [["bare function", f"{bare:.0f}", "1.00 ×", "200"]]
    shown += [[id, f"{cpu:.0f}", f"{ratio:.2f} ×", str(status)] for ratio, id, cpu, status in rows]
    good = [row for row in rows if row[3] < 300]
    note = (
        f"CPU ms (user and system) from spawn to first answer, the median of {RUNS}; limit {LIMIT} ×. The worst"
        f" is {rows[0][0]:.2f} ×, the worst with a 2xx answer {good[0][0]:.2f} ×. Functions whose first"
        " request finds nothing to act on answer 4xx: they too verified the token and read the store."
    )
    show("Cold start", ["function", "CPU ms", "ratio", "answer"], shown, note)
    return 0 if rows[0][0] <= LIMIT else 1


def _prepared(data: Path) -> dict[str, str]:
    """Fill a store with certified parts and an agent, so that reads find something."""
    platform = Platform(data, port=free_port()).start()
    client = Client(platform.address)
    parts = acts.certify_parts(client, lambda _: None)
    begun = acts.request_agent(client, parts, "Writer")
    platform.stop()
    (data / "clock").unlink(missing_ok=True)
    return {
        "agent_id": begun["agent"]["id"],
        "workflow_id": begun["workflow_id"],
        "skill_id": parts.skills[0]["id"],
        "job_role_id": parts.job_role["id"],
        "industry_id": parts.job_role["industry_id"],
    }


def _measured(op: Operation, data: Path, ids: dict[str, str]) -> tuple[float, int]:
    unknown = "00000000-0000-4000-8000-00000000000a"
    path = re.sub(r"{(\w+)}", lambda m: ids.get(m[1], "3" if m[1] == "stage" else unknown), op.path)
    environ = {"FUNCTION": op.id, "DATA": str(data), "API": "http://127.0.0.1:8080"}
    settings = Settings(environ)
    headers = {"Content-Type": "application/json"}
    if not op.public:
        holders = set[Role]().union(*(HOLDERS[scope] for scope in op.scopes))
        account = next(a for a in accounts() if Role(a.partition("@")[0]) in holders)
        token = SignIn(settings).token(account, datetime.now(UTC))
        headers["Authorization"] = f"Bearer {token}"
    results = []
    for _ in range(RUNS):
        body = json.dumps(_example(op)).encode() if op.mutates else None
        results.append(
            cpu_to_first_answer(ROOT / "main.py", environ, path, headers, op.method, body)
        )
    return statistics.median(cpu for cpu, _ in results), results[0][1]


def _example(op: Operation) -> object:
    described = openapi()["paths"][op.path][op.method.lower()]
    content = described.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example", {})


if __name__ == "__main__":
    sys.exit(main())
