"""Feature flags: what is on for whom, in which order that is decided, and what no flag can do."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from functions.platform.expire_flags import expire_flags
from functions.platform.get_feature_flags import get_feature_flags
from functions.platform.list_feature_flags import list_feature_flags
from functions.platform.put_feature_flag import put_feature_flag
from shared.actors import Role
from shared.answers import CreatedHere
from shared.errors import Conflict, Invalid, StoreUnavailable, VersionConflict
from shared.observability import Memory
from shared.platform.models.flags import FlagKey, FlagSetting
from shared.platform.rules.flags import ENFORCEMENT, bucket, on
from shared.queries import Paging
from tests.conftest import DEPLOYMENT, NOON
from tests.parsed import every, parsed

SETTING = FlagSetting(
    enabled=True,
    rollout_bp=0,
    scope="all",
    environments=("local",),
    description="The inbox with groups.",
    owner="the inbox team",
    kind="release",
    expires_at=NOON + timedelta(days=30),
    reason="try the new inbox",
)


@pytest.fixture
def put(call_as):
    def put(key="new_inbox", seen="", at=0, **said):
        call = call_as(Role.ADMIN, at=at, if_match=frozenset({seen}), addressed=frozenset({key}))
        answer = put_feature_flag(call, key, SETTING.model_copy(update=said))
        assert isinstance(answer, CreatedHere) == (seen == "")
        return answer.result if isinstance(answer, CreatedHere) else answer

    return put


def decided(flag, customer="acme", audiences=("all", "customer"), environment="local", at=NOON):
    audiences = frozenset(audiences)
    return on(flag, customer=customer, audiences=audiences, environment=environment, at=at)


def test_the_first_rule_that_fits_decides(put):
    full = put(rollout_bp=10_000)
    listed = full.model_copy(update={"rollout_bp": 0, "enabled_for_customer_ids": ("acme",)})
    part = full.model_copy(update={"rollout_bp": 5000})
    assert not decided(None)
    assert not decided(full.model_copy(update={"enabled": False}))
    assert not decided(full, at=full.expires_at)
    assert not decided(full, environment="prod")
    assert not decided(full.model_copy(update={"scope": "governor"}))
    assert decided(listed)
    assert not decided(listed, customer="globex")
    assert decided(full, customer=None)
    assert not decided(part, customer=None)
    assert not decided(part.model_copy(update={"rollout_bp": 0}))


@pytest.mark.parametrize(
    ("key", "customer", "part"),
    [("new_inbox", "acme", 9792), ("new_inbox", "globex", 9069), ("other", "acme", 4034)],
)
def test_a_customer_is_always_in_the_same_part(key, customer, part):
    assert bucket(key, customer) == part


def test_a_rollout_reaches_exactly_those_below_it(put):
    here = bucket("new_inbox", "acme")
    flag = put()
    assert not decided(flag.model_copy(update={"rollout_bp": here}))
    assert decided(flag.model_copy(update={"rollout_bp": here + 1}))


def test_a_rollout_reaches_its_share():
    reached = sum(bucket("new_inbox", f"customer-{n}") < 2500 for n in range(10_000))
    assert 2300 < reached < 2700


@pytest.mark.parametrize("prefix", ENFORCEMENT)
def test_no_flag_is_named_for_what_is_enforced(put, prefix):
    with pytest.raises(Invalid, match="no flag can switch that off") as refused:
        put(f"{prefix}_off")
    assert (refused.value.status, refused.value.code) == (422, "validation_failed")


@pytest.mark.parametrize(
    "name",
    ["authentication", "policy.bundle", "approvals", "audit_log", "budgets", "trial_sandbox"],
)
def test_the_names_of_the_rulebook_are_among_them(put, name):
    with pytest.raises(Invalid):
        put(name)


@pytest.mark.parametrize("key", ["ab", "Inbox", "a" * 61, "in-box"])
def test_a_key_is_short_and_plain(key):
    with pytest.raises(ValidationError):
        TypeAdapter(FlagKey).validate_python(key)


def test_nothing_that_enforces_knows_a_flag():
    """Only the operations on flags import them: no edge, no rule, no other area can ask one."""
    allowed = {
        *(f"functions/platform/{name}.py" for name in ("expire_flags", "get_feature_flags")),
        *(f"functions/platform/{name}.py" for name in ("list_feature_flags", "put_feature_flag")),
        "shared/platform/rules/flags.py",
    }
    knowing = {
        str(file)
        for folder in ("functions", "shared")
        for file in Path(folder).rglob("*.py")
        if any(
            name.startswith(("shared.platform.models.flags", "shared.platform.rules.flags"))
            or name.endswith("feature_flags")
            for name in imports(file)
        )
    }
    assert knowing == allowed, f"{knowing - allowed} must not ask flags: enforcement has none"


def imports(file):
    for node in every(parsed(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_a_flag_does_not_live_for_ever(put):
    for expires_at in (None, NOON, NOON + timedelta(days=181)):
        with pytest.raises(Invalid, match="expire"):
            put(expires_at=expires_at)
    assert put(kind="kill_switch", expires_at=None).expires_at is None


def test_two_who_edit_a_flag_do_not_overwrite_each_other(put):
    with pytest.raises(VersionConflict):
        put(seen="0" * 64)
    first = put()
    second = put(seen=first.version_hash, rollout_bp=1)
    with pytest.raises(VersionConflict):
        put(seen=first.version_hash)
    with pytest.raises(VersionConflict):
        put(seen="")
    assert second.rollout_bp == 1


def test_a_hundred_flags_are_enough(put):
    for n in range(100):
        put(f"flag_{n}")
    with pytest.raises(Conflict, match="enough"):
        put("one_more")


def seen(call, memory):
    return get_feature_flags(call, memory, DEPLOYMENT).flags


def test_the_caller_sees_their_own_flags(put, call_as):
    put("for_all", rollout_bp=10_000)
    put("for_staff", rollout_bp=10_000, scope="platform")
    put("for_governors", rollout_bp=10_000, scope="governor")
    put("for_acme", enabled_for_customer_ids=("acme",), scope="customer")

    def on(role, own=None):
        flags = seen(call_as(role, own=own), Memory())
        return {key for key, is_on in flags.items() if is_on}

    assert on(Role.CUSTOMER_USER, "acme") == {"for_all", "for_acme"}
    assert on(Role.CUSTOMER_USER, "globex") == {"for_all"}
    assert on(Role.GOVERNOR) == {"for_all", "for_staff", "for_governors"}


def test_without_the_store_the_last_known_flags_stand_in_else_all_is_off(put, call_as):
    put(rollout_bp=10_000)
    memory = Memory()
    assert seen(call_as(Role.VIEWER), memory) == {"new_inbox": True}

    class Broken:
        def find(self, *_):
            raise StoreUnavailable("the store cannot be used now")

        get = find

        def commit(self, writes):
            assert not writes

    later = call_as(Role.VIEWER, at=5, documents=Broken())
    assert seen(later, memory) == {"new_inbox": True}
    fresh = call_as(Role.VIEWER, at=5, documents=Broken())
    assert seen(fresh, Memory()) == {}


def test_a_change_shows_within_a_minute(put, call_as):
    before = put(rollout_bp=10_000)
    memory = Memory()
    seen(call_as(Role.VIEWER), memory)
    put(seen=before.version_hash, enabled=False)
    for at, is_on in ((0.9, True), (1, False)):
        assert seen(call_as(Role.VIEWER, at=at), memory) == {"new_inbox": is_on}


def test_a_flag_whose_time_is_over_is_switched_off(put, call_as, reacting):
    put()
    put("switch", kind="kill_switch", expires_at=None)
    expire_flags(reacting(at=30 * 1440))
    flags = list_feature_flags(call_as(Role.ADMIN), Paging()).items
    assert {flag.key: flag.enabled for flag in flags} == {"new_inbox": False, "switch": True}
