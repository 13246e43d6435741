"""What becomes of a seed's answers."""

from datetime import datetime

from shared.precedents.models.seeds import PrecedentSeed


def matched(seed: PrecedentSeed, *, at: datetime) -> PrecedentSeed:
    """Return the seed after it answered a request."""
    return seed.model_copy(update={"match_count": seed.match_count + 1, "last_matched_at": at})


def predicted(seed: PrecedentSeed, *, approves: bool, at: datetime) -> PrecedentSeed:
    """Return the seed after it said in shadow what it would answer."""
    after = matched(seed, at=at) if approves else seed
    return after.model_copy(update={"predicted_count": seed.predicted_count + 1})


def compared(seed: PrecedentSeed, *, agreed: bool) -> PrecedentSeed:
    """Return the seed after a person decided what it had predicted."""
    counts = {
        "compared_count": seed.compared_count + 1,
        "agreed_count": seed.agreed_count + agreed,
    }
    return seed.model_copy(update=counts)


def turned(seed: PrecedentSeed, *, agreed: bool) -> PrecedentSeed:
    """Return the seed after people took back what its prediction was compared with."""
    return seed.model_copy(update={"agreed_count": seed.agreed_count + (1 if agreed else -1)})


def confirmed(seed: PrecedentSeed) -> PrecedentSeed:
    """Return the seed after nobody objected to its answer in time."""
    return seed.model_copy(update={"success_count": seed.success_count + 1})


def objected(seed: PrecedentSeed) -> PrecedentSeed:
    """Return the seed after a Governor objected to its answer."""
    return seed.model_copy(update={"false_positive_count": seed.false_positive_count + 1})
