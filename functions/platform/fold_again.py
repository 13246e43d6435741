from shared.job import JobStep, job
from shared.platform.actions import rebuilding
from shared.platform.models.rebuilds import Rebuild, Rebuilt, Refolded
from shared.projections import Projections


@job
def fold_again(
    call: JobStep, rebuild: Rebuild, so_far: Refolded, projections: Projections
) -> Refolded | Rebuilt:
    """Fold a projection again on the side that nobody sees, show that side, and remove the other one."""
    return rebuilding.step(call, rebuild.projection, so_far, projections)
