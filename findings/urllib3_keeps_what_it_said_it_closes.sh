#!/usr/bin/env bash
# urllib3 2.8.0 (and http.client beneath it): after a request that said `Connection: close` the next one goes over the same connection.
#
# RFC 9112 section 9.6: who sends the option MUST NOT send further requests on that connection. But only what the answer says is looked at, so
# with a server that honours the option and does not repeat it in its answer, which it only SHOULD, the connection goes back into the pool.
# The server closes it at about that moment: the next request is either sent on a connection that nobody reads any more, which looks like
# one that was done and whose answer was lost, or, where the end was already seen, on a new one. Here the server waits, to show it every time.
# So whoever must know whether a request left makes a connection for each, and closes it.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check urllib3==2.8.0
env/bin/python - <<'PYTHON'
import http.client
import socket
import threading

import urllib3

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def counted(ask):
    """Ask twice, and return how many connections came, and how many requests on each."""
    listening, heard = socket.create_server(("127.0.0.1", 0)), []

    def serve(line, number):
        while said := line.recv(65536):
            assert b"connection: close\r\n" in said.lower()
            heard[number] += 1
            line.sendall(ANSWER)

    def take():
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            heard.append(0)
            threading.Thread(target=serve, args=(line, len(heard) - 1), daemon=True).start()

    threading.Thread(target=take, daemon=True).start()
    ask(listening.getsockname()[1])
    listening.shutdown(socket.SHUT_RDWR)
    return heard


def by_urllib3(port):
    pool = urllib3.PoolManager(retries=False)
    for _ in range(2):
        url = f"http://127.0.0.1:{port}/"
        assert pool.request("POST", url, headers={"Connection": "close"}).status == 200


def by_http_client(port):
    line = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(2):
        line.request("POST", "/", headers={"Connection": "close"})
        assert line.getresponse().read() == b"ok"
    line.close()


for name, ask in (("urllib3", by_urllib3), ("http.client", by_http_client)):
    seen = counted(ask)
    print(f"{name:12} requests by connection: {seen}")
    assert seen == [2], seen
PYTHON
