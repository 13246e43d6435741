#!/usr/bin/env bash
# urllib3 2.8.0: a refused connection is raised as a time-out.
#
# Seen: `NewConnectionError`, which is raised at once where nobody listens, is a subclass of `ConnectTimeoutError`
# and so of `TimeoutError`. Whoever catches `TimeoutError` to tell silence from an answer takes "nobody is
# there" for "nothing came in time", though no time has passed.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check urllib3==2.8.0
env/bin/python - <<'PYTHON'
import socket
import time

import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, TimeoutError

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
started = time.monotonic()
try:
    urllib3.PoolManager().request("GET", f"http://127.0.0.1:{port}", retries=False, timeout=5.0)
except TimeoutError as error:
    assert type(error) is NewConnectionError, type(error)
else:
    raise SystemExit("it is no time-out any more")
assert time.monotonic() - started < 1
assert issubclass(NewConnectionError, ConnectTimeoutError)
PYTHON
