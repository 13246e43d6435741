"""Stored shapes outlive releases: what another release wrote is read, kept, and written back."""

from typing import Any, ClassVar

import pytest

from shared.actors import Role, Scope
from shared.bus import Message, due_message, envelope, opened
from shared.canonical import digest
from shared.documents import ANYTHING, Key, Query, Write
from shared.edge.arguments import from_body
from shared.edge.delivery import deliver
from shared.edge.keys import verifier
from shared.edge.queue import Delivery
from shared.edge.relay import Relay
from shared.entity import Entity, Event, Id, Record, Value
from shared.errors import Invalid
from shared.evidence import Entry, hash_of_entry, signed_bytes, state_hash
from shared.operation import Call
from shared.promises import Due
from shared.queries import Page
from shared.reaction import reaction
from tests.chains import chain_rules
from tests.conftest import NOON, ports_of, trusting
from tests.worlds import declared


class Mast(Value):
    height_mm: int


class Ship(Entity):
    collection: ClassVar[str] = "ships"
    schema_version: int = 3
    upgrades = (
        lambda data: {**data, "sails": data["sheets"]},
        lambda data: {**data, "flag": f"{data['sails']} sails"},
    )

    sheets: int = 0
    sails: int
    flag: str
    main: Mast
    masts: tuple[Mast, ...] = ()
    by_name: dict[str, Mast] = {}


class ShipRigged(Event, action="ship.rigged", category="configuration_change", topic="ship-events"):
    upgrades = (lambda data: {**data, "masts": [data["mast"]]},)

    mast: Mast
    masts: tuple[Mast, ...]


class Rig(Value):
    sails: int
    masts: tuple[Mast, ...] = ()


class Which(Value):
    limit: int = 2


@declared("POST", "/v1/ships", scopes={Scope.GENESIS_WRITE})
def launch_ship(call: Call) -> Ship:
    """Launch."""
    return launch(call)


@declared("POST", "/v1/ships/{ship_id}/rig", scopes={Scope.GENESIS_WRITE})
def rig_ship(call: Call, ship_id: Id, body: Rig) -> Ship:
    """Rig."""
    with call.transaction() as txn:
        ship = txn.get(Ship, ship_id).model_copy(update={"sails": body.sails})
        return txn.save(ship, ShipRigged(mast=ship.main, masts=ship.masts))


@declared("GET", "/v1/ships/{ship_id}", scopes={Scope.ACCOUNT}, audited=False)
def get_ship(call: Call, ship_id: Id) -> Ship:
    """Get."""
    with call.transaction() as txn:
        return txn.get(Ship, ship_id)


@declared("GET", "/v1/ships", scopes={Scope.ACCOUNT}, audited=False)
def list_ships(call: Call, which: Which) -> Page[Ship]:
    """List."""
    with call.transaction() as txn:
        return txn.find(Ship, limit=which.limit)


ID = "00000000-0000-4000-8000-000000000001"
LATER = {"later": {"of": ["another", {"release": True}]}}
"""A member that this release does not know."""


def ship(**more: Any) -> Ship:
    given = {"sails": 2, "flag": "blue", "main": Mast(height_mm=1), "masts": (Mast(height_mm=2),)}
    given |= {"by_name": {"mizzen": Mast(height_mm=3)}} | more
    return Ship(
        id=ID,
        tenant_id="platform",
        created_at=NOON,
        updated_at=NOON,
        governance_agent_id="genesis",
        **given,
    )


def launch(call: Call, **more: Any) -> Ship:
    new = ship(**more)
    with call.transaction() as txn:
        return txn.create(new, ShipRigged(mast=new.main, masts=new.masts))


def launched(world):
    answer = world.call(launch_ship, "/v1/ships", as_="admin")
    assert answer.status_code == 200, answer.data


def stored(documents, kind, id=ID):
    return documents.get(Key("platform", kind.collection, id)).data


def keep(documents, kind, data, id=ID):
    documents.commit([Write(Key("platform", kind.collection, id), data, ANYTHING)])


def of_a_later_release(data):
    """Return a document of a ship as a later release would have written it."""
    masts = [mast | LATER for mast in data["masts"]]
    by_name = {name: mast | LATER for name, mast in data["by_name"].items()}
    return {**data, **LATER, "main": data["main"] | LATER, "masts": masts, "by_name": by_name}


def has_it_all(data):
    parts = [data, data["main"], *data["masts"], *data["by_name"].values()]
    return len(parts) == 4 and all(part["later"] == LATER["later"] for part in parts)


