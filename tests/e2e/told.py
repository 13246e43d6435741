"""The examples of the API's description, sent as they stand: one story in which each is taken."""

import json
from functools import cache

from shared.edge.openapi import openapi
from shared.examples import NAMES
from shared.operation import deployed


@cache
def described():
    """Return every operation by its id: method, path and description."""
    return {
        said["operationId"]: (method.upper(), path, said)
        for path, item in openapi()["paths"].items()
        for method, said in item.items()
    }


class Story:
    """Sends examples, with what this run knows in place of what stands for it."""

    def __init__(self, scene):
        self.scene, self.client, self.known, self.sent = scene, scene.client, {}, {}

    def knows(self, **values):
        """Remember what a name of the examples is in this run."""
        self.known |= values

    def placed(self, value):
        """Return a value of an example as this run has it."""
        text = json.dumps(value)
        for stands, name in NAMES.items():
            if stands in text:
                assert name in self.known, f"the story does not know {name} yet"
                text = text.replace(stands, self.known[name])
        return json.loads(text)

    def send(self, operation, who, /, *, version=None, sign=None, tenant=None, **changes):
        """
        Send the example of an operation, which must be taken.

        Args:
            operation: Its id.

            who: The account that sends it.

            version: What it replaces, for what must say so.

            sign: What signs the body, where a phone does.

            tenant: The tenant, where a service says which.

            changes: What another than the first request of an operation says instead.
        """
        method, path, said = described()[operation]
        for one in said["parameters"]:
            if one["in"] == "path":
                value = changes.pop(one["name"], one["example"])
                path = path.replace(f"{{{one['name']}}}", str(self.placed(value)))
        content = said.get("requestBody", {"content": {}})["content"].get("application/json")
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        headers |= {"X-Tenant-ID": tenant} if tenant else {}
        more = {}
        if content:
            if sign:
                self.known |= {"SIGNATURE": "A" * 86}
            body = self.placed(content["example"] | changes)
            more = {"json": sign(body) if sign else body}
        self.client.sign_in(who)
        answer = self.client.send(who, method, path, headers, **more)
        self.sent.setdefault(operation, set()).add(str(who))
        return answer

    def look(self, operation, who):
        """Read what an operation shows, at the path of its example."""
        _, path, said = described()[operation]
        for one in said["parameters"]:
            if one["in"] == "path":
                path = path.replace(f"{{{one['name']}}}", str(self.placed(one["example"])))
        self.client.sign_in(who)
        headers = {"Authorization": f"Bearer {self.client._tokens[who]}"}
        if "text/event-stream" in said["responses"]["200"]["content"]:
            # The function answers at once what a server of this machine goes on with.
            path = f"/functions/{deployed(operation)}{path}"
        answer = self.client._pool.request("GET", self.client._address + path, headers=headers)
        self.sent.setdefault(operation, set()).add(str(who))
        return answer.status
