"""The HTTP connections of this process."""

import os
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl


def pool() -> Any:
    """Return the connections of this process: a server forks after it has imported us."""
    global _shared  # noqa: PLW0603 - one pool of connections for the process
    with _sharing:
        if _shared is None or _shared[0] != os.getpid():
            import urllib3

            _shared = (
                os.getpid(),
                urllib3.PoolManager(retries=False, maxsize=32, ssl_context=context()),
            )
        return _shared[1]


@cache
def context() -> "ssl.SSLContext":
    """Return how TLS is spoken: one for all, as reading the certificates of all authorities takes longer than a request."""
    import ssl

    return ssl.create_default_context()


_shared: tuple[int, Any] | None = None
_sharing = threading.Lock()
