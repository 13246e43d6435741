"""The resources of each environment: the program is run once a run of tests, and every test reads what it asked for."""

import hashlib
import json
import pickle
import warnings

import pytest

with warnings.catch_warnings():
    # The provider's package warns of its own old names when it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_gcp import monitoring, secretmanager, storage

    LOADED = (monitoring.AlertPolicy, secretmanager.Secret, storage.Bucket)

from infra.graph import IMAGE, configuration, planned
from tests.rehearsals.kept import rehearsed
from tests.workers import made_once

__all__ = ["rehearsed"]


@pytest.fixture(scope="session")
def plan(tmp_path_factory):
    """Plan a stack with settings of its own, once for all workers of this run: ``plan("dev", repository="a/b")``."""

    def made(environment, **settings):
        known = {f"waooaw:{name}": value for name, value in settings.items()}
        told = json.dumps(configuration(environment, IMAGE, known), sort_keys=True)

        def make(folder):
            (folder / "graph").write_bytes(pickle.dumps(planned(environment, IMAGE, known)))

        name = f"{environment}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
        return pickle.loads((made_once(tmp_path_factory, name, make) / "graph").read_bytes())

    return made


@pytest.fixture(scope="session")
def dev(plan):
    return plan("dev", promotesTo="waooaw-staging")


@pytest.fixture(scope="session")
def prod(plan):
    return plan("prod", repository="waooaw/waooaw", signIn='{"google.com": "client-1"}')


@pytest.fixture(scope="session", params=["dev", "prod"])
def environment(request):
    return request.param


@pytest.fixture(scope="session")
def graph(request, environment):
    return request.getfixturevalue(environment)
