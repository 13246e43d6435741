"""
Who may do what: ``python -m infra.people grant EMAIL ROLE[@TENANT] PROJECT``.

It is how the first administrator gets in; the claims are those that the edge reads (shared/edge/auth.py).
"""

import argparse
import re

from firebase_admin import App, auth, initialize_app

from shared.identity import PLATFORM, TENANT, Role

CUSTOMERS = {Role.CUSTOMER_ADMIN, Role.CUSTOMER_USER}
NOBODY = {Role.SERVICE, Role.GENESIS, Role.SYSTEMS_ARCHITECT, Role.VISION_GUARDIAN}
"""Roles that no person has."""


def grant(email: str, role: Role, tenant: str, app: App) -> None:
    """
    Give somebody who has signed in once a role, beside those they have in the same tenant.

    Raises:
        SystemExit: There is nobody of that address, or the role is not one for a person of that tenant.
    """
    if role in NOBODY:
        raise SystemExit(f"no person is {role.value}; it is the role of a service account")
    if (role in CUSTOMERS) == (tenant == PLATFORM):
        where = "a customer's tenant" if role in CUSTOMERS else f"the tenant {PLATFORM}"
        raise SystemExit(f"{role.value} is a role of {where}; write {role.value}@TENANT")
    try:
        user = auth.get_user_by_email(email, app)
    except auth.UserNotFoundError as error:
        raise SystemExit(f"nobody signed in as {email} yet; have them sign in once") from error
    before = user.custom_claims or {}
    kept = set(before.get("roles", ())) if before.get("tenant") == tenant else set()
    claims = before | {"tenant": tenant, "roles": sorted(kept | {role.value})}
    auth.set_custom_user_claims(user.uid, claims, app)


def named(text: str) -> tuple[Role, str]:
    """Read ``ROLE`` or ``ROLE@TENANT``."""
    name, _, tenant = text.partition("@")
    tenant = tenant or PLATFORM
    if not re.fullmatch(TENANT, tenant):
        raise argparse.ArgumentTypeError(f"{tenant!r} is no name of a tenant")
    try:
        return Role(name), tenant
    except ValueError as error:
        known = ", ".join(sorted(set(Role) - NOBODY))
        raise argparse.ArgumentTypeError(f"there is no role {name}; there are {known}") from error


def main() -> None:
    """Grant one role."""
    parser = argparse.ArgumentParser(prog="python -m infra.people", description="Who may do what.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("grant", help="give somebody a role")
    command.add_argument("email")
    command.add_argument("role", type=named, metavar="ROLE[@TENANT]")
    command.add_argument("project", help="the Google Cloud project")
    given = parser.parse_args()
    role, tenant = given.role
    grant(given.email, role, tenant, initialize_app(options={"projectId": given.project}))
    print(f"{role.value} of {tenant} is granted; it counts from the next sign-in")


if __name__ == "__main__":
    main()
