from shared.budgets.actions import using
from shared.budgets.events.usage import UsageRecorded
from shared.budgets.models.usage import UsageBucket
from shared.projection import Fold, projection


@projection(of=UsageRecorded, into=(UsageBucket,))
def count_usage(call: Fold, event: UsageRecorded) -> None:
    """Count what was used in its day and its month."""
    using.count(call, event)
