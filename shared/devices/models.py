"""A phone of a person: what it runs, the key that it signs with, and what it shows."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import Asked, Entity, Hex64, Id, Record, Timestamp
from shared.facts import Withheld
from shared.handling import After, Handling, Nobody, PersonalData, UntilDone

Platform = Literal["ios", "android", "web"]


TOPIC = "notification-events"


PublicKey = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_-]{43}$", examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]),
]
"""An Ed25519 public key (RFC 8032): its 32 bytes in base64url without padding."""


class Device(Entity):
    """A phone that may show notices and sign decisions."""

    collection: ClassVar[str] = "devices"
    guarded_by: ClassVar = ("user_id", "fcm_token_hash")
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {"last_seen_at"}
    handling: ClassVar = Handling(
        kept=After(90, since="last_seen_at"),
        export="person",
        erasure="deleted",
        person="user_id",
        withheld="fcm_token fcm_token_hash",
    )
    personal: ClassVar = PersonalData(
        ids="user_id audiences",
        devices="fcm_token fcm_token_hash public_key platform app_version os_version",
        places="timezone",
    )

    user_id: Asked
    """Whose device it is."""
    fcm_token: str
    """Where notices are pushed."""
    fcm_token_hash: Hex64 | None = None
    """By this a token is found, as it may be longer than what an index holds."""

    public_key: PublicKey
    """The key that its signatures are checked with."""
    platform: Platform
    """What it runs."""
    app_version: str
    """Which release of the app it runs."""
    os_version: str
    """The version of its system."""
    timezone: str
    """The zone of its clock."""
    audiences: tuple[str, ...]
    """Whose notices it shows: the person's own, and those to their roles when it was registered."""

    registered_at: Timestamp
    """When it was registered first."""
    last_seen_at: Timestamp
    """When it was last registered or used."""
    active: bool = True
    """Whether it may show notices and sign."""


class Destination(Record):
    """Where to push what is told to one audience; its id is ``<audience>:<device>``."""

    collection: ClassVar[str] = "push_destinations"
    handling: ClassVar = Handling(
        kept=UntilDone("the device is removed, or a push finds nobody there"),
        export=Nobody("a view: what it shows is exported itself"),
        erasure="deleted",
        person="user_id",
    )
    personal: ClassVar = PersonalData(
        ids="audience user_id", devices="id device_id fcm_token platform", places="timezone"
    )

    audience: Asked
    device_id: Id
    user_id: str
    fcm_token: str
    platform: Platform
    timezone: str


Signature = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{85}[AQgw]$", examples=["A" * 86]), Withheld
]
"""An Ed25519 signature (RFC 8032): its 64 bytes in base64url without padding, in the one way there is."""
