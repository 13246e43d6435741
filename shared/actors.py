"""Who is asking, and what that allows: roles map to scopes here and nowhere else."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict

from shared.instants import Timestamp

PLATFORM = "platform"
"""The tenant of the platform itself: its staff, its catalogue, its services."""

TENANT = r"[a-z][a-z0-9-]{1,30}"
"""What a tenant may be called, as a regular expression: it stands in ids, places and addresses."""


def id_in(tenant: str, id: str) -> str:
    """Return an id as it is within a tenant: outside the platform's own it begins with whose it is."""
    return id if tenant == PLATFORM else f"{tenant}.{id}"


def tenant_in(id: str) -> str:
    """Return the tenant that an id belongs to, as it says by how it begins."""
    return id.rpartition(".")[0] or PLATFORM


def owner_of(scope: str) -> str:
    """Return the tenant that the scope of a budget belongs to."""
    kind, _, id = scope.partition(":")
    if not id:
        return PLATFORM
    return id if kind == "customer" else tenant_in(id)


class Role(StrEnum):
    """What an identity may be."""

    ADMIN = "admin"
    """Runs the platform: proposes parts and agents, and looks after operations."""
    SUBSCRIPTION_MANAGER = "subscription_manager"
    """Looks after customers' subscriptions."""
    AGENT_ORCHESTRATOR = "agent_orchestrator"
    """Proposes parts and agents, and submits how they work."""
    INFRASTRUCTURE_ENGINEER = "infrastructure_engineer"
    """Keeps the platform running: incidents, breakers, undelivered messages."""
    HELPDESK_AGENT = "helpdesk_agent"
    """Helps customers, and reports incidents."""
    INDUSTRY_MANAGER = "industry_manager"
    """Proposes industries, job roles and skills."""
    VIEWER = "viewer"
    """Looks, and changes nothing."""
    CUSTOMER_ADMIN = "customer_admin"
    """Governs the agents that one customer hired: the customer's own Governor."""
    CUSTOMER_USER = "customer_user"
    """Works with the agents that one customer hired."""
    GOVERNOR = "governor"
    """Decides what the platform asks people: approves, rejects, objects."""
    DEPUTY_GOVERNOR = "deputy_governor"
    """Answers in the Governor's place where asked to, but neither money nor the constitution."""
    GENESIS = "genesis"
    """The foundational agent that certifies skills, roles, industries and agents, and validates precedents."""
    SYSTEMS_ARCHITECT = "systems_architect"
    """The foundational agent that reviews how an agent is built."""
    VISION_GUARDIAN = "vision_guardian"
    """The foundational agent that reviews whether an agent is right to do, and guards the constitution."""
    SERVICE = "service"
    """A part of the platform or of a customer's software, which asks and reports."""


