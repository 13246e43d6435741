"""Every area of functions is rehearsed: what it takes, asks and writes is known before it is deployed."""

from importlib.util import find_spec

import pytest

from shared.edge.catalog import catalog
from tests.rehearsals import areas, uncalled


@pytest.mark.parametrize("area", areas())
def test_an_area_is_rehearsed(area):
    assert find_spec(f"tests.rehearsals.{area}"), (
        f"write tests/rehearsals/{area}.py: rehearse(scene) calls every operation of {area} as whoever"
        " may, with what it is for, and lets happen what its reactions wait for"
    )


def test_who_forgets_to_call_a_function_is_told_where_to_call_it():
    every = {function.id for function in catalog()}
    assert list(uncalled(every)) == []
    (told,) = uncalled(every - {"approvals.get_approval"})
    assert "call it in tests/rehearsals/approvals.py" in told
    assert "run: make costs" in told
