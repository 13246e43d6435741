"""The contracts are checked over HTTP, as the kernel's tests are."""

from tests.kernel.conftest import keys, world

__all__ = ["keys", "world"]