class Scope(StrEnum):
    """What an operation may ask of its caller: at least one of those it names."""

    ACCOUNT = "account"
    """Their own account: who they are, their notices, devices and wishes."""
    GENESIS_READ = "genesis:read"
    """Read skills, job roles and their checks."""
    GENESIS_WRITE = "genesis:write"
    """Propose and revise industries, skills and job roles."""
    GENESIS_CERTIFY = "genesis:certify"
    """Certify or reject them."""
    KNOWLEDGE_READ = "knowledge:read"
    """Read industries."""
    AGENTS_READ = "agents:read"
    """Read agents and their pipelines."""
    AGENTS_WRITE = "agents:write"
    """Ask for agents, and submit how they work."""
    AGENTS_REVIEW = "agents:review"
    """Judge what waits for a verdict."""
    AGENTS_DECIDE = "agents:decide"
    """Stop, resume, roll back and send back agents."""
    AGENTS_RUN = "agents:run"
    """Carry a pipeline out: for the workflow engine."""
    APPROVALS_REQUEST = "approvals:request"
    """Ask people for an approval."""
    GOVERNANCE_READ = "governance:read"
    """Read questions, decisions and objections."""
    GOVERNANCE_WRITE = "governance:write"
    """Answer questions, and deal with violations."""
    VETO_EXECUTE = "veto:execute"
    """Object to what was approved or runs."""
    PRECEDENTS_READ = "precedents:read"
    """Read precedents, and try what they would answer."""
    PRECEDENTS_WRITE = "precedents:write"
    """Deprecate precedents."""
    PRECEDENTS_VALIDATE = "precedents:validate"
    """Judge whether a proposed precedent is sound."""
    PRECEDENTS_DECIDE = "precedents:decide"
    """Put precedents in force, revoke them, and switch all of them off."""
    LEARNING_READ = "learning:read"
    """Read proposed precedents."""
    LEARNING_WRITE = "learning:write"
    """Propose precedents from decisions."""
    AUDIT_APPEND = "audit:append"
    """Report what was done elsewhere into the evidence."""
    AUDIT_EXPORT = "audit:export"
    """Take copies of the evidence away."""
    EVENTS_READ = "events:read"
    """Read messages that could not be delivered."""
    EVENTS_WRITE = "events:write"
    """Send them again."""
    JOBS_READ = "jobs:read"
    """Read how far longer work is that one asked for."""
    JOBS_CANCEL = "jobs:cancel"
    """Have it given up."""
    PLATFORM_READ = "platform:read"
    """Read how the platform is."""
    METRICS_READ = "metrics:read"
    """Read its figures, for programs."""
    INCIDENTS_OPEN = "incidents:open"
    """Report that something is wrong."""
    INCIDENTS_WRITE = "incidents:write"
    """Deal with incidents."""
    FLAGS_READ = "flags:read"
    """Read feature flags."""
    FLAGS_WRITE = "flags:write"
    """Set feature flags."""
    BREAKERS_RESET = "breakers:reset"
    """Have a service outside called again."""
    POLICY_FREEZE = "policy:freeze"
    """Freeze the platform, and let it go on."""
    POLICY_READ = "policy:read"
    """Read how acts were decided, and by which tables."""
    POLICIES_READ = "policies:read"
    """Read the policies of a tenant, try them, and see what they denied."""
    POLICIES_WRITE = "policies:write"
    """Write policies, and ask that they come into force or are retired."""
    BUNDLES_READ = "bundles:read"
    """Read which policy bundles are, were and could be in force."""
    BUNDLES_WRITE = "bundles:write"
    """Publish policy bundles, and ask that they come into force."""
    PROJECTIONS_REBUILD = "projections:rebuild"
    """Have what is shown folded from events again."""
    BUDGETS_READ = "budgets:read"
    """Read budgets, what was used of them, and what somebody agreed to pay."""
    BUDGETS_WRITE = "budgets:write"
    """Set one's own budgets, and ask for more."""
    USAGE_REPORT = "usage:report"
    """Hold what something may cost, and report what was used."""
    MANDATES_WRITE = "mandates:write"
    """Agree to payments, and take that back."""
    USERS_READ = "users:read"
    """Read who asked for which role."""
    USERS_EMERGENCY = "users:emergency"
    """Give somebody a role for some hours, while an incident is open."""
    USERS_DECIDE = "users:decide"
    """Decide which roles others hold, and on what they ask for."""
    USERS_WRITE = "users:write"
    """End the sessions of others, take roles from them, and give them back."""


PUBLIC: frozenset[Scope] = frozenset()
"""The scopes of an operation that anybody may call; it must be said, for nothing is public by default."""

_STAFF = {Role.ADMIN, Role.SUBSCRIPTION_MANAGER, Role.AGENT_ORCHESTRATOR}
_STAFF |= {Role.INFRASTRUCTURE_ENGINEER, Role.HELPDESK_AGENT, Role.INDUSTRY_MANAGER, Role.VIEWER}
_CUSTOMERS = {Role.CUSTOMER_ADMIN, Role.CUSTOMER_USER}
_FOUNDATIONAL = {Role.GENESIS, Role.SYSTEMS_ARCHITECT, Role.VISION_GUARDIAN}
_GOVERNORS = {Role.GOVERNOR, Role.DEPUTY_GOVERNOR}
_EVERYONE = set(Role)

