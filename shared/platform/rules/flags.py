"""Feature flags: what is shown to whom; never what is enforced."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from hashlib import sha256

from shared.actors import PLATFORM, Actor, Role
from shared.errors import Conflict, Invalid, VersionConflict
from shared.platform.models.flags import FULL_BP, FeatureFlag, FlagSetting

ENFORCEMENT = (
    "auth",
    "polic",
    "approv",
    "audit",
    "budget",
    "trial",
    "sandbox",
    "mask",
    "veto",
    "enforce",
    "evidence",
)
"""How the names of what is enforced begin: no flag may switch it off."""

MAX_FLAGS = 100
MAX_LIFE = timedelta(days=180)


def put(
    before: FeatureFlag | None,
    key: str,
    setting: FlagSetting,
    *,
    seen: AbstractSet[str] | None,
    at: datetime,
    count: int,
) -> FeatureFlag:
    """
    Return the flag as it is set.

    Args:
        before: The flag as it was, if there was one.

        key: Its name.

        setting: What it says now.

        seen: The versions of which the caller read one; the empty one where there was none.

        at: The time.

        count: How many flags there are.

    Raises:
        Invalid: It is named for what is enforced, or lives too long.
    """
    if key.startswith(ENFORCEMENT):
        raise Invalid(
            f"{key} is named for what is enforced, and no flag can switch that off; name it for"
            " what people see",
            rule="enforcement_flag",
        )
    if setting.kind != "kill_switch" and setting.expires_at is None:
        raise Invalid("say in expires_at when it ends, at most 180 days ahead", rule="flag_expiry")
    if setting.expires_at and not at < setting.expires_at <= at + MAX_LIFE:
        raise Invalid("expires_at lies after now and within 180 days", rule="flag_expiry")
    said = {name: value for name, value in setting if name != "reason"}
    if before is not None:
        return before.model_copy(update=said)
    if "" not in (seen or ()):
        raise VersionConflict("there is no such flag; send an empty If-Match to make it")
    if count >= MAX_FLAGS:
        raise Conflict(f"{MAX_FLAGS} flags are enough; use one that has expired", rule="too_many")
    return FeatureFlag(
        id=key,
        key=key,
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        **said,
    )


def on(
    flag: FeatureFlag | None,
    *,
    customer: str | None,
    audiences: frozenset[str],
    environment: str,
    at: datetime,
) -> bool:
    """Say whether a flag is on: the first rule that fits decides, and without one it is off."""
    if flag is None or not flag.enabled or (flag.expires_at and flag.expires_at <= at):
        return False
    if environment not in flag.environments or flag.scope not in audiences:
        return False
    if customer in flag.enabled_for_customer_ids or flag.rollout_bp == FULL_BP:
        return True
    return customer is not None and bucket(flag.key, customer) < flag.rollout_bp


def bucket(key: str, customer: str) -> int:
    """Return in which of 10,000 parts a customer is; it differs from flag to flag, and never changes."""
    return int.from_bytes(sha256(f"{key}:{customer}".encode()).digest()[:4], "big") % FULL_BP


def evaluated(
    flags: Iterable[FeatureFlag], actor: Actor, *, environment: str, at: datetime
) -> Mapping[str, bool]:
    """Return every flag as the caller sees it."""
    of_the_platform = actor.of_the_platform
    audiences = {"all", "platform" if of_the_platform else "customer"}
    if actor.roles & {Role.GOVERNOR, Role.DEPUTY_GOVERNOR}:
        audiences.add("governor")
    customer = None if of_the_platform else actor.tenant
    return {
        flag.key: on(
            flag,
            customer=customer,
            audiences=frozenset(audiences),
            environment=environment,
            at=at,
        )
        for flag in flags
    }


def expired(before: FeatureFlag, *, at: datetime) -> FeatureFlag | None:
    """Return a flag whose time is over as it is switched off."""
    if not before.enabled or before.expires_at is None or before.expires_at > at:
        return None
    return before.model_copy(update={"enabled": False})
