"""Preferences: what a person may switch off."""

import pytest

from functions.identity.get_notification_preferences import get_notification_preferences
from functions.identity.put_notification_preferences import put_notification_preferences
from shared.actors import Role
from shared.answers import CreatedHere
from shared.errors import Invalid, VersionConflict
from shared.notifications.rules.preferences import Wishes
from shared.notifications.rules.pushing import ALWAYS_TOLD


def put(call_as, seen, at=0, **wishes):
    call = call_as(Role.GOVERNOR, at=at, if_match=None if seen is None else frozenset({seen}))
    answer = put_notification_preferences(call, Wishes(**wishes))
    return answer.result if isinstance(answer, CreatedHere) else answer


def test_who_has_said_nothing_is_pushed_everything_but_at_night(call_as):
    usual = get_notification_preferences(call_as(Role.GOVERNOR))
    assert usual.muted == ()
    assert (usual.quiet_hours.start, usual.quiet_hours.end) == ("22:00", "07:00")
    assert usual.version_hash == ""


def test_wishes_are_kept_with_the_version_that_was_seen(call_as):
    first = put(call_as, "", muted=["announcement", "announcement"])
    assert get_notification_preferences(call_as(Role.GOVERNOR)) == first
    assert first.muted == ("announcement",)
    second = put(call_as, first.version_hash, at=1)
    assert second.muted == ()
    assert put(call_as, second.version_hash, at=2) == second
    for seen in ("", first.version_hash, None):
        with pytest.raises(VersionConflict):
            put(call_as, seen, at=3)


@pytest.mark.parametrize("kind", sorted(ALWAYS_TOLD))
def test_what_is_constitutional_cannot_be_switched_off(call_as, kind):
    with pytest.raises(Invalid) as refused:
        put(call_as, "*", muted=[kind])
    assert refused.value.violations[0].rule == "cannot_be_muted"


def test_over_http_the_version_travels_as_an_etag(world):
    path = "/v1/me/notification-preferences"
    seen = world.call(get_notification_preferences, path, as_="governor")
    body = {"muted": ["announcement"]}
    headers = {"If-Match": seen.headers["ETag"]}
    put_it = put_notification_preferences
    assert world.call(put_it, path, body, as_="governor").status_code == 428
    answer = world.call(put_it, path, body, as_="governor", headers=headers)
    assert answer.status_code == 201, answer.data
    assert answer.headers["ETag"] == f'"{answer.json["version_hash"]}.1"'