def entry_of(documents):
    (snapshot,) = documents.find("platform", Query(Entry.collection))
    return snapshot.data


def keep_ship(documents, ship, signer=None, **told):
    """Keep the ship and its one entry as another release would have written both."""
    entry = entry_of(documents) | told | {"state_hash": state_hash(ship)}
    entry = resigned(entry, signer) if signer else entry
    audit = ship["audit"] | {"head": hash_of_entry(entry), "state_hash": entry["state_hash"]}
    keep(documents, Ship, ship | {"audit": audit})
    keep(documents, Entry, entry, entry["id"])
    return entry


@pytest.fixture
def ports(documents, signer, workflows, probe):

    class Bus:
        messages: ClassVar[list[Message]] = []

        def publish(self, messages):
            self.messages = [*self.messages, *messages]

    relay = Relay(documents, Bus(), trusting(signer), lambda: NOON, "local")
    return ports_of(
        documents, signer, lambda: NOON, bus=Bus(), workflows=workflows, probe=probe, relay=relay
    )


def listening(action):
    """A reaction that keeps the events it is given."""
    heard = []

    def hear_ship(call, event):
        heard.append(event)
        with call.transaction() as txn:
            action(txn)

    hear_ship.__module__ = "functions.tests.hear_ship"
    return reaction(on=ShipRigged)(hear_ship).declared, heard


def rig(txn):
    ship = txn.get(Ship, ID)
    txn.save(ship.model_copy(update={"sails": 9}), ShipRigged(mast=ship.main, masts=ship.masts))


# --- documents -----------------------------------------------------------------------------------


def test_a_document_with_members_of_another_release_is_shown_alone_and_in_lists(world):
    launched(world)
    documents = world.ports.documents
    keep_ship(documents, of_a_later_release(stored(documents, Ship)))
    alone = world.call(get_ship, f"/v1/ships/{ID}", as_="admin")
    assert alone.status_code == 200
    listed = world.call(list_ships, "/v1/ships", as_="admin")
    assert listed.status_code == 200
    assert has_it_all(alone.json)
    assert listed.json["items"] == [alone.json]


def test_members_of_another_release_survive_a_change_at_every_depth(world):
    launched(world)
    documents = world.ports.documents
    data = of_a_later_release(stored(documents, Ship))
    keep_ship(documents, data)
    answer = world.call(rig_ship, f"/v1/ships/{ID}/rig", {"sails": 5}, as_="admin")
    assert answer.status_code == 200, answer.data
    now = stored(documents, Ship)
    assert has_it_all(now)
    assert now["sails"] == 5
    assert state_hash(now) == now["audit"]["state_hash"]


def test_members_of_another_release_survive_a_document_made_from_scratch(documents, call_as):
    keep(documents, Deck, DECK | LATER, "d")
    with call_as(Role.ADMIN).transaction() as txn:
        txn.get_or_none(Deck, "d")
        txn.save(Deck(id="d", planks=()))
    assert stored(documents, Deck, "d") == {"id": "d", "planks": []} | LATER


@pytest.mark.parametrize(
    "copied",
    [
        lambda ship: ship.model_copy(),
        lambda ship: ship.model_copy(update={"sails": 3}, deep=True),
        lambda ship: Ship.model_validate(dict(ship) | {"sails": 3}),
        lambda ship: Ship(**dict(ship)),
        lambda ship: Ship.from_stored(ship.model_dump(mode="json")),
    ],
)
def test_members_of_another_release_survive_every_way_to_copy(copied):
    read = Ship.from_stored(of_a_later_release(ship().model_dump(mode="json")))
    assert has_it_all(copied(read).model_dump(mode="json"))


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"sails": 1} | LATER, {"later"}),
        ({"sails": 1, "masts": [{"height_mm": 1} | LATER]}, {"masts.0.later"}),
    ],
)
def test_a_request_brings_no_member_that_nobody_declared(world, body, places):
    launched(world)
    answer = world.call(rig_ship, f"/v1/ships/{ID}/rig", body, as_="admin")
    assert answer.status_code == 422
    assert {violation["field"] for violation in answer.json["violations"]} == places
    listed = world.call(list_ships, "/v1/ships", as_="admin", query=LATER)
    assert listed.status_code == 422


def test_a_value_of_a_request_equals_the_same_value_as_it_was_stored():
    asked = Rig.model_validate({"sails": 1, "masts": [{"height_mm": 2}]}, extra="forbid")
    assert asked == Rig.model_validate(asked.model_dump())
    assert asked.masts == ship().masts


