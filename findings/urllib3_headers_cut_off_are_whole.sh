#!/usr/bin/env bash
# urllib3 2.8.0 (and http.client beneath it): an answer whose connection ends in the middle of its headers is a whole one.
#
# The headers end where the connection does, and the last line counts as far as it came. Where Content-Length was yet to come, the body is
# empty and the status is 200: nothing tells it from an answer without a body. A body that is cut off raises IncompleteRead, so one expects
# the same of headers.
# So whoever ends a connection because its time is over must remember that they did: the answer will not say so.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check urllib3==2.8.0
env/bin/python - <<'PYTHON'
import socket
import threading

import urllib3

WHOLE = b"HTTP/1.1 200 OK\r\nX-Kind: first\r\nContent-Length: 5\r\n\r\nhello"


def asked(sent):
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        line, _ = listening.accept()
        line.recv(65536)
        line.sendall(sent)
        line.close()

    thread = threading.Thread(target=serve)
    thread.start()
    port = listening.getsockname()[1]
    try:
        answer = urllib3.PoolManager(retries=False).request("GET", f"http://127.0.0.1:{port}/")
        return answer.status, dict(answer.headers), answer.data
    except urllib3.exceptions.HTTPError as error:
        return type(error).__name__
    finally:
        thread.join()
        listening.close()


for cut, expected in [
    (len(WHOLE), (200, {"X-Kind": "first", "Content-Length": "5"}, b"hello")),
    (WHOLE.index(b"llo"), "ProtocolError"),
    (WHOLE.index(b"Content-Length"), (200, {"X-Kind": "first"}, b"")),
    (WHOLE.index(b"st\r\n"), (200, {"X-Kind": "fir"}, b"")),
]:
    seen = asked(WHOLE[:cut])
    print(f"{WHOLE[:cut][-22:]!r:40} {seen}")
    assert seen == expected, seen
PYTHON
