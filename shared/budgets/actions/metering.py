"""Whether figures are those that whoever measured them signed, with the tenant's own key."""

from hashlib import sha256
from uuid import NAMESPACE_URL, uuid4, uuid5

from pydantic import SecretStr

from shared.actors import id_in
from shared.budgets.models.usage import MeteringKey, UsageReport
from shared.budgets.rules import usage
from shared.operation import Call
from shared.ports import SecretReader, SecretWriter
from shared.store import Transaction

KEY = "metering"


def check(txn: Transaction, call: Call, report: UsageReport, secrets: SecretReader) -> None:
    """
    Make sure that figures were signed just now, by whoever holds the tenant's key.

    Raises:
        Forbidden: They were not.
    """
    usage.fresh(report, at=call.now)
    key = txn.get_or_none(MeteringKey, KEY)
    if key is None or report.metering is None:
        raise usage.invalid()
    signed = usage.message(
        report, report.metering.issued_at, tenant=call.tenant, correlation_id=call.correlation_id
    )
    if not secrets.signed(key.reference, signed, report.metering.signature):
        raise usage.invalid()


def new_key(txn: Transaction, call: Call, secrets: SecretWriter) -> MeteringKey | None:
    """Return where the tenant's key is from now on, where it has none yet: what is kept twice is kept once."""
    if txn.get_or_none(MeteringKey, KEY) is not None:
        return None
    id = id_in(call.tenant, str(uuid5(NAMESPACE_URL, f"waooaw metering {call.tenant}")))
    value = sha256(uuid4().bytes + uuid4().bytes).hexdigest()
    return MeteringKey(id=KEY, reference=secrets.keep(id, SecretStr(value)))
