"""What an execution may do in the platform's name; whoever embeds the runtime decides it."""

from typing import NamedTuple, Protocol


class Deployed(NamedTuple):
    """What is executed: a workflow, in the text of one revision."""

    workflow: str
    source: str


class Authority(Protocol):
    """Decides what workflows may do beyond what anybody could."""

    def token(self, deployed: Deployed, url: str, audience: str) -> str | None:
        """Return the token for a request of an http step with `auth`; None if it has no right to one."""

    def may_start(self, workflow: str, other: str) -> bool:
        """Say whether one workflow may execute another and read what comes of it."""