HOLDERS: dict[Scope, set[Role]] = {
    Scope.ACCOUNT: _EVERYONE,
    Scope.GENESIS_READ: _EVERYONE - {Role.SUBSCRIPTION_MANAGER, Role.HELPDESK_AGENT},
    Scope.GENESIS_WRITE: {Role.ADMIN, Role.AGENT_ORCHESTRATOR, Role.INDUSTRY_MANAGER},
    Scope.GENESIS_CERTIFY: {Role.GENESIS},
    Scope.KNOWLEDGE_READ: _EVERYONE,
    Scope.AGENTS_READ: _EVERYONE,
    Scope.AGENTS_WRITE: {Role.ADMIN, Role.AGENT_ORCHESTRATOR},
    Scope.AGENTS_REVIEW: _FOUNDATIONAL,
    Scope.AGENTS_DECIDE: {Role.GOVERNOR} | _FOUNDATIONAL,
    Scope.AGENTS_RUN: {Role.SERVICE},
    Scope.APPROVALS_REQUEST: {Role.SERVICE},
    Scope.GOVERNANCE_READ: _GOVERNORS
    | _FOUNDATIONAL
    | {Role.CUSTOMER_ADMIN, Role.ADMIN, Role.AGENT_ORCHESTRATOR, Role.VIEWER, Role.SERVICE},
    Scope.GOVERNANCE_WRITE: _GOVERNORS | _FOUNDATIONAL | {Role.CUSTOMER_ADMIN},
    Scope.VETO_EXECUTE: {Role.GOVERNOR, Role.CUSTOMER_ADMIN},
    Scope.PRECEDENTS_READ: _GOVERNORS
    | _FOUNDATIONAL
    | {Role.ADMIN, Role.AGENT_ORCHESTRATOR, Role.INDUSTRY_MANAGER, Role.VIEWER, Role.SERVICE},
    Scope.PRECEDENTS_WRITE: {Role.GOVERNOR},
    Scope.PRECEDENTS_VALIDATE: {Role.GENESIS},
    Scope.PRECEDENTS_DECIDE: {Role.GOVERNOR, Role.VISION_GUARDIAN},
    Scope.LEARNING_READ: _GOVERNORS
    | _FOUNDATIONAL
    | {Role.ADMIN, Role.AGENT_ORCHESTRATOR, Role.SERVICE},
    Scope.LEARNING_WRITE: {Role.GOVERNOR, Role.GENESIS, Role.ADMIN, Role.AGENT_ORCHESTRATOR}
    | {Role.SERVICE},
    Scope.AUDIT_APPEND: {Role.SERVICE},
    Scope.AUDIT_EXPORT: {Role.ADMIN, Role.GOVERNOR, Role.VISION_GUARDIAN, Role.CUSTOMER_ADMIN},
    Scope.EVENTS_READ: {Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER},
    Scope.EVENTS_WRITE: {Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER},
    Scope.JOBS_READ: _EVERYONE,
    Scope.JOBS_CANCEL: _EVERYONE,
    Scope.PLATFORM_READ: _STAFF | _GOVERNORS | _FOUNDATIONAL,
    Scope.METRICS_READ: {Role.INFRASTRUCTURE_ENGINEER, Role.SERVICE},
    Scope.INCIDENTS_OPEN: {Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER, Role.HELPDESK_AGENT},
    Scope.INCIDENTS_WRITE: {Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER},
    Scope.FLAGS_READ: {Role.ADMIN, Role.AGENT_ORCHESTRATOR},
    Scope.FLAGS_WRITE: {Role.ADMIN},
    Scope.BREAKERS_RESET: {Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER},
    Scope.POLICY_FREEZE: {Role.GOVERNOR, Role.VISION_GUARDIAN},
    Scope.POLICY_READ: _EVERYONE,
    Scope.POLICIES_READ: _GOVERNORS
    | {Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER, Role.VIEWER, Role.VISION_GUARDIAN}
    | {Role.CUSTOMER_ADMIN},
    Scope.POLICIES_WRITE: {Role.ADMIN, Role.CUSTOMER_ADMIN},
    Scope.BUNDLES_READ: {Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER} | _GOVERNORS | _FOUNDATIONAL,
    Scope.BUNDLES_WRITE: {Role.ADMIN},
    Scope.PROJECTIONS_REBUILD: {Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER},
    Scope.BUDGETS_READ: _STAFF | _GOVERNORS | _CUSTOMERS | {Role.SERVICE},
    Scope.BUDGETS_WRITE: {Role.ADMIN, Role.GOVERNOR, Role.CUSTOMER_ADMIN},
    Scope.USAGE_REPORT: {Role.SERVICE},
    Scope.MANDATES_WRITE: {Role.CUSTOMER_ADMIN, Role.GOVERNOR},
    Scope.USERS_READ: {Role.ADMIN, Role.GOVERNOR, Role.CUSTOMER_ADMIN},
    Scope.USERS_EMERGENCY: {Role.GOVERNOR},
    Scope.USERS_DECIDE: {Role.ADMIN, Role.CUSTOMER_ADMIN},
    Scope.USERS_WRITE: {Role.ADMIN, Role.GOVERNOR, Role.CUSTOMER_ADMIN},
}
"""Which roles hold a scope: the one table."""


