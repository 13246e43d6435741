"""What a tenant's policies decided is decided again by the same versions, byte for byte, also once they are retired."""

import pytest

from functions.policy.retire_policy import retire_policy
from local.failures import Failure
from local.replay import policies_of
from shared.actors import Role
from shared.canonical import canonical, digest
from shared.deciding import Decision, Finding, merge
from shared.deciding import found as by_bundles
from shared.documents import Key, Write
from shared.policy.actions.policies_in_force import tenant_rules
from shared.policy.models.policies import EXAMPLE
from shared.policy.rules.language.stored import ready
from shared.policy.rules.replaying import replayed
from tests.conftest import NOON
from tests.policy.test_policies import answer, ask, write
from tests.ruled import OfTests

__all__ = ["answer", "ask", "write"]

OBLIGING = EXAMPLE.replace(
    "  rule night",
    "  rule once when context.hour == 12 oblige require_idempotency_key\n  rule night",
)
VERDICTS = {23: "deny", 10: "allow", 12: "allow_with_obligations"}


@pytest.fixture
def decided(write, ask, answer, call_as):
    """Put a policy in force, and return what is decided in its tenant at an hour."""
    policy = write(OBLIGING)
    answer(ask(policy))

    def decided(hour):
        document = {
            "pep": "api_gateway",
            "subject": {"principal_id": "kim", "trial": None},
            "action": {"name": "tests.send", "tool": "mailchimp.send_campaign", "scopes": []},
            "args": {},
            "resource": {"type": None, "id": None, "owner_tenant_id": "acme"},
            "manifest": {"tools": ["mailchimp.send_campaign"]},
            "context": {"hour": hour, "freeze": False},
        }
        engine = OfTests()
        with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
            findings = by_bundles(engine, document) | tenant_rules(txn, document)
        merged = merge(findings, pep="api_gateway")
        return Decision(
            decision_id="one",
            **{name: getattr(merged, name) for name in type(merged).model_fields},
            asked=tuple(findings),
            bundle=engine.digest,
            engine=engine.version,
            input=document,
            input_digest=digest(document),
            evaluated_at=NOON,
            pep="api_gateway",
        )

    decided.policy = policy
    return decided


def test_a_decision_of_a_tenants_policy_is_made_the_same_again(decided, documents, ask, answer):
    made = {hour: decided(hour) for hour in VERDICTS}
    assert {hour: one.verdict for hour, one in made.items()} == VERDICTS
    answer(ask(decided.policy, retire_policy))
    for one in made.values():
        assert one.asked[-1] == f"tenant/newsletters:1.0.0#{decided.policy.policy_hash}"
        again = replayed(one, OfTests(), policies_of(documents, one))
        assert canonical(again.to_stored()) == canonical(one.to_stored())


def test_a_decision_that_was_bent_is_made_otherwise(decided, documents):
    bent = decided(23).model_copy(update={"verdict": "allow"})
    assert replayed(bent, OfTests(), policies_of(documents, bent)).verdict == "deny"


def test_a_policy_that_is_gone_or_another_is_told(decided, documents):
    one = decided(23)
    place = Key("acme", "policies", decided.policy.id)
    kept = documents.get(place).data
    documents.commit(
        [Write(place, {**kept, "ast": kept["ast"].replace("23", "22").replace("14", "15")})]
    )
    ready.cache_clear()
    with pytest.raises(Failure, match="is something else"):
        policies_of(documents, one)
    documents.commit([Write(place, None)])
    with pytest.raises(Failure, match="is not kept"):
        policies_of(documents, one)


def test_who_is_told_that_no_rule_allows_is_told_by_the_name_of_the_policy():
    merged = merge({"tenant/newsletters:1.0.0#" + "0" * 64: Finding(allow=False)})
    assert [one.policy for one in merged.reasons] == ["tenant/newsletters"]
