"""A platform in the middle of a deployment: its functions run in this release and in the next, side by side."""

import json
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from dataclasses import replace

import local.dispatcher
import local.timers
from local.platform import Platform
from shared.edge.catalog import operations
from shared.edge.meter import Count
from tests.rolling.host import AUTHKEY, Cloud, Host
from tests.rolling.losses import bare

RELEASES = ("this", "next")
OPERATIONS = {
    (method, f"{prefix}{op.path}"): op.id
    for op in operations()
    for method in op.methods
    for prefix in ("", f"/functions/{op.function_name}")
}
"""Which operation serves a method at an address, the public one and its own."""


class Deployment(Platform):
    """The cloud of two releases: the store, the bus, the workflows and the clock, and no function itself."""

    def __init__(self, data, **more):
        """Begin with every function in the release before."""
        super().__init__(data, **more)
        self.route = lambda _: "this"
        """Which release serves a function, by its name; asked for each call."""

        self.served, self.calls = defaultdict(set), Counter()
        """Which releases have served a function, and how often it was called."""

        self._hosts = {}
        relay = _Relay(self._called)
        self.ports = replace(self.ports, entry_relay=relay, due_relay=relay)
        self.relay._ports = self.dues._ports = self.ports

    def start(self):
        """Start both releases and the cloud."""
        Cloud.register("bus", lambda: self.bus)
        Cloud.register("clock", lambda: self.clock)
        Host.register("functions")
        server = Cloud(("127.0.0.1", 0), AUTHKEY).get_server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        given = {"cloud": server.address, "environ": dict(self.settings.environ)}
        self.sign_in.publish()
        for release in RELEASES:
            self._hosts[release] = _Process(release, given)
        self._own = local.dispatcher.deliver, local.timers.woken
        local.dispatcher.deliver, local.timers.woken = self._deliver, self._run
        return super().start()

    def stop(self):
        """Stop the cloud, and both releases."""
        super().stop()
        local.dispatcher.deliver, local.timers.woken = self._own
        for host in self._hosts.values():
            host.end()

    def withdraw(self, release):
        """End a release: nothing runs in it any more."""
        self._hosts[release].end()

    def lost(self):
        """Return which members of the other release were lost in what one of them wrote."""
        return [f"{name}: {one}" for name, host in self._hosts.items() for one in host.lost()]

    def call(self, function, method, *given):
        """Have a function's call run in the release that serves it now."""
        done = self._called(function, method, *given)
        # What another process committed, this one notices by looking.
        self.relay.ask()
        self.dues.ask()
        return done

    def _called(self, function, method, *given):
        release = self.route(function)
        self.served[function].add(release)
        self.calls[function] += 1
        self.meter.most.setdefault(function, Count())
        return getattr(self._hosts[release].functions, method)(*given)

    def _deliver(self, reaction, message, ports):
        return self.call(reaction.id, "deliver", reaction.id, message)

    def _run(self, reaction, ports):
        return self.call(reaction.id, "woken", reaction.id)

    def _app(self):
        app = super()._app()
        local_app = app.wsgi_app

        def routed(environ, start_response):
            rule = app.url_map.bind_to_environ(environ)
            op = OPERATIONS.get((environ["REQUEST_METHOD"], rule.test() and rule.match()[0]))
            if op:
                return self._answered(op, environ, start_response)
            return local_app(environ, start_response)

        app.wsgi_app = routed
        return app

    def _answered(self, op, environ, start_response):
        body = environ["wsgi.input"].read()
        if environ["PATH_INFO"].startswith("/v1/"):
            body = _of_this_release(body)
        plain = {name: value for name, value in environ.items() if isinstance(value, str)}
        plain |= {"CONTENT_LENGTH": str(len(body))} if body else {}
        plain |= {name: environ[name] for name in ("wsgi.version", "wsgi.multithread")}
        call = self._called if environ["REQUEST_METHOD"] == "GET" else self.call
        answer, status, headers = call(op, "serve", op, plain, body)
        start_response(status, headers)
        return [answer]


def _of_this_release(body):
    """Return a body as a client sends it who knows this release, and leaves out what it does not know."""
    return json.dumps(bare(json.loads(body))).encode() if body.startswith(b"{") else body


class _Relay:
    """The relay, which is a function as well."""

    def __init__(self, called):
        self._called = called

    def sweep(self):
        return self._called("events.publish_entry", "sweep")

    def release_dues(self):
        return self._called("events.release_dues", "release_dues")


class _Process:
    """A release in a process of its own."""

    def __init__(self, release, given):
        command = [sys.executable, "-m", "tests.rolling.host", release]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        host = Host(tuple(json.loads(self._process.stdout.readline())), AUTHKEY)
        host.connect()
        self.functions = host.functions()

    @property
    def runs(self):
        return self._process.poll() is None

    def lost(self):
        if self.runs:
            self._lost = self.functions.lost()
        return self._lost

    def end(self):
        self.lost()
        self._process.terminate()
        self._process.wait(timeout=20)
        self._process.stdin.close()
        self._process.stdout.close()
