"""
Two customers who have a document of every kind, and somebody of one who wants what the other has.

What the rehearsal left on the platform is given to both customers, each with ids, hashes and words of their own, and
so are its requests: for every operation one that was answered well, about the documents of either.
"""

import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_OID, uuid4, uuid5

from benchmarks.rehearsal import Asked
from local.accounts import SignIn
from local.clock import Clock
from local.rows import everything
from local.server import application
from local.streams import Streams
from shared.actors import PLATFORM, Actor, Role
from shared.documents import Query
from shared.edge.catalog import operations
from shared.edge.ports import connect
from shared.edge.settings import Settings
from shared.entity import Entity, Event, Id
from shared.operation import Call
from tests import golden

OWNER, OTHER = "acme", "globex"
INSIDER = "X-Insider"
"""The header of a request that comes, in these tests, from somebody who has every role a tenant could give."""

UUID = re.compile(r"(?<![0-9a-f.-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f-])")
ANY_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
DIGEST = re.compile(r"[0-9a-f]{64}")
BETWEEN = {
    "deliveries",
    "dues",
    "events",
    "guards",
    "idempotency",
    "inbox",
    "principals",
    "verification_keys",
}
"""What is about messages, keys, callers and what was asked for, and is nobody's document."""


class Settled(Event, action="tests.settled", category="configuration_change"):
    """A customer was given a document."""


@dataclass(frozen=True)
class Answer:
    """What came back, and what it left behind."""

    status: int
    text: str
    """The body and the headers."""

    body: object
    writes: list[tuple[str, str]]
    """The tenants and collections that were written."""


@dataclass
class Court:
    """The platform with both customers, and whoever sends requests to it."""

    ports: object
    sign_in: SignIn
    now: datetime
    asked: dict[str, Asked]
    data: Path
    cases: Counter[str] = field(default_factory=Counter)
    secrets: dict[str, set[str]] = field(default_factory=dict)
    """By tenant, the ids and hashes of its documents."""

    def __post_init__(self):
        self.written, self._known = [], self.ports.identify
        self.ports.identify = self._identify
        self.ports.documents.on_commit(self.written.extend)
        streams = Streams(ping_s=0.01, life_s=0.05)
        self.ports.documents.on_commit(streams.take)
        self.web = application(self.ports, streams.held).test_client()

    def send(self, who, method, path, body=None, **headers):
        """Send a request as a demo account, or as the ``insider@TENANT``."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if who.partition("@")[0] in {"insider", "colleague"}:
            headers[INSIDER] = who
        elif who:
            headers["Authorization"] = f"Bearer {self.sign_in.token(who, self.now)}"
        kind = headers.pop("Content-Type", "application/json" if body else None)
        self.written.clear()
        answer = self.web.open(path, method=method, data=body, headers=headers, content_type=kind)
        writes = [(write.key.tenant, write.key.collection) for write in self.written]
        text = answer.get_data(as_text=True) + str(answer.headers)
        answer.close()
        return Answer(answer.status_code, text, answer.get_json(silent=True), writes)

    def request(self, op, tenant):
        """Return the operation's request of the rehearsal, about a tenant's documents."""
        asked = self.asked[op.id]
        headers = {n: v for n, v in asked.headers.items() if n == "Content-Type"}
        if "If-Match" in asked.headers:
            headers["If-Match"] = asked.headers["If-Match"]
        try:
            body = asked.body.decode()
        except UnicodeDecodeError:
            return asked.method, owned(asked.path, tenant), asked.body, headers
        return asked.method, owned(asked.path, tenant), self.told(body, tenant), headers

    def told(self, body, tenant):
        """Return a body that names the documents of a tenant instead of the platform's."""
        if tenant == PLATFORM:
            return body
        return UUID.sub(lambda m: own(m[0], tenant) if m[0] in self.platform else m[0], body)

    def of_entry(self, tenant):
        """Return what signs an entry of a tenant: a key, and a signature by it of something else."""
        found = self.ports.documents.find(tenant, Query("events", limit=1))
        return found[0].data["kid"], found[0].data["sig"]

    def uploads(self):
        """Return every document that was uploaded."""
        return [file for file in (self.data / "uploads").rglob("*") if file.is_file()]

    def wrong(self, kind, what, answer, *, statuses, sent="", by=OTHER, of=OWNER):
        """Count a case, and say what is wrong with its answer, if anything is."""
        self.cases[kind] += 1
        if answer.status not in statuses:
            yield f"{kind}: {what} is answered {answer.status}: {answer.text[:200]}"
        leaked = self.leaked(answer.text, sent, of)
        if leaked:
            yield f"{kind}: {what} is told {sorted(leaked)[:3]}"
        written = {tenant for tenant, _ in answer.writes} - {by}
        if written:
            yield f"{kind}: {what} wrote {answer.writes}"

    def leaked(self, text, sent="", of=OWNER):
        """Return what of a tenant's stands in a text and was not sent there."""
        found = {*ANY_UUID.findall(text), *DIGEST.findall(text)}
        words = {mark(of)} if mark(of) in text else set()
        return {one for one in found & self.secrets[of] if one not in sent} | words

    def kept(self, *tenants):
        """Return all that tenants have, but for what says who was there and what was asked, refused or decided."""
        rows = self.ports.documents._rows("select tenant, collection, id, data from documents", ())
        return {
            (tenant, collection, id): data
            for tenant, collection, id, data in rows
            if tenant in tenants and collection not in {"principals", "members", "decisions"}
            if collection != "events" or not json.loads(data)["entity"].startswith("principals/")
        }

    def _identify(self, headers, *, revoked_within_s):
        who = headers.get(INSIDER)
        if who is None:
            return self._known(headers, revoked_within_s=revoked_within_s)
        name, _, tenant = who.partition("@")
        roles = frozenset(Role) if name == "insider" else frozenset(Role) - {Role.SERVICE}
        return Actor(id="somebody", tenant=tenant, roles=roles, auth_time=self.now)


