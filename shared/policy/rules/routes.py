"""Where the calls of trials go in place of the real ones: the one table."""

from shared.policy.models.routes import SandboxRoute

_BLOCKED = ("delete", "bulk", "mail", "sms", "payment")
_MASKED = ("email", "phone", "address")


def _integration(target: str, route: str, how: str) -> SandboxRoute:
    return SandboxRoute(
        domain="integrations",
        target=target,
        route=route,
        how=how,
        allowed=("read", "write", "dry_run"),
        blocked=_BLOCKED,
        masked=_MASKED,
        audit_tag="trial_sandbox_integration",
    )


ROUTES = (
    SandboxRoute(
        domain="ai",
        target="others",
        route="ai-mock://synthetic",
        how="A model of canned and cached answers; no live model is asked.",
        allowed=("mock-model", "offline-cache"),
        blocked=("live-model", "new-template"),
        masked=("pii", "financial", "secrets"),
        audit_tag="trial_sandbox_ai",
    ),
    _integration(
        "sendgrid",
        "provider://sendgrid/sandbox-mode",
        "The provider takes the mail and delivers it to nobody.",
    ),
    _integration(
        "twilio",
        "provider://twilio/test-credentials",
        "The provider's test credentials, which reach no phone.",
    ),
    _integration(
        "salesforce",
        "provider://salesforce/sandbox-org",
        "A shared sandbox organisation with synthetic records.",
    ),
    _integration(
        "stripe",
        "provider://stripe/test-keys",
        "The provider's test mode, with the platform's test keys.",
    ),
    _integration(
        "razorpay",
        "provider://razorpay/test-keys",
        "The provider's test mode, with the platform's test keys.",
    ),
    _integration(
        "delta_exchange_india",
        "mock://delta_exchange_india",
        "Orders are filled here, at the price that was supplied last.",
    ),
    _integration(
        "others",
        "mock://{integration_id}",
        "Recorded answers, where some were certified with the integration; without them the call is denied.",
    ),
)
