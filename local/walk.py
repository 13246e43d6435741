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

from shared.actors import HOLDERS, OF_CUSTOMERS, Role
from shared.agents.rules.releases import CONSECUTIVE, LENGTH, PROBE_EVERY, SPARE_S
from shared.edge.openapi import openapi
from shared.examples import NAMES

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

    until: str = ""
    """The status that what it asks for comes to after a moment."""


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
    Step("Meet your agent", Role.ADMIN, "agents.get_agent", keeps={"RELEASE": "release_id"}),
)

AFTER_A_NO = (
    Step(
        "Say no: veto it",
        Role.GOVERNOR,
        "approvals.create_veto",
        "For 24 hours the Governor may take back what they approved; before they decide, `reject` or `request-changes`"
        " of the question say no in its place.",
        {"VETO": "id"},
    ),
    Step(
        "See it taken back",
        Role.ADMIN,
        "agents.get_agent",
        "It is undone within five minutes, here at once. `rejected` is no end: what was asked can be asked again.",
        until="rejected",
    ),
    Step(
        "Read why",
        Role.ADMIN,
        "agents.get_pipeline",
        "`because` says whose word it was, and `veto_id` which.",
    ),
    Step(
        "Begin again",
        Role.ADMIN,
        "agents.revise_agent",
        "The agent keeps its name and its history, and a new run of its pipeline begins, with an id of its own.",
        {"WORKFLOW": "workflow_id"},
    ),
    Step(
        "Submit how it works",
        Role.ADMIN,
        "agents.submit_me_wow",
        keeps={"MANIFEST_HASH": "manifest_hash"},
        stage=2,
    ),
    Step(
        "Ask for changes",
        Role.GENESIS,
        "agents.request_agent_changes",
        "The reviewer of the moment, or the Governor, sends it back to its author.",
        stage=3,
    ),
    Step(
        "Read what is to change",
        Role.ADMIN,
        "agents.get_pipeline",
        "`sent_back` says it, whichever way it came back: asked for by people, or as what the checks found.",
    ),
    Step(
        "Read it as a notice",
        Role.ADMIN,
        "mobile.list_notifications",
        "Whoever asked for an agent is told of every no.",
    ),
    Step(
        "Submit it once more",
        Role.ADMIN,
        "agents.submit_me_wow",
        "Change what was asked for first; as it stands here it is answered as `unchanged`. The reviews begin anew, as in"
        " the first walk from stage 3.",
        keeps={"MANIFEST_HASH": "manifest_hash"},
        stage=2,
    ),
)
"""How to go on after a no, with the agent of the walk."""


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
    if step.until:
        asked = _COMING.format(asked=asked, status=step.until)
    if step.stage:
        asked = f"stage {step.stage} && {asked}"
    kept = [f'{name}=$(pick {way}); echo "{name}=${name}"' for name, way in step.keeps.items()]
    return "\n".join([asked, "show", *kept])


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
        lines.append(f'-H "Authorization: Bearer $(token {who or account(operation)})"')
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


def account(operation: str) -> Role:
    """Return who sends an operation's example about the things of the walk, which are the platform's."""
    if walking := [step.who for step in WALK if step.operation == operation]:
        return walking[0]
    scopes = _operations()[operation][2]["x-scopes"]
    holders = set[Role]().union(*(HOLDERS[scope] for scope in scopes))
    whose = _WHOSE.get(operation) or _WHOSE.get(operation.partition(".")[0])
    if whose in holders:
        return whose
    return min(holders, key=lambda role: (role in OF_CUSTOMERS, list(Role).index(role)))


@cache
def _operations() -> Mapping[str, tuple[str, str, dict[str, Any]]]:
    return {
        described["operationId"]: (method, path, described)
        for path, item in openapi()["paths"].items()
        for method, described in item.items()
    }


_WHOSE = {
    **dict.fromkeys(("approvals", "learning", "mobile", "precedents"), Role.GOVERNOR),
    **dict.fromkeys(("approvals.add_evidence", "approvals.cancel_approval"), Role.ADMIN),
    "agents.assign_version": Role.SERVICE,
    "genesis.judge_skill": Role.VISION_GUARDIAN,
}
"""Whose an operation, or all of an area are, where the first role that may is another one."""

_CODE = "-CODE-"
"""Where the code goes that a loop judges."""

_PREAMBLE = """\
export PORT={port} DATA={data}
API={address}
token() {{ .venv/bin/python -m local token "$1"; }}
show() {{ printf '%s\\n' "$ANSWER" | .venv/bin/python -m json.tool --no-ensure-ascii; }}
pick() {{ printf %s "$ANSWER" | .venv/bin/python -c '
import json, sys
text, way = sys.stdin.read(), sys.argv[1]
try: found = json.loads(text)
except ValueError: sys.exit("no JSON was answered: " + text[:200])
if "code" in found and "detail" in found: sys.exit(found["detail"])
try:
    for part in way.split("."):
        found = found if found is None else found[int(part) if isinstance(found, list) else part]
except (LookupError, ValueError): sys.exit("the answer has no " + way)
print("" if found in (None, []) else found)' "$1"; }}
stage() {{
  [ "$AGENT" ] || {{ echo "There is no agent yet: go back to the step that asks for one."; return 1; }}
  for LOOK in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    ANSWER=$(curl -sS "$API/v1/agents/$AGENT/pipeline" -H "Authorization: Bearer $(token admin)")
    AT=$(pick current_stage) || return 1
    [ "$AT" = "$1" ] && [ "$(pick "stages.$(($1 - 1)).result")" = running ] && return
    [ "$(pick outcome)" = under_way ] && [ "$AT" -le "$1" ] && [ $((AT + 1)) -ge "$1" ] || break
    echo "waiting for stage $1"; sleep 1
  done
  echo "This is for stage $1, but the agent is at stage $AT ($(pick "stages.$((AT - 1)).result"), $(pick outcome))."
  echo "$(pick because) $(pick sent_back.changes) $(pick gaps)"; return 1
}}
"""

_WAITING = """\
while {asked}
  case "$(pick release_state)" in
    live) [ "$(pick wait_s)" != 0 ] ;;
    approved | deploying) true ;;
    *) false ;;
  esac
do echo "release $(pick release_state), at most $(pick wait_s) seconds to wait"; sleep 60; done"""

_COMING = """\
for LOOK in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  {asked}
  [ "$(pick status)" = {status} ] && break; sleep 1
done"""
