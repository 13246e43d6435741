"""Stand-ins for services of Google Cloud, in one file, so that connectors work offline."""

from local.workflows.services.local import LocalServices

__all__ = ["LocalServices"]
