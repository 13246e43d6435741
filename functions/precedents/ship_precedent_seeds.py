from datetime import timedelta

from shared.precedents.events import SeedApproved
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules.builtin_seeds import shipped
from shared.reaction import ReactionCall, reaction


@reaction(every=timedelta(hours=1))
def ship_precedent_seeds(call: ReactionCall) -> None:
    """Store the shipped seeds that are not there yet; what became of the others is left as it is."""
    with call.transaction() as txn:
        absent = [
            one for one in shipped(call.now) if txn.get_or_none(PrecedentSeed, one.id) is None
        ]
        for seed in absent:
            txn.create(seed, SeedApproved.of(seed))
