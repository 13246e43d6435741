"""
What a client may send by the API's description is taken, what it may not is refused, and nothing breaks.

Every operation is sent what its description allows and what it does not, as an account that holds its scope, with
the ids, versions and digests of what a rehearsal left and of what has come since. `FUZZ` says how many there are; the
default is a share that every run affords.
"""

import json
import os
import random
from collections import Counter, defaultdict
from datetime import timedelta
from functools import cache
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator

from local.accounts import SignIn, accounts
from local.clock import Clock
from local.server import application
from shared.actors import HOLDERS
from shared.edge.catalog import operations
from shared.edge.openapi import openapi
from shared.edge.ports import connect
from shared.edge.settings import Settings
from tests.contracts.test_description import pointer, registry
from tests.fuzz.knowing import Known, owner
from tests.fuzz.making import Maker
from tests.rehearsals.kept import rehearsed
from tests.worlds import World

__all__ = ["rehearsed"]

REQUESTS = int(os.environ.get("FUZZ", "1000"))
SEED = int(os.environ.get("SEED", "1"))
LIFTED = {"on": False, "reason": "What it was for is over."}
FORMATS = Draft202012Validator.FORMAT_CHECKER


@cache
def validator(place):
    return Draft202012Validator(
        {"$ref": f"urn:api#{place}"}, registry=registry(), format_checker=FORMATS
    )


class Fuzz:
    """Requests at random, and what is wrong with their answers."""

    def __init__(self, world, asked, seed):
        self.rnd = random.Random(seed)
        self.world, self.client = world, application(world.ports).test_client()
        self.maker = Maker(openapi()["components"]["schemas"], self.rnd)
        self.known = Known(world.ports.documents, asked, self.rnd)
        self.counts, self.findings = Counter(), defaultdict(list)

    def send(self, method, path, account, headers, body=None, kind="application/json"):
        # A session that an earlier request ended is over by now, and whoever comes has signed in again.
        self.world.now += timedelta(seconds=1)
        token = self.world.sign_in.token(account, self.world.now)
        if body is not None:
            headers = headers | {"Content-Type": kind}
        auth = {"Authorization": f"Bearer {token}"}
        return self.client.open(path, method=method, headers=headers | auth, data=body)

    def account(self, op, tenant):
        """Return somebody who may: often whoever did, seldom of another tenant than that of what they ask about."""
        did = self.known.asked[op.id].account
        if did and self.rnd.random() < 0.5:
            return did
        able = [a for a in accounts() if any(a.partition("@")[0] in HOLDERS[s] for s in op.scopes)]
        near = [one for one in able if one.endswith(f"@{tenant}")]
        return self.rnd.choice(near if near and self.rnd.random() < 0.95 else able or accounts())

    def one(self, op, *, valid):
        """Send one request, and judge its answer."""
        described = openapi()["paths"][op.path][op.method.lower()]
        sent = self._sent(op, described, valid=valid)
        if sent is None:
            return
        path, headers, body, told, tenant = sent
        kind = "application/json" if not op.content else "application/octet-stream"
        answer = self.send(op.method, path, self.account(op, tenant), headers, body, kind)
        self.counts["valid" if valid else "invalid"] += 1
        self.counts[answer.status_code] += 1
        if op.id == "policy.set_freeze" and answer.status_code == 200:
            # What comes after is looked at, and not refused as one.
            self.send(op.method, path, "governor", {}, json.dumps(LIFTED))
        for fault in self._faults(op, described, answer, valid=valid):
            self.findings[f"{fault}"].append(
                f"{op.id} {path[:200]} {headers} {str(body)[:300]} [{told}] -> {answer.status_code} {answer.data[:300]}"
            )

    def _sent(self, op, described, *, valid):
        """Return the address, headers and body of a request, what is wrong with it, and whose thing it is about."""
        parts = [("body", None)] if described.get("requestBody") and not op.content else []
        # Where only headers are left, one of them is spoiled.
        parts += [("parameter", one) for one in described["parameters"] if one["in"] != "path"]
        wrong = None if valid else parts[0] if self.rnd.random() < 0.5 else self.rnd.choice(parts)
        path, query, headers, body, told = op.path, [], {}, None, ""
        named, about = self.known.path(op)
        for at, one in enumerate(described["parameters"]):
            place = pointer("paths", op.path, op.method.lower(), "parameters", str(at), "schema")
            spoil = wrong is not None and wrong[1] is one
            if not (one["in"] == "path" or spoil or self._said(one)):
                continue
            several = one["schema"].get("type") == "array"
            schema = one["schema"]["items"] if several else one["schema"]
            place += "/items" if several else ""
            text = self._parameter(schema, place, spoil=spoil)
            if text is None:
                return None
            told += f" {one['name']}={text[:40]!r}" if spoil else ""
            if one["in"] == "path":
                text = named[one["name"]] if self.rnd.random() < 0.97 else text
                path = path.replace(f"{{{one['name']}}}", quote(text, safe=""))
            elif one["in"] == "query":
                times = self.rnd.choice([1, 1, 2]) if several else 1
                query += [f"{one['name']}={quote(text, safe='')}"] * times
            else:
                seen = one["name"] == "If-Match" and about and about.data.get("version_hash")
                seen = None if spoil else seen
                headers[one["name"]] = f'"{seen}"' if seen and self.rnd.random() < 0.8 else text
        if op.content:
            body = b"%PDF-1.4"
        elif described.get("requestBody"):
            body = self._body(op, about, spoil=wrong is not None and wrong[0] == "body")
            if body is None:
                return None
        address = path + ("?" + "&".join(query) if query else "")
        return address, headers, body, told, owner(about)

    def _said(self, parameter):
        return parameter["required"] or self.rnd.random() < (
            0.2 if parameter["in"] == "header" else 0.5
        )

    def _body(self, op, about, *, spoil):
        place = pointer(
            *("paths", op.path, op.method.lower(), "requestBody", "content"),
            *("application/json", "schema"),
        )
        schema = openapi()["paths"][op.path][op.method.lower()]["requestBody"]["content"][
            "application/json"
        ]
        for _ in range(20):
            value = (
                schema["example"] if self.rnd.random() < 0.2 else self.maker.value(schema["schema"])
            )
            value = self.known.body(op, value, about)
            value = self.maker.spoiled(value) if spoil else value
            if validator(place).is_valid(value) != spoil:
                return json.dumps(value)
        self.counts["given up"] += 1
        return None

    def _parameter(self, schema, place, *, spoil):
        """Return a parameter as text: what it says in JSON where it is no text, else itself."""
        for _ in range(20):
            value = self.maker.value(schema)
            if spoil:
                text = self.rnd.choice(
                    [
                        "",
                        "5.0",
                        "1_0",
                        "-1",
                        "+5",
                        "0.5",
                        "٣",
                        "x" * 300,
                        "a b",
                        "null",
                        "[]",
                        "True",
                    ]
                )
            else:
                text = value if isinstance(value, str) else json.dumps(value)
            if _says(validator(place), text) != spoil and text.isprintable() and text.isascii():
                return text
        return None

    def _faults(self, op, described, answer, *, valid):
        status = str(answer.status_code)
        if answer.status_code >= 500:
            yield "5xx"
        if status not in described["responses"]:
            yield f"{status} is not declared"
        elif answer.status_code >= 400:
            if answer.mimetype != "application/problem+json":
                yield "a refusal that is no problem"
        elif self.rnd.random() < 0.2:
            kinds = described["responses"][status]["content"]
            if answer.mimetype not in {kind.partition(";")[0] for kind in kinds}:
                yield "another media type"
            elif answer.mimetype == "application/json":
                place = pointer(
                    *("paths", op.path, op.method.lower(), "responses", status, "content"),
                    *("application/json", "schema"),
                )
                for error in validator(place).iter_errors(answer.json):
                    yield f"an answer is not as described: {op.id} {error.json_path} {error.message[:100]}"
        if valid and _by_form(answer):
            yield f"what the schema allows is refused: {answer.json['detail'][:60]}"
        if not valid and answer.status_code < 300:
            yield "what the schema forbids is taken"


