"""A principal is a caller as evidence knows them: their own stream, and since when their tokens count."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.actors import Role
from shared.entity import ActorId, Code, Entity, Record, Text, Timestamp, Value
from shared.handling import (
    After,
    Blanked,
    ForEver,
    Handling,
    Nobody,
    PersonalData,
    Stays,
    UntilDone,
    WithAccount,
)
from shared.judged import Pattern

Outcome = Literal["success", "failure", "denied"]
Severity = Literal["info", "warning", "error", "critical"]
Reason = Annotated[Text, Field(min_length=10, max_length=2000)]
UserId = Annotated[
    str, Pattern(r"^[A-Za-z0-9_.@-]{1,128}$"), Field(examples=["helpdesk_agent.platform"])
]
"""A person, as their tokens name them."""

Codes = Annotated[tuple[Code, ...], Field(max_length=100)]


class EmergencyRole(Value):
    """A role that somebody has for some hours."""

    role: Role
    """Which role."""
    until: Timestamp
    """From when on it counts no longer."""
    incident: Code
    """The number of the incident that it is for."""


class Principal(Entity):
    """One caller in one tenant; its id is the user's."""

    collection: ClassVar[str] = "principals"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export="person",
        erasure=Stays("tokens and roles that were taken stay so, and it holds an id alone"),
        person="id",
    )
    personal: ClassVar = PersonalData(ids="id")

    valid_after: Timestamp | None = None
    """Sign-ins of earlier no longer count, nor does any token that goes back to one."""

    withdrawn: Annotated[tuple[Role, ...], Field(max_length=len(Role))] = ()
    """Roles that no longer count, whatever a token says."""

    decided: Annotated[tuple[Role, ...], Field(max_length=len(Role))] | None = None
    """The roles that an administrator decided on, whatever a token says; null where the sign-in says them."""

    emergency: Annotated[tuple[EmergencyRole, ...], Field(max_length=len(Role))] = ()
    """Roles that the Governor gave for some hours."""

    def roles(self, told: frozenset[Role], at: datetime) -> frozenset[Role]:
        """Return the roles that count at a time, of somebody whose token says some."""
        decided = told if self.decided is None else frozenset(self.decided)
        given = {one.role for one in self.emergency if at < one.until}
        return (decided | given) - frozenset(self.withdrawn)


class Access(Value):
    """What somebody may, beside what their sign-in says."""

    user_id: str
    """Whose it is."""
    valid_after: Timestamp | None
    """Before when their sign-ins no longer count."""

    withdrawn: tuple[Role, ...]
    """Roles of theirs that no longer count, whatever a token says."""
    decided: tuple[Role, ...] | None = None
    """Their roles as an administrator decided, whatever a token says; null where the sign-in says them."""
    emergency: tuple[EmergencyRole, ...] = ()
    """Roles that the Governor gave them for some hours."""

    @classmethod
    def of(cls, principal: Principal) -> "Access":
        """Return what was taken from a principal."""
        return cls(
            user_id=principal.id,
            valid_after=principal.valid_after,
            withdrawn=principal.withdrawn,
            decided=principal.decided,
            emergency=principal.emergency,
        )


class RoleRequest(Entity):
    """Somebody asks for a role."""

    collection: ClassVar[str] = "role_requests"
    guarded_by: ClassVar = ("asked_by",)
    handling: ClassVar = Handling(
        kept=After(1095, since="updated_at"),
        export="person",
        erasure=Blanked("that a role was asked for, and who decided, is evidence"),
        person="asked_by",
    )
    personal: ClassVar = PersonalData(ids="asked_by decided_by", texts="reason because")

    asked_by: ActorId
    """Who asks."""
    role: Role
    """For which role."""
    reason: Reason
    """Why, in their words."""
    status: Literal["open", "granted", "refused", "closed"] = "open"
    """What became of it; it is closed where nobody decided in three days."""
    until: Timestamp
    """By when it is decided, or closed."""
    decided_by: ActorId | None = None
    """Who decided; null while nobody has."""
    because: Reason | None = None
    """Why it was decided so, in their words; null while nobody has."""


class VerificationKey(Record):
    """A public key of a writer; its id is the key's."""

    collection: ClassVar[str] = "verification_keys"
    handling: ClassVar = Handling(
        kept=ForEver("whatever it signed is verified with it"),
        export=Nobody("it is public: /.well-known/jwks.json"),
        erasure=Stays("it is of a writer and no person"),
    )
    personal: ClassVar = PersonalData(nobody="jwk")

    jwk: Mapping[str, Any]


class Member(Record):
    """Somebody who signs in to a tenant; their id is the user's."""

    collection: ClassVar[str] = "members"
    handling: ClassVar = Handling(
        kept=WithAccount(), export="person", erasure="deleted", person="id"
    )
    personal: ClassVar = PersonalData(ids="id")

    roles: Annotated[tuple[Role, ...], Field(max_length=len(Role))]
    decides: bool
    """Whether one of their roles lets them decide as a person does."""
    seen_at: Timestamp
    """When they were first seen on the last day that they were."""


class Vacancy(Record):
    """
    The mark that a Governor's role was taken from who held it; its id is the role.

    From then on only those hold it who are seen to, until it is given back: that nobody does is known.
    """

    collection: ClassVar[str] = "vacancies"
    handling: ClassVar = Handling(
        kept=UntilDone("the role is given back"), export="tenant", erasure="deleted"
    )

    since: Timestamp
    """When it was taken."""
