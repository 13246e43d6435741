"""The policies of a tenant, version by version, and which of them are in force."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field

from shared.entity import ActorId, Code, Entity, Hex64, Id, Printed, Shown, Timestamp, Value
from shared.handling import Blanked, Handling, PersonalData, WithAccount
from shared.judged import Masked

MAX_SOURCE = 64 * 1024
MAX_AST = 256 * 1024
MAX_ACTIVE = 20
"""How many policies of one tenant are in force at most: each change of theirs asks all of them."""

MAX_RULES = 1_000
"""How many rules and redactions all policies in force of one tenant have together at most."""

MAX_IN_FORCE = 512 * 1024
"""How large what was read of all of them is together at most, in bytes: each change of theirs reads it."""

MAX_POLICIES = 500
"""How many drafts and policies in force a tenant has at most; what was retired stays, and does not count."""

MAX_AUTHORS = 50
"""How many people write at one version at most."""

IN_FORCE = "in_force"
"""The id of the one document that names them, within its tenant."""

Status = Literal["draft", "active", "retired"]
Change = Literal["activate", "retire"]
GovernorScope = Literal["platform", "engagement"]
Source = Annotated[Shown, Field(max_length=MAX_SOURCE)]

EXAMPLE = """\
policy newsletters version 1.0.0 {
  about "Newsletters go out while somebody is there to answer."
  bundle tenant
  applies to action.tool == "mailchimp.send_campaign"

  rule base when action.tool in manifest.tools allow
  rule night when context.hour < 4 or context.hour >= 14 deny "send it between 4 and 14 o'clock UTC"

  test "nothing is sent at night" {
    given {"action": {"tool": "mailchimp.send_campaign"}, "context": {"hour": 23}}
    expect deny by night
  }
}
"""


class PolicySource(Value):
    """A policy as somebody writes it."""

    personal: ClassVar = PersonalData(texts="source")
    model_config = ConfigDict(json_schema_extra={"examples": [{"source": EXAMPLE}]})

    source: Source
    """The policy, in the language of policies: one in each text, of 64 KiB at most."""


class PolicyWarning(Value):
    """What the author of a policy should look at; it hinders nothing but what it names."""

    personal: ClassVar = PersonalData(nobody="message")

    line: int
    """The line, from 1."""
    column: int
    """The column, from 1."""
    rule: Code
    """Its code, for programs."""
    message: Printed
    """What it is, and what to do."""


class PolicyAsking(Value):
    """What was asked to become of a policy, and the approval that it waits for."""

    personal: ClassVar = PersonalData(ids="asked_by")

    change: Change
    """What is to become of it."""
    approval_id: Id
    """The approval that it waits for."""
    asked_by: ActorId
    """Who asked for it."""
    looser: bool
    """Whether something that was denied, had to be asked for or was under obligations would be weaker afterwards."""
    governor_scope: GovernorScope
    """
    Whose Governor decides: the account's where others wrote it and ask, and the platform's where somebody of the account
    may have, or it is looser.
    """


class Policy(Entity):
    """One version of a policy of a tenant: a draft may change, what was in force stays as it is."""

    collection: ClassVar[str] = "policies"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export="tenant",
        erasure=Blanked("who wrote it, and what people are told by it"),
    )
    personal: ClassVar = PersonalData(ids="created_by written_by", texts="source ast about")
    guarded_by: ClassVar = ("status",)

    name: Code
    """What it is called; its versions share the name, and one of them is in force at most."""
    status: Status = "draft"
    """Whether it is a draft, in force, or no longer in force."""
    about: Shown | None = None
    """What it is for, in its author's words; null where they do not say it."""
    source: Source
    """What it says, laid out as all policies are; comments are kept."""
    ast: Annotated[str, Masked(), Field(max_length=MAX_AST)]
    """What was read of it, as canonical JSON, for programs: it is this that is evaluated."""
    policy_hash: Hex64
    """The SHA-256 over the canonical JSON of what was read: the same for the same policy, however it is laid out."""
    warnings: tuple[PolicyWarning, ...] = ()
    """What its author should look at."""
    untested: tuple[Code, ...] = ()
    """The rules that deny and that none of its tests expects to: it is not put in force while there are any."""
    created_by: ActorId
    """Who wrote it, as it is."""
    written_by: Annotated[tuple[ActorId, ...], Field(max_length=MAX_AUTHORS)] = ()
    """Everybody who wrote at it, also what was written anew since: none of them agrees to it."""
    asking: PolicyAsking | None = None
    """What it waits for; null where nothing is asked."""
    activated_at: Timestamp | None = None
    """When it came into force; null where it never was."""
    retired_at: Timestamp | None = None
    """When it no longer was, or its draft was taken back; null where neither is so."""

    @property
    def authors(self) -> frozenset[str]:
        """Everybody who wrote at it; of what was kept before all were noted, who wrote it last."""
        return frozenset({self.created_by, *self.written_by})


class PolicyView(Value):
    """One version of a policy, as people see it."""

    id: Id
    """What it is read by: the id of this version."""
    name: Code
    """What it is called."""
    version: Code
    """Which version of it this is."""
    status: Status
    """Whether it is a draft, in force, or no longer in force."""
    about: Shown | None
    """What it is for, in its author's words; null where they do not say it."""
    source: Source
    """What it says, laid out as all policies are; comments are kept."""
    policy_hash: Hex64
    """The SHA-256 over the canonical JSON of what was read: the same for the same policy, however it is laid out."""
    warnings: tuple[PolicyWarning, ...]
    """What its author should look at."""
    untested: tuple[Code, ...]
    """The rules that deny and that none of its tests expects to: it is not put in force while there are any."""
    created_by: ActorId
    """Who wrote it, as it is."""
    written_by: tuple[ActorId, ...]
    """Everybody who wrote at it, also what was written anew since: none of them agrees to it."""
    created_at: Timestamp
    """When it was first written."""
    asking: PolicyAsking | None
    """What it waits for; null where nothing is asked."""
    activated_at: Timestamp | None
    """When it came into force; null where it never was."""
    retired_at: Timestamp | None
    """When it no longer was, or its draft was taken back; null where neither is so."""

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """Show a policy."""
        members: dict[str, Any] = {name: getattr(policy, name) for name in cls.model_fields}
        return cls(**members)


class Active(Value):
    """One policy that is in force."""

    policy_id: Id
    """Its id."""
    name: Code
    """What it is called."""
    version: Code
    """Which version of it is in force."""
    policy_hash: Hex64
    """What it says, as a digest."""

    @property
    def asked_as(self) -> str:
        """What a decision names it by that asked it: who decides again finds exactly this version."""
        return f"tenant/{self.name}:{self.version}#{self.policy_hash}"


class PoliciesInForce(Entity):
    """Which policies of a tenant are in force: every change in the tenant looks here first."""

    collection: ClassVar[str] = "policies_in_force"
    handling: ClassVar = Handling(
        kept=WithAccount(), export="tenant", erasure=Blanked("it names policies alone")
    )
    personal: ClassVar = PersonalData()

    active: Annotated[tuple[Active, ...], Field(max_length=MAX_ACTIVE)] = ()
    """Those that are, by their names."""