def test_a_mistyped_change_is_no_member_of_another_release():
    with pytest.raises(TypeError, match="Ship declares no sale"):
        ship().model_copy(update={"sale": 1})


# --- hashes ---------------------------------------------------------------------------------------


class Plank(Value):
    wood: str
    polish: str | None = None


class Deck(Record):
    collection: ClassVar[str] = "decks"

    planks: tuple[Plank, ...]


class LaterPlank(Plank):
    mm: int | None = None
    knots: tuple[str, ...] = ()


class LaterDeck(Record):
    """A deck as the next release declares it."""

    collection: ClassVar[str] = "decks"

    planks: tuple[LaterPlank, ...]
    crew: int = 4


DECK = {"id": "d", "planks": [{"wood": "oak", "polish": None}]}


def test_what_is_made_here_has_all_its_members():
    assert Deck(id="d", planks=(Plank(wood="oak"),)).to_stored() == DECK


def test_what_a_request_leaves_out_it_says_by_its_default():
    read = from_body(Rig, b'{"sails": 1}')
    assert read.to_stored() == {"sails": 1, "masts": []}


def test_no_hash_changes_because_a_release_declares_one_more():
    read = LaterDeck.from_stored(DECK)
    assert (read.crew, read.planks[0].knots) == (4, ())
    assert read.to_stored() == DECK
    assert digest(read.planks[0].to_stored()) == digest(DECK["planks"][0])


def test_a_later_member_is_stored_once_somebody_sets_it():
    read = LaterDeck.from_stored(DECK)
    plank = read.planks[0].model_copy(update={"mm": 20})
    grown = read.model_copy(update={"planks": (plank, LaterPlank(wood="fir"))}).to_stored()
    assert grown == {
        "id": "d",
        "planks": [
            {"wood": "oak", "polish": None, "mm": 20},
            {"wood": "fir", "polish": None, "mm": None, "knots": []},
        ],
    }
    assert Deck.from_stored(grown).to_stored() == grown


# --- versions ------------------------------------------------------------------------------------


def test_a_document_of_an_older_version_is_upgraded_step_by_step(documents, call_as):
    launch(call_as(Role.ADMIN))
    data = {k: v for k, v in stored(documents, Ship).items() if k not in {"sails", "flag"}}
    keep_ship(documents, data | {"schema_version": 1, "sheets": 7})
    with call_as(Role.ADMIN).transaction() as txn:
        read = txn.get(Ship, ID)
    assert (read.sails, read.flag, read.schema_version) == (7, "7 sails", 3)
    keep_ship(documents, data | {"schema_version": 2, "sails": 4})
    with call_as(Role.ADMIN).transaction() as txn:
        assert txn.get(Ship, ID).flag == "4 sails"
        rig(txn)
    assert stored(documents, Ship)["schema_version"] == 3


def test_a_document_of_a_newer_version_keeps_it(documents, call_as):
    launch(call_as(Role.ADMIN))
    keep_ship(documents, of_a_later_release(stored(documents, Ship)) | {"schema_version": 4})
    with call_as(Role.ADMIN).transaction() as txn:
        rig(txn)
    assert stored(documents, Ship)["schema_version"] == 4
    assert has_it_all(stored(documents, Ship))


def test_a_record_that_never_had_a_version_has_its_first():
    class Buoy(Record):
        collection: ClassVar[str] = "buoys"
        schema_version: int = 2
        upgrades = (lambda data: {**data, "bell": data["colour"] == "green"},)

        bell: bool

    read = Buoy.from_stored({"id": "b", "colour": "green"})
    assert read.model_dump() == {"id": "b", "colour": "green", "schema_version": 2, "bell": True}


def test_the_version_of_a_kind_is_the_one_its_upgrades_lead_to():
    with pytest.raises(TypeError, match="Raft declares schema_version: int = 2"):

        class Raft(Entity):
            collection: ClassVar[str] = "rafts"
            upgrades = (dict,)

    with pytest.raises(TypeError, match="Punt declares schema_version: int = 1"):

        class Punt(Entity):
            collection: ClassVar[str] = "punts"
            schema_version: int = 2


# --- events --------------------------------------------------------------------------------------


def entered_by_another_release(ports, version, **data):
    """Have the entry as a release writes it whose events have that version, and return its message."""
    documents = ports.documents
    told = {"data_version": version, "data": entry_of(documents)["data"] | data}
    entry = keep_ship(documents, stored(documents, Ship), ports.signer, **told)
    return envelope(Entry.from_stored(entry), environment="local")


