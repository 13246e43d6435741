"""The rules of devices: whose they are, what they show, and when their signature counts no longer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field

from shared.actors import Actor, id_in
from shared.canonical import canonical
from shared.devices.events import DeviceRegistered
from shared.devices.models import Destination, Device, Platform, Signature
from shared.entity import Name, Opaque, Timestamp, Value, written
from shared.errors import Conflict, Invalid, Unauthenticated
from shared.evidence import Verify, digest_of
from shared.examples import SIGNATURE
from shared.facts import Withheld

MAX_DEVICES = 10
UNSEEN = timedelta(days=90)
"""How long a device may stay away before it loses its rights."""

FRESH = timedelta(minutes=5)
"""How recent a sign-in must be to add a device, and its signature to be taken."""

PUBLIC_KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
ONE_SPELLING = r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"
"""How 32 bytes are written in base64url, where the bits that are left over are zero."""

Version = Annotated[Name, Field(max_length=50)]


class Registration(Value):
    """A phone as it introduces itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "fcm_token": "dGhpcy1pcy1vbmx5LWFuLWV4YW1wbGU:APA91b",
                    "public_key": PUBLIC_KEY,
                    "platform": "android",
                    "app_version": "1.0.0",
                    "os_version": "15",
                    "timezone": "Asia/Kolkata",
                    "signed_at": "2026-01-01T12:00:00.000Z",
                    "signature": SIGNATURE,
                }
            ]
        }
    )

    fcm_token: Annotated[str, Field(pattern=r"^[\x21-\x7e]{16,4096}$"), Withheld]
    """Where notices are pushed: the token that the push service gave the app."""
    public_key: Annotated[str, Field(pattern=ONE_SPELLING, examples=[PUBLIC_KEY]), Withheld]
    """The half that may be seen of the Ed25519 key (RFC 8032) that signs this person's decisions: its 32 bytes
    in base64url without padding."""

    platform: Platform
    """What the device runs."""
    app_version: Version
    """Which release of the app it is."""
    os_version: Version = "unknown"
    """The version of its system."""
    timezone: Annotated[Opaque, Field(max_length=64)] = "UTC"
    """The zone of its clock, such as Asia/Kolkata, for its quiet hours."""
    signed_at: Timestamp
    """When the phone signed this registration, at most five minutes ago."""
    signature: Signature
    """By the key, over the canonical JSON (RFC 8785) of ``{typ: "device-enrolment/v1", tenant, user_id,
    public_key, fcm_token, signed_at}``, whose time is in UTC with milliseconds; `GET /v1/me` says the tenant
    and, as `id`, the user."""


def device_id(owner: Actor, public_key: str) -> str:
    """Name a device after its owner and its key: the same key again is the same device."""
    name = str(uuid5(NAMESPACE_URL, f"waooaw\ndevice\n{owner.tenant}\n{owner.id}\n{public_key}"))
    return id_in(owner.tenant, name)


def token_hash(fcm_token: str) -> str:
    """Return what a device is found by that brought a push token."""
    return digest_of(fcm_token.encode())


def statement(given: Registration, by: Actor) -> bytes:
    """Return the bytes that a device's key signs to be registered as somebody's."""
    return canonical(
        {
            "typ": "device-enrolment/v1",
            "tenant": by.tenant,
            "user_id": by.id,
            "public_key": given.public_key,
            "fcm_token": given.fcm_token,
            "signed_at": written(given.signed_at),
        }
    )


def proven(
    before: Device | None, given: Registration, *, by: Actor, verify: Verify, at: datetime
) -> None:
    """
    Make sure that a device has the key it brings, and that a new one comes with a recent sign-in.

    What it signs later stands for a sign-in, so it takes one to begin with.

    Raises:
        Unauthenticated: It is new, and the sign-in is old.
        Invalid: The signature is not by its key over this registration, or not of now.
    """
    if before is None and (by.auth_time is None or at - by.auth_time > FRESH):
        raise Unauthenticated(
            "sign in again: adding a device takes a sign-in of the last 5 minutes",
            rule="step_up_required",
            max_age_s=int(FRESH.total_seconds()),
        )
    if not -SKEW <= at - given.signed_at <= FRESH + SKEW:
        raise Invalid(
            "signed_at is not now: sign the registration again, with a clock that is right",
            rule="signed_at",
        )
    if not verify(given.public_key, statement(given, by), given.signature):
        raise Invalid(
            "the signature is not by public_key over this registration; sign it again with that key",
            rule="bad_signature",
        )


def registered(before: Device | None, given: Registration, *, by: Actor, at: datetime) -> Device:
    """
    Return the device of a registration; of one that is known, with what it says now.

    Raises:
        Conflict: Its key was revoked; it needs a new one.
        Invalid: There is no such time zone.
    """
    zone(given.timezone)
    said = given.model_dump(exclude={"signed_at", "signature"}) | {
        "fcm_token_hash": token_hash(given.fcm_token),
        "audiences": tuple(dict.fromkeys(by.audiences)),
        "last_seen_at": at,
    }
    if before is None:
        return Device(
            **said,
            id=device_id(by, given.public_key),
            tenant_id=by.tenant,
            created_at=at,
            updated_at=at,
            governance_agent_id="governor",
            user_id=by.id,
            registered_at=at,
        )
    if not before.active:
        raise Conflict(
            "this device's key was revoked and is never taken again; make a new key",
            rule="device_revoked",
        )
    return before.model_copy(update=said)


def told(device: Device) -> DeviceRegistered:
    """Return the event of a registration."""
    return DeviceRegistered(
        user_id=device.user_id,
        platform=device.platform,
        key_hash=digest_of(device.public_key.encode()),
    )


def revoked(before: Device) -> Device:
    """Return the device without its rights."""
    return before.model_copy(update={"active": False})


def silenced(before: Device) -> Device:
    """Return the device whose push token another one brought since: it signs as before, and shows nothing."""
    return before.model_copy(update={"fcm_token_hash": None})


def older(one: Device, device: Device) -> bool:
    """Whether a device of another tenant brought its push token before *device* did."""
    return one.tenant_id != device.tenant_id and one.last_seen_at < device.last_seen_at


def surplus(devices: Sequence[Device], new: Device) -> tuple[Device, ...]:
    """Return the oldest of a person's devices that have to go when *new* comes."""
    others = sorted(
        (one for one in devices if one.id != new.id), key=lambda one: (one.last_seen_at, one.id)
    )
    return tuple(others[: max(0, len(others) + 1 - MAX_DEVICES)])


def destinations(device: Device) -> tuple[Destination, ...]:
    """Return where to push what is told to the device's owner and their roles."""
    return tuple(
        Destination(
            id=f"{audience}:{device.id}",
            audience=audience,
            device_id=device.id,
            user_id=device.user_id,
            fcm_token=device.fcm_token,
            platform=device.platform,
            timezone=device.timezone,
        )
        for audience in device.audiences
    )


def left(before: Device | None, after: Device) -> tuple[Destination, ...]:
    """Return the destinations that a device no longer is."""
    old = destinations(before) if before else ()
    return tuple(one for one in old if one.audience not in after.audiences)


def zone(name: str) -> ZoneInfo:
    """
    Return a time zone by its name.

    Raises:
        Invalid: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Invalid(f"there is no time zone {name[:64]}", rule="timezone") from error


SKEW = timedelta(seconds=30)
"""How much a phone's clock may differ from ours without anybody noticing."""
