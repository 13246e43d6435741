"""
Random operations on a small world, so that they meet: few places, few members, values that are nearly the same.

Most are right and some are hostile. A few things are never generated, as the stores differ there; DIVERGENCES says why.
"""

from shared.documents import ABSENT, ANYTHING, Condition, Key, Query
from tests.store.differential.operations import (
    EARLIER,
    PRESENT,
    Change,
    Commit,
    Count,
    Find,
    Get,
    GetAll,
)

DIVERGENCES = {
    "the order among lists, and among maps": (
        "Firestore compares them item by item, SQLite their texts; no code orders by one (tests/infra/askable.py),"
        " so at most one list and one map stand where an order may meet them"
    ),
    "the order of texts that begin with the same 1,499 bytes": (
        "Firestore's indexes hold no more of them, and its emulator cuts them elsewhere again (after 1,499 of Java's"
        " characters); nothing that is ordered may be so long (tests/infra/askable.py), so long texts are generated only"
        " where no order meets them"
    ),
    "the numbers -1.7976931348623157e308 and -1.7976931348623155e308": (
        "SQLite takes them for false and true, as nothing else is before all other numbers (shared/edge/sql.py)"
    ),
}
"""Where the stores differ, and why that stays."""

TENANTS = ["aa", "aa-b", "bb"]
COLLECTIONS = ["things", "things_2"]
IDS = [
    "a",
    "b",
    "A",
    "10",
    "2",
    "é",
    "😀",
    "\uffff",
    "a b",
    "%2F",
    "a:b.c",
    "~",
    "x" * 1500,
    "é" * 750,
]
NO_IDS = ["", "..", "a/b", "__x__", "é" * 751, "x" * 1501, "a\0", "\ud800"]
NO_TENANTS = ["", "a", "Aa", "a/b", "a?b", "..", "é"]

NUMBERS = [
    0,
    1,
    -1,
    2,
    0.0,
    -0.0,
    1.0,
    0.5,
    -0.5,
    2**53,
    2**53 + 1,
    float(2**53),
    2**63 - 1,
    -(2**63),
]
NUMBERS += [float(2**63), -float(2**63), 1.7976931348623157e308, 5e-324, 1e16, 10, 3]
TEXTS = [
    "",
    "a",
    "ab",
    "b",
    "B",
    "[1]",
    '{"a":1}',
    "é",
    "e\u0301",
    "\uffff",
    "😀",
    "\U0010ffff",
    " ",
]
TEXTS += ["a\nb", "\x01", "true", "null", "1", "1.0", "-0.0", "'", '"', "\\", "%", "x" * 1499]
LONG = ["x" * 1500, "x" * 1498 + "é", "é" * 749, "é" * 750, "x" * 3000]
TRUTHS = [True, False]
ASKED = [*(n for n in NUMBERS if isinstance(n, int)), *TEXTS, *TRUTHS, None]
NEVER_ASKED = [2**63, -(2**63) - 1, "\ud800", "a\0b", *LONG, 0.5, [1], {"a": 1}]

PLAIN = ["n", "t", "b", "x", "in.k", "in.deep.z"]
ODD = [
    "long",
    "nowhere",
    "in",
    "l",
    "n.k",
    "a.b.c",
    "kept_until",
    "N",
    "_",
    "é",
    "",
    "n.",
    "__name__",
    "a" * 1501,
]
UNORDERED = {"in", "l", "long"}
"""The members that hold lists, maps or long texts, of which many are different."""

RANGES = ["<", "<=", ">=", ">"]

NO_DOCUMENTS = [
    {"n": float("nan")},
    {"n": float("inf")},
    {"n": 2**63},
    {"t": "\ud800"},
    {"t": "a\0b"},
    {"": 1},
    {"__a__": 1},
    {"x" * 1501: 1},
    {"a" * 800: {"b" * 700: 1}},
    {"kept_until": "soon"},
    {"kept_until": None},
    {"s": {1, 2}},
    {"o": object},
    {1: 1},
]


