"""The sets of policy bundles that somebody published, and what became of them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from shared.entity import ActorId, Code, Entity, Hex64, Id, Printed, Shown, Timestamp, Value
from shared.handling import Blanked, ForEver, Handling, Nobody, PersonalData
from shared.policy.models.whatif import WhatIf

RELEASE = "release"
"""What a set is called that is the release's own, as it lies beside the code."""

MAX_BYTES = 640 * 1024
"""How large what is published is: its modules and its tests, with what JSON adds to them."""

Status = Literal["draft", "active", "retired"]

Path = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}/[a-z0-9_]{1,60}\.rego$")]
Rego = Annotated[Shown, Field(max_length=128 * 1024)]
Sources = Annotated[Mapping[Path, Rego], Field(max_length=40)]
Version = Annotated[str, Field(pattern=r"^\d{1,6}\.\d{1,6}\.\d{1,6}$")]


_NO_SET = {"rollback_to": {"type": "null", "description": "No set is gone back to."}}
_NOTHING_WRITTEN = {
    "version": {"type": "null", "description": "It has its own."},
    **{what: {"const": {}, "description": "It has its own."} for what in ("modules", "tests")},
}
ONE_WAY: list[Any] = [
    {
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "const": RELEASE, "description": "What a release brought."},
            **_NO_SET,
            **_NOTHING_WRITTEN,
        },
    },
    {
        "required": ["name", "version", "modules"],
        "properties": {
            "name": {
                "type": "string",
                "not": {"const": RELEASE},
                "description": "The bundle that is written.",
            },
            **_NO_SET,
            "version": {"type": "string", "description": "Its version is said."},
            "modules": {
                "type": "object",
                "minProperties": 1,
                "description": "What it consists of.",
            },
        },
    },
    {
        "required": ["rollback_to"],
        "properties": {
            "name": {"type": "null", "description": "No bundle is named."},
            "rollback_to": {"type": "string", "description": "The set is named."},
            **_NOTHING_WRITTEN,
        },
    },
]
"""How a schema says that a release, a bundle or a set that there was is published."""


class BundlePublication(Value):
    """A bundle as somebody publishes it, or the set that they go back to."""

    personal: ClassVar = PersonalData(nobody="modules tests")
    model_config = ConfigDict(json_schema_extra={"oneOf": ONE_WAY, "examples": [{"name": RELEASE}]})

    name: Code | None = None
    """The bundle that these modules are, as a whole; `release` for what lies beside the code of this release."""
    version: Version | None = None
    """Which version of it this is: major, minor and patch."""
    modules: Sources = {}
    """Its modules, by `<bundle>/<file>.rego`; the other bundles stay as they are in force."""
    tests: Sources = {}
    """Its tests, by `<bundle>/<file>_test.rego`, with those of `shape` that they use."""
    rollback_to: Hex64 | None = None
    """The digest of a set that was in force, to publish what it said over the guards of this release."""
    activate: bool = False
    """Whether to ask that it comes into force; without it, it is a draft. The same again with it asks for a draft."""

    @model_validator(mode="after")
    def one_thing(self) -> Self:
        """Take one of the three, each with what it needs."""
        if (self.name is None) == (self.rollback_to is None):
            raise ValueError("say either the name of a bundle, or rollback_to")
        of_a_bundle = self.name not in {None, RELEASE}
        if of_a_bundle != bool(self.modules) or of_a_bundle != (self.version is not None):
            raise ValueError(
                "a bundle needs its modules and a version; the release, and a set that there was, have their own"
            )
        if self.tests and not of_a_bundle:
            raise ValueError("tests come with the modules of a bundle")
        return self


class BundleAsking(Value):
    """That a set comes into force, as somebody asked for it."""

    personal: ClassVar = PersonalData(ids="asked_by makers")

    asked_by: ActorId
    """Who asked for it."""
    makers: Annotated[tuple[ActorId, ...], Field(max_length=20)]
    """Who decides nothing about it, as they asked for it or wrote it."""
    before: Hex64
    """The set that was in force then: where another one is by now, this is over."""
    back: bool
    """Whether it goes back to a set that was in force."""
    approval_id: Id | None = None
    """The approval that it waits for; null until its effect on what was decided is known."""
    looser: bool | None = None
    """
    Whether something that was denied, or had to be asked for, would be weaker, or nothing lately asked what is changed; null
    until that is known.
    """


class PublishedBundles(Entity):
    """One set of policy bundles; its id is its digest, by which it is kept whole."""

    collection: ClassVar[str] = "policy_bundles"
    handling: ClassVar = Handling(
        kept=ForEver("it says who put which rules in force"),
        export=Nobody("the platform's own rules"),
        erasure=Blanked("who published rules is evidence"),
    )
    personal: ClassVar = PersonalData(ids="created_by", texts="lapsed")

    name: Code
    """The bundle that was published with it; `release` where it is a release's own."""
    status: Status = "draft"
    """Whether it is a draft, in force, or no longer in force."""
    release: Code
    """The release whose guards it has."""
    modules: Mapping[str, Hex64]
    """Its modules, by `<bundle>/<file>.rego`, with the SHA-256 of each."""
    tests: tuple[Code, ...] = ()
    """The tests of the bundle, all of which are true."""
    created_by: ActorId
    """Who published it."""
    what_if: WhatIf | None = None
    """What recorded decisions would have been with it; null where it came with a release."""
    asking: BundleAsking | None = None
    """What it waits for; null where nothing is asked."""
    lapsed: Printed | None = None
    """Why it did not come into force as it was last asked; null where that does not apply."""
    approval_id: Id | None = None
    """The approval it was last put in force under; null where it never was, or came with a release."""
    activated_at: Timestamp | None = None
    """When it last came into force; null where it never did."""
    retired_at: Timestamp | None = None
    """When it last no longer was; null where it is, or never was."""

    def brought_by(self, release: str) -> bool:
        """Say whether it is what a release brought: it goes with that, and lies beside its code."""
        return self.name == RELEASE and self.version == self.release == release
