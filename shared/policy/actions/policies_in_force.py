"""The policies of a tenant that are in force, as each change in it is asked of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.actors import id_in
from shared.deciding import Finding
from shared.errors import EnforcementUnavailable
from shared.policy.models.policies import IN_FORCE, PoliciesInForce, Policy
from shared.policy.rules.acts import OWN, beyond, family
from shared.store import Transaction

if TYPE_CHECKING:
    from shared.history.models import Rule
    from shared.policy.rules.language.evaluation import Evaluator


def in_force(txn: Transaction) -> PoliciesInForce | None:
    """Return which policies of the tenant are in force; none where none ever was."""
    return txn.get_or_none(PoliciesInForce, id_in(str(txn.tenant), IN_FORCE))


def tenant_rules(txn: Transaction, document: Mapping[str, Any]) -> Mapping[str, Finding]:
    """
    Return what the policies of the tenant say of what is to be done in it.

    Raises:
        EnforcementUnavailable: One that is in force is not there, or is not what its digest says.
    """
    name = str(document["action"]["name"])
    if family(name) in OWN:
        return {}
    known = in_force(txn)
    if known is None or not known.active or beyond(name):
        return {}
    # Who has no policies does not load what evaluates them.
    from shared.policy.rules.asking import found

    names = {f"tenant/{one.name}": one.asked_as for one in known.active}
    return {names[name]: said for name, said in found(_ready(txn, known), document).items()}


def history(txn: Transaction) -> "tuple[Rule, ...]":
    """
    Return the rules over history of the policies in force, each by ``<policy>/<rule>``.

    Raises:
        EnforcementUnavailable: Likewise.
    """
    known = in_force(txn)
    if known is None or not known.active:
        return ()
    from shared.policy.rules.language.histories import rules_of

    return tuple(rule for one in _ready(txn, known) for rule in rules_of(one.policy))


def _ready(txn: Transaction, known: PoliciesInForce) -> "list[Evaluator]":
    from shared.policy.rules.language.stored import Kept, ready

    there = txn.get_all(Policy, [one.policy_id for one in known.active])
    policies = []
    for one in known.active:
        policy = there.get(one.policy_id)
        if policy is None:
            raise EnforcementUnavailable(f"policy {one.name} is in force and is not there")
        try:
            policies.append(ready(Kept(one.policy_hash, policy.ast)))
        except ValueError as error:
            raise EnforcementUnavailable(f"policy {one.name}: {error}") from error
    return policies