def mark(tenant):
    """Return the words that stand in the texts of one tenant alone."""
    return f"as {tenant} alone knows"


def own(id, tenant):
    """Return the id that a tenant's document has in place of the platform's."""
    return f"{tenant}.{uuid5(NAMESPACE_OID, tenant + id)}"


def owned(text, tenant):
    """Return a path that names the documents of a tenant instead of the platform's."""
    if tenant == PLATFORM:
        return text
    return UUID.sub(lambda m: own(m[0], tenant), text)


def by_id():
    """Return every operation whose path names a document of a tenant."""
    return [op for op in operations() if Id in op.in_path.values()]


def of_a_tenant():
    """Return those of them that act in the tenant of what they address."""
    return [op for op in by_id() if not op.tenant]


def made(rehearsed, folder):
    """Make the court of a rehearsal."""
    data = rehearsed.copied(folder / "data")
    settings = Settings({"DATA": str(data)})
    now = Clock(data / "clock").now()
    court = Court(
        connect(settings, lambda: now), SignIn(settings), now, rehearsed.seen.requests, data
    )
    found = {
        kind: [
            one
            for one in everything(court.ports.documents, collection)
            if one.key.tenant == PLATFORM
        ]
        for collection, kind in golden.records().items()
        if collection not in BETWEEN
    }
    court.platform = {one.key.id for several in found.values() for one in several}
    for tenant in (OWNER, OTHER):
        # What the rehearsal gave them is theirs as well: some requests name it by its id, and the hash of a
        # content is known to whoever sends the same.
        court.secrets[tenant] = {
            text
            for collection in golden.records().keys() - BETWEEN
            for one in everything(court.ports.documents, collection)
            if one.key.tenant == tenant
            for text in DIGEST.findall(
                json.dumps([one.data.get("version_hash"), one.data.get("audit")])
            )
        }
        for kind, several in found.items():
            for one in several:
                document = settle(court, kind, one.data, tenant)
                hashes = DIGEST.findall(json.dumps(document.to_stored()))
                court.secrets[tenant] |= {document.id.removeprefix(f"{tenant}."), *hashes}
    shared = {
        text for one in found.values() for s in one for text in DIGEST.findall(json.dumps(s.data))
    }
    court.secrets[OWNER], court.secrets[OTHER] = (
        court.secrets[OWNER] - shared - court.secrets[OTHER],
        court.secrets[OTHER] - shared - court.secrets[OWNER],
    )
    return court


def settle(court, kind, data, tenant):
    """Give a tenant a document like one of the platform's."""
    data = json.loads(court.told(json.dumps(data), tenant))
    data = {n: tenant if n in {"tenant", "tenant_id"} else v for n, v in data.items()}
    data = {n: v for n, v in data.items() if n not in {"audit", "version_hash"}}
    document = kind.from_stored(data)
    with suppress(ValueError):
        # Some members take no more words.
        said = kind.from_stored(marked(data, tenant))
        if not (isinstance(said, Entity) and said.violations()):
            document = said
    call = Call(
        actor=Actor(id="service:tests", tenant=PLATFORM, roles=frozenset({Role.SERVICE})),
        now=court.now,
        documents=court.ports.documents,
        signer=court.ports.signer,
        tenant=tenant,
        operation="tests.settle",
        correlation_id=str(uuid4()),
    )
    with call.transaction() as txn:
        # What customers have under one name, theirs may be there already.
        there = txn.get_or_none(kind, document.id)
        return there or txn.create(document, Settled() if isinstance(document, Entity) else None)


def marked(value, tenant):
    """Return a document whose prose says whose it is."""
    match value:
        case dict():
            return {name: marked(one, tenant) for name, one in value.items()}
        case list():
            return [marked(one, tenant) for one in value]
        case str() if " " in value:
            return f"{value} {mark(tenant)}"
    return value
