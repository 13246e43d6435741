"""Make a decision again from its record, by the rules that were in force, and compare it byte for byte."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from local.failures import Failure
from shared.actors import PLATFORM
from shared.canonical import canonical
from shared.deciding import DECISION_TYPE, Attestation, Decision
from shared.documents import Documents, Key, Query
from shared.edge import keyring
from shared.edge.bundles import BundleSet
from shared.edge.keys import verifier
from shared.edge.opa import OpaEngine
from shared.edge.sqlite import SqliteDocuments
from shared.evidence import Entry, signed_bytes
from shared.judged import STORED
from shared.policy.models.policies import Policy
from shared.policy.models.sets import PolicySet
from shared.policy.rules.explaining import explained
from shared.policy.rules.language.evaluation import Evaluator
from shared.policy.rules.language.stored import Kept as KeptPolicy
from shared.policy.rules.language.stored import ready
from shared.policy.rules.policies import policy_id
from shared.policy.rules.replaying import replayed


class Kept(NamedTuple):
    """A decision as it lies in the store, and what its signature is over."""

    place: Key
    decision: Decision
    kid: str
    signed: bytes
    sig: str


def replay(data: Path, decision_id: str, *, say: Callable[[str], None]) -> int:
    """
    Make a decision of a data folder again, and say in words what came of it.

    Returns:
        0 where it is the same to the byte and signed by a key of the folder; else 1.

    Raises:
        Failure: There is no such folder, decision, or set of rules.
    """
    if not (data / "store.db").exists():
        raise Failure(f"there is no store in {data}; name the folder with DATA=… or --data")
    with closing(SqliteDocuments(data / "store.db")) as documents:
        kept = _kept(documents, decision_id)
        rules = _rules(documents, kept.decision.bundle)
        policies = policies_of(documents, kept.decision)
    return told(kept, rules, policies, keyring.kept(data), say=say)


def told(
    kept: Kept,
    rules: BundleSet,
    policies: Mapping[str, Evaluator],
    keys: keyring.Keys,
    *,
    say: Callable[[str], None],
) -> int:
    """Make a decision again by some rules, say what came of it, and return 0 where it is what was kept."""
    decision = kept.decision
    again = replayed(decision, OpaEngine(rules), policies)
    signed = verifier(keys)(kept.kid, kept.signed, kept.sig)
    before, after = canonical(decision.to_stored()), canonical(again.to_stored())
    say(f"{kept.place.tenant}/{kept.place.collection}/{kept.place.id}")
    say(f"  asked   {decision.input['action']['name']}, at {decision.input['context']['now']}")
    say(f"  rules   {decision.bundle}, by {decision.engine}")
    say(f"  answer  {decision.verdict}")
    for sentence in explained(decision):
        say(f"          {sentence}")
    say(f"  signed  {'by ' + kept.kid if signed else 'by nobody whose key is in this folder'}")
    if before == after:
        say(f"The rules answer the same again: {len(after)} bytes, none of them another.")
        return 0 if signed else 1
    for name, was in decision.to_stored().items():
        now = again.to_stored()[name]
        if was != now:
            say(f"  {name} was {was}, and is {now}")
    say("The rules answer otherwise than was kept.")
    return 1


def _kept(documents: Documents, decision_id: str) -> Kept:
    tenant, _, id = decision_id.rpartition(".")
    for one in [tenant] if tenant else _tenants(documents):
        found = documents.get(Key(one, Entry.collection, id))
        policy = found.data.get("policy") if found else None
        if found and policy and policy.get("decision"):
            entry = found.data
            decision = Decision.model_validate(policy["decision"], context=STORED)
            return Kept(found.key, decision, entry["kid"], signed_bytes(entry), entry["sig"])
        found = documents.get(Key(one, Attestation.collection, id))
        if found:
            said = found.data["decision"]
            message = canonical({"typ": DECISION_TYPE, **said})
            decision = Decision.model_validate(said, context=STORED)
            return Kept(found.key, decision, found.data["kid"], message, found.data["sig"])
    raise Failure(
        f"no rules decided anything as {decision_id} here; take the id that `X-Decision-ID` or a refusal names"
    )


def policies_of(documents: Documents, decision: Decision) -> Mapping[str, Evaluator]:
    """
    Return the policies of the tenant that a decision asked, in the versions that it names.

    Raises:
        Failure: One is not there, or is not what its digest says.
    """
    found = {}
    for asked in decision.asked:
        name, _, policy_hash = asked.partition("#")
        if not policy_hash:
            continue
        tenant = decision.input["resource"]["owner_tenant_id"]
        name, _, version = name.removeprefix("tenant/").partition(":")
        kept = documents.get(Key(tenant, Policy.collection, policy_id(tenant, name, version)))
        if kept is None:
            raise Failure(f"the policy {asked} is not kept in this folder; restore the store")
        try:
            policy = ready(KeptPolicy(policy_hash, Policy.from_stored(kept.data).ast))
        except ValueError as error:
            raise Failure(
                f"what is kept as the policy {asked} is something else; restore the store"
            ) from error
        if (policy.policy.name, policy.policy.version) != (name, version):
            raise Failure(f"{asked} has the digest of another policy; restore the store")
        found[asked] = policy
    return found


def _tenants(documents: Documents) -> Iterator[str]:
    yield PLATFORM
    after: tuple[str, ...] = ()
    while found := documents.find(None, Query(Entry.collection, limit=1, after=after)):
        tenant = found[0].key.tenant
        if tenant != PLATFORM:
            yield tenant
        after = (tenant, "\U0010ffff")


def _rules(documents: Documents, digest: str) -> BundleSet:
    found = documents.get(Key(PLATFORM, PolicySet.collection, digest))
    if found is None:
        raise Failure(
            f"the rules {digest} are not kept in this folder, so nothing can be asked again"
        )
    kept = PolicySet.from_stored(found.data)
    rules = BundleSet(kept.modules, kept.selection, kept.data)
    if rules.digest != digest:
        raise Failure(f"what is kept as the rules {digest} is something else; restore the store")
    return rules
