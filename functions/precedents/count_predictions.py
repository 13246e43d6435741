from shared.precedents.actions import figures
from shared.precedents.events import SeedMatched
from shared.precedents.models.figures import Figures
from shared.projection import Fold, projection


@projection(of=SeedMatched, into=(Figures,))
def count_predictions(call: Fold, event: SeedMatched) -> None:
    """Count how often people decided otherwise than a seed in shadow had said."""
    if event.human_agreed is None:
        return
    if event.again:
        figures.add(call, event.approval_id, disagreed=-1 if event.human_agreed else 1)
    else:
        figures.add(call, event.approval_id, compared=1, disagreed=int(not event.human_agreed))
