"""What tests of agents may ask for besides: a certified catalogue, and an agent on its way."""

import pytest

from shared.actors import Role
from tests.agents import catalogue
from tests.agents.catalogue import Kept, Story, once


@pytest.fixture
def story(call_as, documents, probe, workflows):
    def begin():
        parts = (catalogue.industry(), catalogue.job_role(), *catalogue.skills())
        with call_as(Role.ADMIN, at=-60).transaction() as txn:
            kept = [txn.create(part, Kept()) for part in parts]
        dumped = [part.model_dump(mode="json") for part in kept]
        return dumped[1], dumped[2:]

    role, skills = once("begin", documents, begin)
    return Story(
        call_as=call_as,
        documents=documents,
        role=role,
        skills=skills,
        probe=probe,
        workflows=workflows,
    )
