"""Times: one type for every instant, and the same instant comes out as went in."""

import json
from datetime import UTC, datetime, time, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.actors import HOLDERS, OF_CUSTOMERS
from shared.edge.catalog import operations
from shared.entity import Timestamp, written
from shared.instants import instant
from tests.conftest import examples
from tests.contracts.members import leaves, members, models, places
from tests.contracts.test_operations import path_of

TIMES = [
    place
    for op in operations()
    for place in places(op)
    if place.schema.get("format") == "date-time"
]
JUDGED = get_args(Timestamp)[1]


def test_every_moment_of_a_model_is_a_timestamp():
    declared = [one for model in models() for one in members(model)]
    for op in operations():
        declared += [
            (f"{op.id}:{n}", leaf) for n, kind in op.in_path.items() for leaf in leaves(kind)
        ]
    loose = [name for name, leaf in declared if moment(leaf.kind) and JUDGED not in leaf.said]
    assert not loose, f"declare these as shared.entity.Timestamp: {loose}"


def moment(kind):
    return kind in {datetime, time} or "Datetime" in getattr(kind, "__name__", "")


@settings(deadline=None, max_examples=examples(60))
@given(
    moment=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)),
    offset_min=st.integers(-(24 * 60 - 1), 24 * 60 - 1),
    digits=st.integers(0, 6),
)
def test_the_instant_that_comes_out_is_the_one_that_went_in(moment, offset_min, digits):
    moment = moment.replace(
        microsecond=moment.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits)
    )
    there = moment.astimezone(timezone(timedelta(minutes=offset_min)))
    sent = with_digits(there, digits)
    expected = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    for place in TIMES:
        taken = place.adapter.validate_json(json.dumps(place.request(sent)), strict=True)
        shown = place.found(place.adapter.dump_python(taken, mode="json", by_alias=True))
        assert shown == written(expected), place.field
        assert instant(shown) == expected


def with_digits(moment, digits):
    """Write a moment with so many digits of its second's fraction."""
    whole = moment.isoformat(timespec="seconds")
    fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    return whole[:19] + fraction + whole[19:]


@pytest.mark.parametrize("place", TIMES, ids=lambda place: f"{place.op.id}:{place.field}")
@pytest.mark.parametrize(
    "sent",
    [
        "2026-01-01T12:00:00",
        "2026-01-01T12:00:00.000",
        "2026-01-01",
        "2026-01-01 12:00:00Z",
        "2026-01-01T12:00:00 01:00",
        "2026-01-01T12:00:00+24:00",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "1767268800",
    ],
)
def test_a_time_that_is_no_instant_is_refused_by_its_name(place, sent):
    with pytest.raises(ValidationError) as refused:
        place.adapter.validate_json(json.dumps(place.request(sent)), strict=True)
    assert [one["loc"] for one in refused.value.errors()] == [place.path]


@pytest.mark.parametrize("place", TIMES, ids=lambda place: f"{place.op.id}:{place.field}")
def test_over_http_it_is_a_422_that_names_the_field(world, place):
    given = place.request("2026-01-01T12:00:00")
    answer = world.call(
        place.op.function,
        path_of(place.op),
        given if place.op.mutates else None,
        query=None if place.op.mutates else given,
        as_=holder(place.op),
        headers={"If-Match": '""'},
    )
    assert answer.status_code == 422, answer.json
    assert place.field in [one["field"] for one in answer.json["violations"]], answer.json
    assert "zone" in answer.json["detail"]


def holder(op):
    """Return an account of the platform's own that may call an operation."""
    return min({role for scope in op.scopes for role in HOLDERS[scope]} - OF_CUSTOMERS)
