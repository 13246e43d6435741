"""
What is done in the platform's name by workflows, and who may make them do it.

On the cloud these are rights. Its workflows run as an account that may invoke the functions their text names, and no
other; only the pipeline deploys them or acts as that account. So here: a workflow that the platform declares signs in as
that account, at the functions it names. One that somebody deployed runs as nobody, starts no workflow of the platform,
and who deploys it neither replaces those nor looks into what they execute, which is of all tenants.
"""

from collections.abc import Mapping

import flask
from urllib3.util import parse_url

from local.accounts import SignIn
from local.clock import Clock
from local.workflows.asking import Asked
from local.workflows.authority import Deployed
from local.workflows.errors import StrangerError
from shared.actors import Actor, Role
from shared.edge import workflow_source
from shared.edge.ports import Identify
from shared.edge.settings import Settings
from shared.errors import Forbidden, Refusal, Unauthenticated

ACCOUNT = "workflows"
STAFF = frozenset({Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER})
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Authority:
    """The rights of workflows on this machine."""

    def __init__(self, settings: Settings, sign_in: SignIn, clock: Clock) -> None:
        """Say in whose name tokens are made out."""
        self._settings, self._sign_in, self._clock = settings, sign_in, clock
        self._own = frozenset(workflow_source.names())

    def token(self, deployed: Deployed, url: str, audience: str) -> str | None:
        """Return a token for a function that a workflow of the platform names, made out for that one alone."""
        if deployed.workflow not in self._own:
            return None
        for name in workflow_source.called(deployed.source):
            function = self._settings.address(name)
            if audience == function and _below(function, url):
                return self._sign_in.service_token(ACCOUNT, self._clock.now(), audience)
        return None

    def may_start(self, workflow: str, other: str) -> bool:
        """Let only the platform's workflows start the platform's workflows."""
        return workflow in self._own or other not in self._own


class Admission:
    """Who reaches the workflow engine, and what of it."""

    def __init__(self, identify: Identify) -> None:
        """Say how callers are known."""
        self._identify, self._own = identify, frozenset(workflow_source.names())

    def admit(self, request: flask.Request) -> None:
        """Let services and staff at the engine, and staff not at what is the platform's own."""
        workflow = (request.view_args or {}).get("workflow") or request.args.get("workflowId", "")
        executions = "_Executions_" in (request.endpoint or "")
        asked = Asked(workflow, executions, request.method not in READING)
        self._admit(dict(request.headers), asked)

    def admit_call(self, metadata: Mapping[str, str], asked: Asked) -> None:
        """Let the same in over gRPC."""
        self._admit({name.title(): value for name, value in metadata.items()}, asked)

    def _admit(self, headers: Mapping[str, str], asked: Asked) -> None:
        workflow = asked.workflow
        try:
            actor = self._caller(headers)
            if workflow in self._own and not asked.executions and asked.changes:
                raise Forbidden(f"{workflow} is the platform's own, and comes with its release")
            if asked.executions:
                self._executes(actor, workflow)
        except Refusal as refusal:
            kind = StrangerError if isinstance(refusal, Unauthenticated) else PermissionError
            raise kind(refusal.detail) from refusal

    def _caller(self, headers: Mapping[str, str]) -> Actor:
        actor = self._identify(headers, revoked_within_s=60)
        if not actor.roles & {Role.SERVICE, *STAFF}:
            raise Forbidden("the workflow engine is for the platform's services")
        return actor

    def _executes(self, actor: Actor, workflow: str) -> None:
        if workflow in self._own and Role.SERVICE not in actor.roles:
            raise Forbidden(
                f"what {workflow} executes is of all tenants, and for the platform's services;"
                " /console/executions shows how it goes, without values"
            )


def _below(function: str, url: str) -> bool:
    """Say whether an address is a function's own, as it is sent: no part of it leads out again."""
    sent = parse_url(url).url
    return sent == url.partition("#")[0] and sent.startswith((f"{function}/", f"{function}?"))
