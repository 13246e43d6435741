"""
The first walk: an agent from nothing to its health, in requests that anybody can paste.

The bodies are the examples of the API's description. What only a run knows is kept in variables of the shell, by
the names that `shared.examples` gives it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from shlex import quote
from typing import Any

from shared.agents.releases import CONSECUTIVE, LENGTH, PROBE_EVERY, SPARE_S
from shared.edge.openapi import openapi
from shared.examples import NAMES
from shared.identity import HOLDERS, Role

_LEAST = LENGTH + (CONSECUTIVE["readiness"] - 1) * PROBE_EVERY
_MOST = 2 * LENGTH + timedelta(seconds=SPARE_S)
WATCHED = " to ".join(str(one // timedelta(minutes=1)) for one in (_LEAST, _MOST)) + " minutes"
"""How long it takes until a release has proved healthy."""

_VALUES = re.compile("|".join(sorted(map(re.escape, NAMES), key=len, reverse=True)))


@dataclass(frozen=True)
class Step:
    """One request of the walk."""

    title: str
    who: Role
    operation: str
    why: str = ""
    keeps: Mapping[str, str] = field(default_factory=dict)
    """What of the answer later steps need: by the variable's name, the way to it."""

    query: str = ""
    stage: int = 0
    """The stage of the pipeline that must be open first."""

    codes: tuple[str, ...] = ()
    """The checks that are judged one by one."""

    rationale: str = ""
    """Why they pass."""

    waits: bool = False
    """Whether it is asked each minute until it is certain."""


WALK = (
    Step("See who you are", Role.ADMIN, "identity.get_me"),
    Step(
        "Propose an industry",
        Role.ADMIN,
        "genesis.create_industry",
        "Agents are made from certified parts: an industry, a job role in it, and skills.",
        {"INDUSTRY": "id"},
    ),
    Step(
        "Have it judged",
        Role.VISION_GUARDIAN,
        "genesis.judge_industry",
        "The Vision Guardian judges every industry (IN-5). Nobody judges what they wrote themselves.",
    ),
    Step("Have it certified", Role.GENESIS, "genesis.certify_industry"),
    Step("Propose a skill", Role.ADMIN, "genesis.create_skill", keeps={"SKILL": "id"}),
    Step(
        "Have it certified",
        Role.GENESIS,
        "genesis.certify_skill",
        "This skill only computes, so nobody needs to judge it. Keep its hash: the manifest pins it.",
        {"SKILL_HASH": "version_hash"},
    ),
    Step("Propose a job role", Role.ADMIN, "genesis.create_job_role", keeps={"JOB_ROLE": "id"}),
    Step("Have it certified", Role.GENESIS, "genesis.certify_job_role"),
    Step(
        "Ask for an agent",
        Role.ADMIN,
        "agents.create_agent",
        "Its pipeline of seven stages begins; the first, its specification, is done at once.",
        {"AGENT": "agent.id", "WORKFLOW": "workflow_id"},
    ),
    Step(
        "Submit how it works",
        Role.ADMIN,
        "agents.submit_me_wow",
        "Stage 2. What is missing is answered as a gap; at 100 percent the reviews begin.",
        {"MANIFEST_HASH": "manifest_hash"},
        stage=2,
    ),
    Step(
        "Genesis certifies it",
        Role.GENESIS,
        "agents.record_verdict",
        "Stage 3. Code decides five of the six checks; one waits for a verdict, which stays.",
        stage=3,
        codes=("CERT-6",),
        rationale="Four approvals a day are expected, each proportionate to what it guards.",
    ),
    Step(
        "The Systems Architect reviews it",
        Role.SYSTEMS_ARCHITECT,
        "agents.record_verdict",
        "Stage 4.",
        stage=4,
        codes=("ARCH-2", "ARCH-4"),
        rationale="Interfaces are declared, and a failure stays with the agent's own customers.",
    ),
    Step(
        "The Vision Guardian reviews it",
        Role.VISION_GUARDIAN,
        "agents.record_verdict",
        "Stage 5.",
        stage=5,
        codes=("ETH-1", "ETH-2", "ETH-3", "ETH-4", "ETH-5"),
        rationale="It cannot approve itself, hides nothing, and takes no more data than it needs.",
    ),
    Step(
        "Find the question to the Governor",
        Role.GOVERNOR,
        "approvals.list_approvals",
        "Stage 6. Read what would happen before you decide: the digest names exactly that.",
        {"APPROVAL": "items.0.id", "ACTION_DIGEST": "items.0.action_digest"},
        query="?agent_id=$AGENT",
        stage=6,
    ),
    Step(
        "Approve it",
        Role.GOVERNOR,
        "approvals.approve_approval",
        "A decision needs a sign-in of the last 15 minutes; the token is fresh.",
    ),
    Step(
        "Wait for its health",
        Role.ADMIN,
        "agents.get_agent_health",
        "Stage 7. The release is watched without traffic until it has proved ready, and then with all of it:"
        f" {WATCHED} of real time. `wait_s` says how many seconds are left at most; once it is ready, fewer.",
        waits=True,
        stage=7,
    ),
    Step("Meet your agent", Role.ADMIN, "agents.get_agent"),
)


