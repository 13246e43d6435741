"""An execution that waits for a callback, and the call."""

from typing import Any

from local.workflows import Runtime

from .conftest import Web, until

WAIT = """
main:
  params: [a]
  steps:
    - open: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: cb}
    - tell: {call: http.put, args: {url: '${sys.get_env("API") + "/tell"}', body: '${cb.url}'}}
    - wait:
        try: {call: events.await_callback, args: {callback: '${cb}', timeout: 86400}, result: got}
        except: {as: e, steps: [{r: {return: '${e.tags[0]}'}}]}
    - after: {call: http.get, args: {url: '${sys.get_env("API") + "/after"}'}}
    - r2: {return: '${got.http_request.body}'}
"""


def waiting(runtime: Runtime, web: Web, source: str = WAIT) -> tuple[str, list[str]]:
    """Start an execution and return its id and the parts of the callback it waits for."""
    runtime.deploy("wait", source)
    count = web.paths().count("tell")
    execution = runtime.execute("wait", None)
    until(lambda: web.paths().count("tell") > count and runtime.idle())
    return execution, web.told().split("/")


def call(runtime: Runtime, parts: list[str], body: Any = None, method: str = "POST") -> None:
    runtime.callbacks.take(parts[-5], parts[-3], parts[-1], method, {"body": body})
