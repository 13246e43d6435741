from typing import Annotated

from pydantic import ConfigDict, Field

from shared.agents import releases
from shared.agents.parts import Profile
from shared.agents.releases import Outcome, Release, ReleaseProbeDue, ReleaseWatch
from shared.entity import Id, Value
from shared.errors import NotFound
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation
from shared.waiting import wait

SPARE_S = 120
"""How much longer than the watch the caller waits before it looks for itself."""


class WatchRequest(Value):
    """What to watch for, and where the workflow waits."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "profile": "readiness",
                    "callback_url": "https://workflowexecutions.googleapis.com/v1/projects/p/locations"
                    "/l/workflows/agent_creation/executions/e/callbacks/c",
                }
            ]
        }
    )

    profile: Profile
    callback_url: Annotated[str, Field(max_length=2000)]


class Watching(Value):
    """How a watch stands, and how long to wait for its end."""

    release_id: Id
    profile: Profile
    outcome: Outcome | None
    wait_s: int


@operation(
    "POST",
    "/v1/agents/{agent_id}/releases/{release_id}/watch",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def watch_release(call: Call, agent_id: Id, release_id: Id, body: WatchRequest) -> Watching:
    """
    Watch a release until it is ready, or for its first quarter of an hour in service.

    The release is probed every half minute by a promise that renews itself; the caller is woken when
    the outcome is certain. Asking again tells how the watch stands and starts no second one.
    """
    with call.transaction() as txn:
        release = txn.get(Release, release_id)
        if release.agent_id != agent_id:
            raise NotFound(f"there is no release {release_id} of this agent")
        subject = releases.watch_id(release_id, body.profile)
        watch = txn.peek(ReleaseWatch, subject)
        if watch is None:
            watch = txn.create(releases.watching(release, body.profile, call.now))
            due = ReleaseProbeDue(release_id=release_id, profile=body.profile, probe=0)
            txn.announce(due, at=call.now, about=release)
        left = 0
        if watch.outcome is None:
            txn.save(wait(subject, body.callback_url, callbacks=call.callbacks))
            left = max(0, int((watch.deadline_at - call.now).total_seconds())) + SPARE_S
    return Watching(release_id=release_id, profile=body.profile, outcome=watch.outcome, wait_s=left)