def preamble(address: str, data: str) -> str:
    """Return what the shell needs to know first: bash, zsh or dash."""
    return _PREAMBLE.format(port=address.rpartition(":")[2], data=quote(data), address=address)


def script(step: Step) -> str:
    """Return a step as it is pasted."""
    asked = curl(step.operation, step.who, query=step.query)
    if step.codes:
        asked = curl(
            step.operation,
            step.who,
            check_code=_CODE,
            stage=step.stage,
            rationale=step.rationale,
        )
    asked = f"ANSWER=$({asked}" + ("\n)" if asked.endswith("JSON") else ")")
    if step.codes:
        asked = f"for CODE in {' '.join(step.codes)}; do {asked}; done"
    if step.waits:
        asked = _WAITING.format(asked=asked)
    lines = [f"stage {step.stage}"] if step.stage else []
    kept = [f'{name}=$(pick {way}); echo "{name}=${name}"' for name, way in step.keeps.items()]
    return "\n".join([*lines, asked, "show", *kept])


def curl(operation: str, who: Role | None = None, *, query: str = "", **changes: Any) -> str:
    """
    Return the request of an operation, with its example.

    Args:
        operation: Its id.

        who: Who sends it; without a name, somebody who may.

        query: What goes after the path.

        changes: Members of the example, or parameters of the path, that are different this time.
    """
    method, path, described = _operations()[operation]
    for parameter in described["parameters"]:
        if parameter["in"] == "path":
            name = parameter["name"]
            path = path.replace(f"{{{name}}}", str(changes.pop(name, parameter["example"])))
    lines = [f'curl -sS -X {method.upper()} "$API{_named(path)}{query}"']
    if described["security"]:
        lines.append(f'-H "Authorization: Bearer $(token {who or _holder(described)})"')
    if any(one["name"] == "If-Match" and one["required"] for one in described["parameters"]):
        lines.append("-H 'If-Match: \"the version_hash that you read\"'")
    content = described.get("requestBody", {"content": {}})["content"]
    if "application/json" not in content:
        if content:
            lines.append('-H "Content-Type: application/pdf" --data-binary @quote.pdf')
        return " \\\n  ".join(lines)
    example = content["application/json"]["example"] | changes
    written = escaped(json.dumps(example, indent=2, ensure_ascii=False))
    lines.append('-H "Content-Type: application/json" --data-binary @- <<JSON')
    return " \\\n  ".join(lines) + f"\n{_named(written).replace(_CODE, '$CODE')}\nJSON"


def escaped(text: str) -> str:
    """Write a text so that a shell takes it as it is, between the marks of a here-document."""
    return re.sub(r"([\\$`])", r"\\\1", text)


def _named(text: str) -> str:
    """Put variables where an example stands for what only a run knows."""
    return _VALUES.sub(lambda found: f"${NAMES[found.group()]}", text)


def _holder(described: Mapping[str, Any]) -> Role:
    holders = set[Role]().union(*(HOLDERS[scope] for scope in described["x-scopes"]))
    return next(role for role in Role if role in holders)


@cache
def _operations() -> Mapping[str, tuple[str, str, dict[str, Any]]]:
    return {
        described["operationId"]: (method, path, described)
        for path, item in openapi()["paths"].items()
        for method, described in item.items()
    }


_CODE = "-CODE-"
"""Where the code goes that a loop judges."""

_PREAMBLE = """\
export PORT={port} DATA={data}
API={address}
token() {{ .venv/bin/python -m local token "$1"; }}
show() {{ printf '%s\\n' "$ANSWER" | .venv/bin/python -m json.tool --no-ensure-ascii; }}
pick() {{ printf %s "$ANSWER" | .venv/bin/python -c '
import json, sys
found = json.load(sys.stdin)
if "code" in found and "detail" in found: sys.exit(found["detail"])
for part in sys.argv[1].split("."): found = found[int(part)] if part.isdigit() else found[part]
print(found)' "$1"; }}
stage() {{
  until ANSWER=$(curl -sS "$API/v1/agents/$AGENT/pipeline" -H "Authorization: Bearer $(token admin)") &&
    [ "$(pick current_stage)" = "$1" ] && [ "$(pick "stages.$(($1 - 1)).result")" = running ]
  do echo "waiting for stage $1"; sleep 1; done
}}
"""

_WAITING = """\
while {asked}
  [ "$(pick release_state)" != live ] || [ "$(pick wait_s)" != 0 ]
do echo "release $(pick release_state), $(pick wait_s) seconds to wait at most"; sleep 60; done"""