class Generator:
    """Makes operations, the same for the same source of chance."""

    def __init__(self, chance):
        self.chance = chance
        # What is kept and what is asked for are often the same few values, so that queries find something.
        self._few_numbers = chance.sample(NUMBERS, 4)
        self._few_texts = chance.sample(TEXTS, 4)
        self._ids = chance.sample(IDS, 8)
        self._written = {}
        # One world asks few shapes of queries, as each makes an index of its own in SQLite.
        self._asked = [self._shape() for _ in range(8)]

    def world(self, length):
        """Return the operations of one world: it is filled, and then used."""
        filling = [
            Commit(tuple(self._written_to(self._key()) for _ in range(4))) for _ in range(12)
        ]
        return [*filling, *(self._operation() for _ in range(length - len(filling)))]

    def _operation(self):
        kind = self.chance.random()
        if kind < 0.15:
            return Get(self._key())
        if kind < 0.25:
            # None, or one that is named twice, now and then.
            return GetAll(tuple(self._key() for _ in range(self._few() - self._odds(20))))
        if kind < 0.5:
            return Commit(tuple(self._change() for _ in range(self._few())))
        tenant, query = self._query()
        if kind < 0.6:
            return Count(tenant, query)
        return Find(tenant, query, pages=self.chance.choice([1, 1, 2, 4]))

    def _odds(self, one_in):
        return self.chance.random() * one_in < 1

    def _few(self):
        return self.chance.choice([1, 1, 1, 2, 3, 6])

    # --- places and documents --------------------------------------------------------------------

    def _key(self):
        if self._odds(100):
            return Key(self.chance.choice(TENANTS), "things", self.chance.choice(NO_IDS))
        if self._odds(200):
            return Key(self.chance.choice(NO_TENANTS), "things", "a")
        if self._odds(500):
            return Key("aa", self.chance.choice(["", "a-b", "__a__", "a.b"]), "a")
        collection = self.chance.choice([*COLLECTIONS, "things", "things"])
        return Key(self.chance.choice(TENANTS), collection, self.chance.choice(self._ids))

    def _change(self):
        expected = self.chance.choice([ANYTHING, ANYTHING, ABSENT, PRESENT, PRESENT, EARLIER])
        key = self._key()
        if self._odds(6):
            return Change(key, None, expected)
        if key in self._written and self._odds(4):
            # The same again, in another order: a write that changes nothing.
            again = list(self._written[key].items())
            self.chance.shuffle(again)
            return Change(key, dict(again), expected)
        return self._written_to(key, expected)

    def _written_to(self, key, expected=ANYTHING):
        data = self._written[key] = self._document()
        return Change(key, data, expected)

    def _document(self):
        if self._odds(60):
            return self.chance.choice(NO_DOCUMENTS)
        if self._odds(60):
            return self._deep()
        members = {
            "n": self._number,
            "t": self._text,
            "b": lambda: self.chance.choice(TRUTHS),
            "x": self._anything,
            "in": self._part,
            "l": lambda: [self._anything() for _ in range(self.chance.randrange(4))],
            "long": lambda: self.chance.choice([*LONG, "x" * 1499, "a"]),
        }
        document = {}
        for name in self.chance.sample(list(members), self.chance.randint(2, len(members))):
            document[name] = None if self._odds(6) else members[name]()
        if self._odds(20):
            document["kept_until"] = f"20{self.chance.randrange(30, 40)}-01-01T00:00:00.120Z"
        if self._odds(30):
            document[self.chance.choice(["é", "a.b", "[]", " ", "\uffff", "😀"])] = self._anything()
        return document

    def _number(self):
        return self.chance.choice(NUMBERS if self._odds(4) else self._few_numbers)

    def _text(self):
        return self.chance.choice(TEXTS if self._odds(4) else self._few_texts)

    def _anything(self):
        kind = self.chance.random()
        if kind < 0.6:
            return self._number() if kind < 0.3 else self._text()
        kinds = [TRUTHS, [None], [[1]], [{"a": 1}]]
        return self.chance.choice(self.chance.choices(kinds, [2, 1, 1, 1])[0])

    def _part(self):
        part = {}
        if not self._odds(4):
            part["k"] = self._anything()
        if self._odds(2):
            part["deep"] = {"z": self._text() if self._odds(2) else self._anything()}
        return part

    def _deep(self):
        """Nest lists, maps and maps that look like lists, about as deep as may be."""
        value = self.chance.choice([1, [], {}, "a"])
        for _ in range(self.chance.choice([3, 9, 15, 19, 20, 21])):
            shape = self.chance.random()
            if shape < 0.5:
                value = {self.chance.choice(["m", "[]", "é" * 35]): value}
            else:
                value = [value] if shape < 0.8 else [1, value, []]
        return {"deep": value}

    # --- queries ---------------------------------------------------------------------------------

    def _shape(self):
        """Choose what a query asks of which members, in which order: all but its values."""
        fields = PLAIN if not self._odds(12) else [*PLAIN, *ODD]
        equal = [
            (self.chance.choice(fields), "==") for _ in range(self.chance.choice([0, 0, 0, 1, 2]))
        ]
        among = [
            (self.chance.choice(fields), "in") for _ in range(self.chance.choice([0, 0, 0, 1, 2]))
        ]
        ordered = [name for name in fields if name not in UNORDERED]
        order = [
            (name, self.chance.choice(["asc", "desc"]))
            for name in self.chance.sample(ordered, self.chance.choice([0, 0, 1, 1, 2]))
        ]
        ranges = []
        if self._odds(3):
            for _ in range(self.chance.choice([1, 1, 2])):
                ranged = self.chance.choice([*(name for name, _ in order), *ordered])
                if not self._odds(20) and ranged not in dict(order):
                    order.insert(self.chance.randint(0, len(order)), (ranged, "asc"))
                ops = self.chance.sample(RANGES, self.chance.choice([1, 1, 2]))
                ranges += [(ranged, op) for op in ops]
        lists = ["l", "l", "l", "x", "in.k", *fields]
        inside = [
            (self.chance.choice(lists), self.chance.choice(["contains", "contains_any"]))
            for _ in range(self.chance.choice([0, 0, 0, 1]) if not self._odds(40) else 2)
        ]
        tenant = self.chance.choice([*TENANTS, None])
        return tenant, (*equal, *among, *ranges, *inside), tuple(order)

    def _query(self):
        tenant, tests, order = self.chance.choice(self._asked)
        if self._odds(200):
            tenant = self.chance.choice(NO_TENANTS)
        where = tuple(Condition(name, op, self._asking(name, op)) for name, op in tests)
        limit = (
            self.chance.choice([1, 2, 3, 5, 100])
            if not self._odds(200)
            else self.chance.choice([0, -1])
        )
        after = self._cursor(tenant, order) if self._odds(5) else ()
        return tenant, Query("things", where, order, limit, after)

    def _asking(self, name, op):
        if op in {"in", "contains_any"} and not self._odds(50):
            most = 40 if self._odds(20) else 8
            some = tuple(self._value(name) for _ in range(self.chance.randrange(most)))
            # Null is no item that is looked for.
            null = op == "contains_any" and not self._odds(20)
            return tuple(one for one in some if not null or one is not None)
        if self._odds(100):
            return self.chance.choice([(1, 2), (), None])
        return self._value(name)

    def _value(self, name=""):
        """Choose what a member is compared with: mostly what it may be."""
        if self._odds(8):
            return self.chance.choice(NEVER_ASKED if self._odds(12) else ASKED)
        likely = {"n": self._integer, "t": self._text, "b": lambda: self.chance.choice(TRUTHS)}
        either = [self._integer, self._text, lambda: self.chance.choice([True, False, None])]
        return likely.get(name, self.chance.choice(either))()

    def _integer(self):
        number = self._number()
        return int(number) if abs(number) < 2**63 else 0

    def _cursor(self, tenant, order):
        """Make up where a page begins; a real one comes of asking for the next page."""
        values = [self._value(name) for name, _ in order]
        place = [self.chance.choice([*TENANTS, "zz"])] if tenant is None else []
        made = [
            *values,
            *place,
            self.chance.choice(NO_IDS if self._odds(20) else [*self._ids, "0", "zz"]),
        ]
        if self._odds(30):
            made.pop()
        return tuple(made)