def test_an_event_with_a_member_of_another_release_is_reacted_to(documents, call_as, ports):
    launch(call_as(Role.ADMIN))
    declared, heard = listening(rig)
    later = {"mast": {"height_mm": 1} | LATER} | LATER
    assert deliver(declared, entered_by_another_release(ports, 3, **later), ports) is True
    assert heard[0].mast.model_dump() == {"height_mm": 1} | LATER
    assert stored(documents, Ship)["sails"] == 9


def test_an_event_bears_the_version_of_its_data_and_is_upgraded(documents, call_as, ports):
    launch(call_as(Role.ADMIN))
    entry = entry_of(documents)
    assert entry["data_version"] == 2
    message = envelope(Entry.from_stored(entry), environment="local")
    assert message.attributes["dataschema"] == "urn:waooaw:event:ship.rigged:2"
    assert opened(message).data_version == 2
    declared, heard = listening(rig)
    first = entered_by_another_release(ports, 1, mast={"height_mm": 5}, masts=None)
    assert deliver(declared, first, ports) is True
    assert heard[0].masts == (Mast(height_mm=5),)


def test_a_promise_bears_the_version_of_its_data(documents, call_as):
    launch(call_as(Role.ADMIN))
    with call_as(Role.ADMIN).transaction() as txn:
        ship = txn.get(Ship, ID)
        txn.schedule(ShipRigged(mast=ship.main, masts=ship.masts), at=NOON, about=ship)
    (due,) = documents.find("platform", Query(Due.collection))
    assert opened(due_message(Due.from_stored(due.data))).data_version == 2


@pytest.mark.parametrize(
    "schema", ["urn:waooaw:event:ship.sunk:1", "urn:waooaw:event:ship.rigged:0", "x"]
)
def test_a_schema_that_is_not_the_types_is_refused(documents, call_as, schema):
    launch(call_as(Role.ADMIN))
    message = envelope(Entry.from_stored(entry_of(documents)), environment="local")
    message.attributes["dataschema"] = schema
    with pytest.raises(Invalid, match="dataschema"):
        opened(message)


def test_a_message_that_names_no_schema_is_of_the_first_version(documents, call_as):
    launch(call_as(Role.ADMIN))
    message = envelope(Entry.from_stored(entry_of(documents)), environment="local")
    del message.attributes["dataschema"]
    assert opened(message).data_version == 1


def test_a_delivery_keeps_the_members_of_another_release():
    given = {"id": "a", "consumer": "c", "topic": "t", "subject": "s", "attributes": {}, "data": ""}
    failed = Delivery.from_stored(given | LATER).model_copy(update={"attempts": 1})
    assert failed.model_dump(mode="json")["later"] == LATER["later"]


# --- evidence ------------------------------------------------------------------------------------


def resigned(entry, signer, **members):
    """Return an entry as a release would have signed it that has other members."""
    changed = {k: v for k, v in (entry | members).items() if v is not ...}
    kid, sig = signer.sign(signed_bytes(changed))
    return changed | {"kid": kid, "sig": sig}


def wrong(entry, signer):
    return chain_rules([entry], verifier({signer.jwk["kid"]: signer.jwk}))


@pytest.mark.parametrize(
    "members",
    [{}, LATER, {"policy": ..., "causation_id": ...}, {"data_version": ...}],
    ids=["its own", "one more", "without two", "without its version"],
)
def test_an_entry_verifies_as_it_was_stored_whichever_release_wrote_it(
    documents, call_as, signer, members
):
    launch(call_as(Role.ADMIN))
    kept = resigned(entry_of(documents), signer, **members)
    assert Entry.from_stored(kept).to_stored() == kept
    assert wrong(kept, signer) == []
    forged = kept | {"later": {"of": ["somebody", "else"]}}
    assert wrong(forged, signer) == ["SIGNATURE_INVALID"]


def test_publishing_leaves_an_entry_of_another_release_as_it_was(documents, call_as, signer, ports):
    launch(call_as(Role.ADMIN))
    kept = resigned(entry_of(documents), signer, **LATER)
    kept["delivery"] = kept["delivery"] | LATER
    keep(documents, Entry, kept, kept["id"])
    assert ports.entry_relay.sweep() == 1
    marked = entry_of(documents)
    assert marked["delivery"].pop("published_at")
    assert marked == kept | {
        "delivery": {k: v for k, v in kept["delivery"].items() if k != "published_at"}
        | {"attempts": 1}
    }
    assert wrong(entry_of(documents), signer) == []
