"""The phone is tested over HTTP, too."""

from tests.kernel.conftest import keys, world

__all__ = ["keys", "world"]
