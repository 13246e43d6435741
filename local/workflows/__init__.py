"""Run Cloud Workflows sources durably on this machine."""

from local.workflows.errors import LoadError, LockedError, UnavailableError
from local.workflows.http import Home
from local.workflows.records import MissingError
from local.workflows.runtime import Runtime

__all__ = ["Home", "LoadError", "LockedError", "MissingError", "Runtime", "UnavailableError"]