def permissions() -> dict[str, list[str]]:
    """Return what each role may do, by its scopes: what policies are told of the table, as JSON."""
    return {role.value: sorted(_scopes(frozenset({role}))) for role in Role}


OF_CUSTOMERS = frozenset(_CUSTOMERS)
OF_MACHINES = frozenset(_FOUNDATIONAL | {Role.SERVICE})
OF_PEOPLE = frozenset(Role) - OF_MACHINES

RESERVED = frozenset(Role) | {"anonymous"}
"""What no person may be called: audiences, seats and actors are named so."""

MAX_AUTH_AGE: dict[Scope, timedelta] = {
    Scope.GOVERNANCE_WRITE: timedelta(minutes=15),
    Scope.VETO_EXECUTE: timedelta(minutes=5),
    Scope.PRECEDENTS_WRITE: timedelta(minutes=15),
    Scope.POLICY_FREEZE: timedelta(minutes=5),
    Scope.PRECEDENTS_DECIDE: timedelta(minutes=5),
    Scope.USERS_DECIDE: timedelta(minutes=5),
    Scope.USERS_WRITE: timedelta(minutes=5),
    Scope.USERS_EMERGENCY: timedelta(minutes=5),
}
"""How fresh a person's sign-in (``auth_time``) must be for a scope."""

ActorType = Literal[
    "agent", "foundational_governance_agent", "governor", "user", "service", "system"
]


class Actor(BaseModel):
    """A verified identity."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    id: str
    tenant: str
    roles: frozenset[Role]
    auth_time: Timestamp | None = None
    """When a person signed in; a service has none."""

    same_hands: frozenset[str] = frozenset()
    """The other identities in the same hands: a person's machines, or who controls this machine, and their others."""

    @property
    def scopes(self) -> frozenset[Scope]:
        """Everything the roles allow: the union."""
        return _scopes(self.roles)

    @property
    def hands(self) -> frozenset[str]:
        """Every identity that is in the same hands as this one, itself among them."""
        return self.same_hands | {self.id}

    @property
    def audiences(self) -> tuple[str, ...]:
        """Every audience that it belongs to, as notices name them: itself and its roles."""
        return (self.id, *sorted(self.roles))

    @property
    def type(self) -> ActorType:
        """The kind of actor, as the audit entry says it."""
        if self.roles & _FOUNDATIONAL:
            return "foundational_governance_agent"
        if Role.GOVERNOR in self.roles:
            return "governor"
        return "service" if Role.SERVICE in self.roles else "user"

    @property
    def of_the_platform(self) -> bool:
        """Whether this identity acts in the tenant of the thing it addresses."""
        return self.tenant == PLATFORM


@lru_cache(maxsize=256)
def _scopes(held: frozenset[Role]) -> frozenset[Scope]:
    return frozenset(scope for scope, roles in HOLDERS.items() if held & roles)


def same_hands(controllers: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Return for each identity the others in the same hands, from who controls which machine."""
    of_person: dict[str, set[str]] = {}
    for machine, people in controllers.items():
        for person in people:
            of_person.setdefault(person, set()).add(machine)
    hands = {person: frozenset(machines) for person, machines in of_person.items()}
    for machine, people in controllers.items():
        others = set(people).union(*(of_person[person] for person in people))
        hands[machine] = frozenset(others - {machine})
    return hands


def story_of(tenant: str, given: str | None) -> tuple[str, bool]:
    """
    Return the id of the story that somebody of a tenant tells on, or begins, and whether they named it.

    A customer's stories end in the mark of their tenant, so nobody joins another tenant's by naming it: such a
    name stands for a story of their own, always the same one. What is no UUID names no story.
    """
    named = _uuid(given)
    if tenant == PLATFORM:
        return str(named or uuid4()), named is not None
    mark = hashlib.sha256(tenant.encode()).hexdigest()[:12]
    if named and str(named).endswith(mark):
        return str(named), True
    story = uuid5(NAMESPACE_OID, f"{tenant} {named}") if named else uuid4()
    return str(story)[:-12] + mark, named is not None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
