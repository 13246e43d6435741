"""The resources of each environment: the program is run once, and every test reads what it asked for."""

import warnings

import pytest

with warnings.catch_warnings():
    # The provider's package warns of its own old names when it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_gcp import monitoring, secretmanager, storage

    LOADED = (monitoring.AlertPolicy, secretmanager.Secret, storage.Bucket)

from infra.graph import IMAGE, planned
from tests.rehearsals.kept import rehearsed

__all__ = ["rehearsed"]


@pytest.fixture(scope="session")
def dev():
    return planned("dev", IMAGE, {"waooaw:promotesTo": "waooaw-staging"})


@pytest.fixture(scope="session")
def prod():
    more = {"repository": "waooaw/waooaw", "signIn": '{"google.com": "client-1"}'}
    return planned("prod", IMAGE, {f"waooaw:{name}": value for name, value in more.items()})


@pytest.fixture(scope="session", params=["dev", "prod"])
def environment(request):
    return request.param


@pytest.fixture(scope="session")
def graph(request, environment):
    return request.getfixturevalue(environment)
