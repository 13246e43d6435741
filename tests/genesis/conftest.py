"""What tests of the catalogue begin with."""

import pytest

from tests.genesis.samples import certified_industry


@pytest.fixture
def industry(call_as):
    return certified_industry(call_as)
