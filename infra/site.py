"""Firebase: sign-in, the web app and the site it is hosted on."""

import pulumi
from pulumi_gcp import firebase, identityplatform, secretmanager

from infra.stack import Stack
from infra.vault import SIGN_IN_SECRETS, Vault


def declare(stack: Stack, vault: Vault) -> None:
    """Declare who can sign in and where the web app is."""
    project = firebase.Project("firebase", project=stack.project)
    after = pulumi.ResourceOptions(depends_on=[project])
    app = firebase.WebApp("web", display_name="WAOOAW", opts=after)
    firebase.HostingSite("web", site_id=stack.project, app_id=app.app_id, opts=after)
    config = identityplatform.Config(
        "sign-in",
        authorized_domains=[o.partition("://")[2].partition(":")[0] for o in _origins(stack)],
        sign_in=identityplatform.ConfigSignInArgs(
            allow_duplicate_emails=False,
            # Without a password required, this provider still takes one: there is no link alone.
            email=identityplatform.ConfigSignInEmailArgs(enabled=False, password_required=True),
            anonymous=identityplatform.ConfigSignInAnonymousArgs(enabled=False),
            phone_number=identityplatform.ConfigSignInPhoneNumberArgs(enabled=False),
        ),
        # Who is let in is invited first (infra/people.py).
        client=identityplatform.ConfigClientArgs(
            permissions=identityplatform.ConfigClientPermissionsArgs(disabled_user_signup=True)
        ),
        mfa=identityplatform.ConfigMfaArgs(
            state="ENABLED",
            provider_configs=[
                identityplatform.ConfigMfaProviderConfigArgs(
                    state="ENABLED",
                    totp_provider_config=identityplatform.ConfigMfaProviderConfigTotpProviderConfigArgs(
                        adjacent_intervals=1
                    ),
                )
            ],
        ),
        opts=after,
    )
    # Firebase wants the secret itself: Pulumi reads it from its place and keeps it encrypted.
    for provider, client_id in sorted(stack.sign_in.items()):
        secret = vault.secrets[SIGN_IN_SECRETS[provider]].secret_id
        kept = secretmanager.get_secret_version_access_output(secret=secret)
        identityplatform.DefaultSupportedIdpConfig(
            provider,
            idp_id=provider,
            client_id=client_id,
            client_secret=pulumi.Output.secret(kept.secret_data),
            enabled=True,
            opts=pulumi.ResourceOptions(depends_on=[config]),
        )


def _origins(stack: Stack) -> list[str]:
    return [stack.site, f"https://{stack.project}.firebaseapp.com", *stack.origins]
