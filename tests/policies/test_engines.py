"""Another engine of Rego, made by others, gives the same answers: what the rules say hangs on no fault of one."""

import pytest

from benchmarks.policies import cedar, regorus, said, said_in_rego
from tests.policies.spoiling import spoils
from tests.ruled import engine, rego

BUNDLES = sorted(engine().bundles.names)


@pytest.fixture(scope="module")
def second():
    return regorus(engine().bundles)


@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_second_engine_says_the_same(second, bundle):
    """Of all that the rules' tests ask, and of a part of it when it is spoiled; the bench asks all of that."""
    asked = [{}]
    for n, document in enumerate(rego().samples[bundle].values()):
        asked += [
            document,
            *(other for _, _, other in list(spoils(bundle, document))[n % 60 :: 60]),
        ]
    assert len(asked) > 40
    for document in asked:
        ours = said(engine().evaluate([bundle], document)[bundle])
        assert ours == said_in_rego(second([bundle], document)[bundle]), document


@pytest.mark.parametrize("bundle", ["agent_budget", "rbac"])
def test_cedar_allows_at_once_what_we_do(bundle):
    ask = cedar(engine().bundles)
    for name, document in rego().samples[bundle].items():
        finding = engine().evaluate([bundle], document)[bundle]
        at_once = not finding.denies and finding.approval is None
        assert ask([bundle], document)[bundle] is at_once, name
