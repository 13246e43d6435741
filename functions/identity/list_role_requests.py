from typing import Annotated, Literal

from pydantic import Field

from shared.actors import Scope
from shared.identity.models import RoleRequest
from shared.operation import Call, operation
from shared.queries import Page, Paging


class WhichRoleRequests(Paging):
    """Which requests."""

    status: Annotated[
        tuple[Literal["open", "granted", "refused", "closed"], ...], Field(max_length=4)
    ] = ()
    """Only those of which this became, or one of these; any where none is named."""


@operation("GET", "/v1/role-requests", scopes={Scope.USERS_READ}, audited=False)
def list_role_requests(call: Call, which: WhichRoleRequests) -> Page[RoleRequest]:
    """List who of the caller's tenant asked for which role, the newest first."""
    with call.transaction() as txn:
        return txn.page(RoleRequest, which, order="-created_at", **which.tests())
