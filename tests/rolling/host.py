"""
A process that runs all functions of one release, as the cloud would: over the store that both share.

``python -m tests.rolling.host RELEASE`` reads what it needs from standard input and says where it is.
"""

import json
import os
import sys
import threading
from dataclasses import replace
from io import BytesIO
from multiprocessing.managers import BaseManager

AUTHKEY = b"rolling"


class Cloud(BaseManager):
    """What the functions of every release reach: the one bus and the one clock."""


class Host(BaseManager):
    """The functions of one release."""


class Functions:
    """Operations and reactions, called from another process."""

    def __init__(self, environ, cloud):
        """Connect to the store that the environment names, and to the cloud."""
        from local.accounts import SignIn
        from local.server import application
        from shared.edge.dependencies import PortDependencies
        from shared.edge.ports import connect
        from shared.edge.settings import Settings
        from shared.edge.sqlite import SqliteDocuments
        from shared.edge.workflows import WorkflowExecutions
        from tests.rolling.losses import Watched

        settings, clock = Settings(environ), cloud.clock()
        sign_in = SignIn(settings)
        self.documents = Watched(SqliteDocuments(settings.data / "store.db"))
        ports = connect(settings, clock.now, self.documents, cloud.bus())

        def token():
            return sign_in.service_token("events", clock.now())

        self.ports = replace(
            ports,
            workflows=WorkflowExecutions(settings, token),
            dependencies=PortDependencies(
                settings,
                self.documents,
                ports.signer,
                token,
                enforcing=lambda: ports.enforcement.state(clock.now()),
            ),
        )
        self.app = application(self.ports)

    def serve(self, function, environ, body):
        """Answer a request."""
        from werkzeug.test import run_wsgi_app

        given = {**environ, "wsgi.input": BytesIO(body), "wsgi.errors": sys.stderr}
        with self.documents.doing(function):
            answer, status, headers = run_wsgi_app(self.app.wsgi_app, given, buffered=True)
        return b"".join(answer), status, list(headers)

    def deliver(self, reaction, message):
        """Run a reaction for a message."""
        from shared.edge.delivery import deliver

        with self.documents.doing(reaction):
            return deliver(self._reaction(reaction), message, self.ports)

    def woken(self, reaction):
        """Run a reaction that has a schedule."""
        from shared.edge.delivery import woken

        with self.documents.doing(reaction):
            return woken(self._reaction(reaction), self.ports)

    def sweep(self):
        """Publish what was committed."""
        return self.ports.entry_relay.sweep()

    def release_dues(self):
        """Hand over the promises that came due."""
        return self.ports.due_relay.release_dues()

    def lost(self):
        """Return which members of the other release were lost in what this one wrote."""
        return self.documents.lost

    def _reaction(self, id):
        from shared.edge.catalog import reactions

        return next(one for one in reactions() if one.id == id)


def main(release):
    """Serve until standard input ends."""
    if release == "next":
        from tests.rolling.next_release import install

        install()
    given = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    Cloud.register("bus")
    Cloud.register("clock")
    cloud = Cloud(tuple(given["cloud"]), AUTHKEY)
    cloud.connect()
    functions = Functions(given["environ"], cloud)
    Host.register("functions", lambda: functions)
    server = Host(("127.0.0.1", 0), AUTHKEY).get_server()
    print(json.dumps(server.address), flush=True)  # noqa: T201 - this is how it says where it is
    server.serve_forever()


def _end_with_the_caller():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
