"""Whatever was decided is decided the same again, to the byte, by the rules that are kept."""

from contextlib import closing

import pytest

from local.failures import Failure
from local.replay import policies_of, replay
from shared.actors import PLATFORM
from shared.canonical import canonical
from shared.deciding import Attestation, Decision
from shared.documents import Key, Query, Write
from shared.edge.bundles import BundleSet
from shared.edge.catalog import operations
from shared.edge.opa import OpaEngine
from shared.edge.sqlite import SqliteDocuments
from shared.edge.walking import pages
from shared.evidence import Entry
from shared.judged import STORED
from shared.policy.models.sets import PolicySet
from shared.policy.rules.replaying import replayed

pytestmark = pytest.mark.slow


ANSWERS_ONLY = {
    *("genesis.run_reference_agent", "genesis.validate_spec"),
    *(
        "policy.evaluate_policy",
        "policy.judge_plan",
        "policy.enforce_tool_use",
        "policy.preview_policy",
        "policy.test_policy",
    ),
    *("precedents.match_precedent_seeds", "precedents.replay_precedent_seed"),
}
"""What is decided and changes nothing, so that no decision of it is kept."""

UNCOUNTED = {"policy.end_tool_use"}
"""What changes nothing where no tenant has rules over history, as in the rehearsal."""


@pytest.fixture(scope="module")
def folder(rehearsed, tmp_path_factory):
    return rehearsed.copied(tmp_path_factory.mktemp("replay") / "data")


@pytest.fixture
def documents(folder):
    with closing(SqliteDocuments(folder / "store.db")) as opened:
        yield opened


def every(documents, collection):
    return [one for page in pages(documents, None, Query(collection)) for one in page]


def decisions(documents):
    """Return every decision that was kept, in entries and by itself."""
    found = []
    for collection in (Entry.collection, Attestation.collection):
        for one in every(documents, collection):
            data = one.data.get("decision") or (one.data.get("policy") or {}).get("decision")
            if data:
                found.append(Decision.model_validate(data, context=STORED))
    return found


def engines(documents):
    sets = [PolicySet.from_stored(one.data) for one in every(documents, PolicySet.collection)]
    return {one.id: OpaEngine(BundleSet(one.modules, one.selection, one.data)) for one in sets}


def again(documents, decision, engines):
    return replayed(decision, engines[decision.bundle], policies_of(documents, decision))


def test_every_decision_of_every_operation_is_made_the_same_again(documents):
    found, asking = decisions(documents), engines(documents)
    named = {one.input["action"]["name"] for one in found}
    lacking = {op.id for op in operations() if op.mutates and not op.public} - named
    lacking -= ANSWERS_ONLY | UNCOUNTED
    assert not lacking, f"nothing decided by these was kept: {sorted(lacking)}"
    other = [
        one.input["action"]["name"]
        for one in found
        if canonical(again(documents, one, asking).to_stored()) != canonical(one.to_stored())
    ]
    assert other == []
    assert len(found) > 100


def said(folder, id):
    lines = []
    code = replay(folder, id, say=lines.append)
    return code, "\n".join(lines)


def allowed(documents):
    """Return an entry that carries a decision that let its act through."""
    return next(
        one
        for one in every(documents, Entry.collection)
        if ((one.data.get("policy") or {}).get("decision") or {}).get("verdict") == "allow"
    )


def test_the_command_says_that_a_decision_is_the_same(folder, documents):
    code, words = said(folder, allowed(documents).key.id)
    assert code == 0
    assert "none of them another" in words


def test_the_command_says_what_of_a_decision_was_bent(folder, documents):
    found = allowed(documents)
    policy = found.data["policy"]
    bent = {**policy, "decision": {**policy["decision"], "verdict": "deny"}}
    documents.commit([Write(found.key, {**found.data, "policy": bent})])
    try:
        code, words = said(folder, found.key.id)
    finally:
        documents.commit([Write(found.key, found.data)])
    assert code == 1
    assert "signed  by nobody whose key is in this folder" in words
    assert "verdict was deny, and is allow" in words


def test_the_command_says_that_the_rules_are_gone_or_others(folder, documents):
    found = allowed(documents)
    place = Key(PLATFORM, PolicySet.collection, found.data["policy"]["bundle"])
    kept = documents.get(place).data
    try:
        documents.commit([Write(place, {**kept, "selection": {}})])
        with pytest.raises(Failure, match="is something else"):
            said(folder, found.key.id)
        documents.commit([Write(place, None)])
        with pytest.raises(Failure, match="are not kept"):
            said(folder, found.key.id)
    finally:
        documents.commit([Write(place, kept)])


def test_the_command_says_that_nothing_was_decided(folder, tmp_path):
    with pytest.raises(Failure, match="no rules decided anything"):
        said(folder, "acme.00000000-0000-4000-8000-000000000000")
    with pytest.raises(Failure, match="there is no store"):
        said(tmp_path, "00000000-0000-4000-8000-000000000000")
