from typing import Literal

from shared.entity import Timestamp, Value
from shared.identities.models import VerificationKey
from shared.identity import PLATFORM, PUBLIC
from shared.operation import Call, operation

VERSION = "0.1.0"


class Health(Value):
    """How the platform is."""

    status: Literal["healthy", "down"]
    version: str
    time: Timestamp


@operation("GET", "/v1/health", scopes=PUBLIC, audited=False, tenant=PLATFORM)
def get_health(call: Call) -> Health:
    """
    Say whether the platform is well.

    One cheap read proves that the store answers; where it does not, the answer is 503.
    """
    with call.transaction() as txn:
        txn.find(VerificationKey, limit=1)
    return Health(status="healthy", version=VERSION, time=call.now)
