from shared.job import begin
from shared.jobs import Forgetting
from shared.queries import moment
from shared.reaction import ReactionCall, reaction


@reaction(at="02:30")
def begin_forgetting(call: ReactionCall) -> None:
    """Begin tonight's round of forgetting what was known of jobs for long enough."""
    until = call.moment or call.now
    with call.transaction() as txn:
        begin(txn, call, Forgetting(until=until), key=moment(until))
