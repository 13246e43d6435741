"""
Who may do what: ``python -m infra.people grant EMAIL ROLE[@TENANT] PROJECT``, and ``revoke`` likewise.

``invite EMAIL PROJECT`` comes first: nobody signs up by themselves. It is how the first administrator gets in; the claims are those that the edge reads (shared/edge/auth.py).
"""

import argparse
import re
from typing import Any

from firebase_admin import App, auth, initialize_app
from firebase_admin.credentials import Base

from infra.administering import credentials, explained
from shared.actors import OF_CUSTOMERS, OF_PEOPLE, PLATFORM, TENANT, Role


class Administrator(Base):  # type: ignore[misc]
    """Whoever is signed in, as Firebase's own library asks for them."""

    def __init__(self, project: str) -> None:
        """Administer a project."""
        self._found = credentials(project)

    def get_credential(self) -> Any:
        """Return their credentials as Google's own."""
        return self._found


def invite(email: str, app: App) -> None:
    """
    Let somebody sign in with a provider that vouches for their address; until then it is not verified.

    Raises:
        SystemExit: There is somebody of that address.
    """
    try:
        auth.create_user(email=email, email_verified=False, app=app)
    except auth.EmailAlreadyExistsError as error:
        raise SystemExit(f"{email} is invited already") from error


def grant(email: str, role: Role, tenant: str, app: App) -> None:
    """
    Give somebody who has signed in once a role, beside those they have in the same tenant.

    Raises:
        SystemExit: There is nobody of that address, nobody has shown that it is theirs, or the role is not one
            for a person of that tenant.
    """
    if role not in OF_PEOPLE:
        raise SystemExit(f"no person is {role.value}; it is the role of a service account")
    if (role in OF_CUSTOMERS) == (tenant == PLATFORM):
        where = "a customer's tenant" if role in OF_CUSTOMERS else f"the tenant {PLATFORM}"
        raise SystemExit(f"{role.value} is a role of {where}; write {role.value}@TENANT")
    user = _user(email, app)
    if not user.email_verified:
        raise SystemExit(f"{email} is not verified; have them sign in once, with a provider")
    before = user.custom_claims or {}
    kept = set(before.get("roles", ())) if before.get("tenant") == tenant else set()
    claims = before | {"tenant": tenant, "roles": sorted(kept | {role.value})}
    auth.set_custom_user_claims(user.uid, claims, app)


def revoke(email: str, role: Role, tenant: str, app: App) -> None:
    """
    Take a role from somebody, and the renewal of their tokens; nothing is left of their last one.

    Raises:
        SystemExit: There is nobody of that address, or they do not have the role in that tenant.
    """
    user = _user(email, app)
    before = user.custom_claims or {}
    roles = set(before.get("roles", ()))
    if before.get("tenant") != tenant or role.value not in roles:
        raise SystemExit(f"{email} is no {role.value} of {tenant}; there is nothing to take")
    left = sorted(roles - {role.value})
    kept = {name: value for name, value in before.items() if name not in {"tenant", "roles"}}
    claims = kept | ({"tenant": tenant, "roles": left} if left else {})
    auth.set_custom_user_claims(user.uid, claims, app)
    auth.revoke_refresh_tokens(user.uid, app)


def _user(email: str, app: App) -> auth.UserRecord:
    try:
        return auth.get_user_by_email(email, app)
    except auth.UserNotFoundError as error:
        raise SystemExit(
            f"nobody is {email} yet; invite them, and have them sign in once"
        ) from error


def named(text: str) -> tuple[Role, str]:
    """Read ``ROLE`` or ``ROLE@TENANT``."""
    name, _, tenant = text.partition("@")
    tenant = tenant or PLATFORM
    if not re.fullmatch(TENANT, tenant):
        raise argparse.ArgumentTypeError(f"{tenant!r} is no name of a tenant")
    try:
        return Role(name), tenant
    except ValueError as error:
        known = ", ".join(sorted(OF_PEOPLE))
        raise argparse.ArgumentTypeError(f"there is no role {name}; there are {known}") from error


def main() -> None:
    """Grant one role, or take it away."""
    parser = argparse.ArgumentParser(prog="python -m infra.people", description="Who may do what.")
    commands = parser.add_subparsers(required=True)
    for does, told, what in (
        (grant, "give somebody a role", "is granted; it counts from the next sign-in"),
        (
            revoke,
            "take a role from somebody",
            "is taken; tokens of the last hour name it still; POST /v1/admin/users/{id}/sessions/end",
        ),
    ):
        command = commands.add_parser(does.__name__, help=told)
        command.add_argument("email")
        command.add_argument("role", type=named, metavar="ROLE[@TENANT]")
        command.add_argument("project", help="the Google Cloud project")
        command.set_defaults(does=does, what=what)
    command = commands.add_parser("invite", help="let somebody sign in")
    command.add_argument("email")
    command.add_argument("project", help="the Google Cloud project")
    given = parser.parse_args()
    app = initialize_app(Administrator(given.project), {"projectId": given.project})
    with explained(given.project):
        if "does" not in given:
            invite(given.email, app)
            print(f"{given.email} may sign in, with a provider that vouches for the address")
            return
        role, tenant = given.role
        given.does(given.email, role, tenant, app)
    print(f"{role.value} of {tenant} {given.what}")


if __name__ == "__main__":
    main()
