from shared.actors import PLATFORM, Scope
from shared.observability import Enforcing, Memory, Traffic
from shared.operation import Call, operation
from shared.platform.actions import figures
from shared.platform.actions.figures import Exposition


@operation("GET", "/v1/metrics", scopes={Scope.METRICS_READ}, audited=False, tenant=PLATFORM)
def get_metrics(call: Call, memory: Memory, traffic: Traffic, enforcing: Enforcing) -> Exposition:
    """
    Tell the platform's figures in Prometheus' text format.

    They are at most a minute old. Requests and decisions of the rules are counted here on one machine; in the cloud,
    where each function is a process of its own, Cloud Monitoring counts them from the log.
    """
    with call.transaction() as txn:
        samples = memory.recall("figures", lambda: figures.measured(txn, at=call.now), at=call.now)
    governed = figures.governed(enforcing.state(call.now))
    return figures.exposition([*samples, *governed, *traffic.counted()])