def _says(valid, text):
    """Say whether a text is a value that a schema allows: itself, or what it says in JSON."""
    if valid.is_valid(text):
        return True
    try:
        value = json.loads(text)
    except ValueError:
        return False
    # A whole number is written in one way, as JSON writes it.
    return (
        not isinstance(value, str | float) and json.dumps(value) == text and valid.is_valid(value)
    )


def _by_form(answer):
    """Say whether a request is refused for what a schema could say, and not by a rule of what it is about."""
    if answer.status_code not in {400, 413, 415, 422}:
        return False
    rules = {one["rule"] for one in answer.json.get("violations", [])}
    return not rules or "schema" in rules


@pytest.fixture
def fuzz(rehearsed, tmp_path):
    data = rehearsed.copied(tmp_path / "data")
    settings = Settings({"DATA": str(data)})
    world = World(None, SignIn(settings), Clock(data / "clock").now())
    world.ports = connect(settings, lambda: world.now)
    yield Fuzz(world, rehearsed.seen.requests, SEED)
    world.ports.documents.close()


def test_what_may_be_sent_is_taken_what_may_not_is_refused_and_nothing_breaks(fuzz):
    while fuzz.counts["valid"] + fuzz.counts["invalid"] < REQUESTS:
        fuzz.known.look()
        for op in operations():
            for valid in (True, False):
                fuzz.one(op, valid=valid)
    print(f"\n{dict(fuzz.counts)}")  # noqa: T201
    found = {fault: (len(cases), cases[:3]) for fault, cases in fuzz.findings.items()}
    assert not found, "\n".join(
        f"{count} × {fault}\n  " + "\n  ".join(cases) for fault, (count, cases) in found.items()
    )[:20000]
