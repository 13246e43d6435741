"""Make values of a JSON Schema at random, and values that it does not allow."""

import re
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import UUID

sre = import_module("re._parser")
LETTERS = "abcxyzABCXYZ0189 .,-éßñ漢字कжع🙂"
HIDDEN = "\u00ad\u034f\u200b\u200d\u202e\ufe0f\ufeff\U000e0041\U0001fffe"
"""What nobody sees, of each way it is judged."""
ODD = [
    "",
    " ",
    "\0",
    "\u200b",
    "\r\n",
    "\ud800",
    "x" * 5000,
    "'; drop table",
    "../..",
    "%00",
    "null",
]
NUMBERS = [0, 1, -1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**40, 0.5, 1e308]
MUCH: list[object] = [None, True, False, [], {}, "", "text", 0, -1, 0.5, [[]], {"a": 1}]


class Maker:
    """Makes values by the definitions of one description."""

    def __init__(self, definitions, rnd):
        self.definitions, self.rnd = definitions, rnd

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return schema

    def value(self, schema, depth=0):
        schema, rnd = self.resolved(schema), self.rnd
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rnd.choice(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {name: said for name, said in schema.items() if name != word}
                return self.value(both(rest, self.resolved(rnd.choice(schema[word]))), depth)
        if schema.get("examples") and rnd.random() < 0.4:
            return deepcopy(rnd.choice(schema["examples"]))
        kind = schema.get("type", "any")
        kind = rnd.choice(kind) if isinstance(kind, list) else kind
        return getattr(self, f"_{kind}")(schema, depth)

    def _any(self, schema, depth):
        return deepcopy(self.rnd.choice(MUCH))

    def _null(self, schema, depth):
        return None

    def _boolean(self, schema, depth):
        return self.rnd.random() < 0.5

    def _integer(self, schema, depth):
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1001) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + 1001) - 1)
        return self.rnd.choice([low, high, self.rnd.randint(low, high)])

    def _number(self, schema, depth):
        return float(self._integer(schema, depth))

    def _string(self, schema, depth):
        rnd = self.rnd
        match schema.get("format"):
            case "date-time":
                at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(
                    seconds=rnd.randint(-(10**7), 10**8)
                )
                return at.isoformat().replace("+00:00", rnd.choice(["Z", "+00:00"]))
            case "date":
                return "2026-01-02"
            case "uuid":
                return str(UUID(int=rnd.getrandbits(128), version=4))
            case "uri":
                return "https://example.com/x"
        low = schema.get("minLength", 0)
        most = schema.get("maxLength", low + 60)
        high = min(most, low + 200)
        if "pattern" in schema:
            return matching(schema["pattern"], rnd, low, high)
        length = rnd.choice([low, high, rnd.randint(low, high), most if most <= 5000 else high])
        letters = LETTERS + (HIDDEN if rnd.random() < 0.1 else "")
        return "".join(rnd.choice(letters) for _ in range(length))

    def _array(self, schema, depth):
        first = [self.value(one, depth + 1) for one in schema.get("prefixItems", ())]
        low = schema.get("minItems", 0)
        high = max(low, min(schema.get("maxItems", low + 2), low + 2))
        items = schema.get("items")
        if not items:
            return first
        count = max(0, self.rnd.randint(low, high if depth < 4 else low) - len(first))
        found = first + [self.value(items, depth + 1) for _ in range(count)]
        if schema.get("uniqueItems"):
            found = [one for at, one in enumerate(found) if one not in found[:at]]
        return found

    def _object(self, schema, depth):
        rnd, made = self.rnd, {}
        needed = schema.get("required", ())
        for name, member in schema.get("properties", {}).items():
            if name in needed or rnd.random() < (0.5 if depth < 3 else 0.1):
                made[name] = self.value(member, depth + 1)
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            names = schema.get("propertyNames", {"type": "string", "pattern": "^[a-z]{3,8}$"})
            for _ in range(rnd.randint(schema.get("minProperties", 0), 2)):
                made[str(self.value({"type": "string", **names}))] = self.value(more, depth + 1)
        return made

    def spoiled(self, value):
        """Change one place of a value into something else."""
        value = deepcopy(value)
        rnd, where, place = self.rnd, [], value
        while isinstance(place, dict | list) and place and rnd.random() < 0.75:
            key = rnd.choice(list(place)) if isinstance(place, dict) else rnd.randrange(len(place))
            where.append((place, key))
            place = place[key]
        if isinstance(place, dict) and rnd.random() < 0.5:
            if place and rnd.random() < 0.5:
                place.pop(rnd.choice(list(place)))
            else:
                place["surplus"] = 1
            return value
        other = self._other(place)
        if not where:
            return other
        holder, key = where[-1]
        holder[key] = other
        return value

    def _other(self, value):
        rnd = self.rnd
        if isinstance(value, str) and rnd.random() < 0.7:
            return rnd.choice([*ODD, value + "\u200b", value.upper() + "!", value * 50, value[:1]])
        if isinstance(value, int) and rnd.random() < 0.7:
            return rnd.choice([*NUMBERS, str(value), value + 0.5])
        if isinstance(value, list) and rnd.random() < 0.5:
            return value * 200 or [None]
        return deepcopy(rnd.choice(MUCH))


def both(schema, more):
    """Return a schema that allows what two allow, as far as a value is made by it."""
    members = dict(schema.get("properties", {}))
    for name, said in more.get("properties", {}).items():
        known = members.get(name, {})
        options = [
            one for one in known.get("anyOf", ()) if said.get("type") in {one.get("type"), None}
        ]
        members[name] = {**(options[0] if options else known), **said}
    found = {**schema, **more}
    if members:
        found["properties"] = members
        found["required"] = [*schema.get("required", ()), *more.get("required", ())]
    return found


def matching(pattern, rnd, low, high):
    """Return a text that matches a pattern, of a length between two where that can be had."""
    text = ""
    for _ in range(40):
        text = "".join(_texts(sre.parse(pattern), rnd))
        if low <= len(text) <= high and re.search(pattern, text):
            break
    return text


def _texts(parsed, rnd):
    for op, said in parsed:
        match str(op):
            case "LITERAL":
                yield chr(said)
            case "NOT_LITERAL":
                yield "x" if said != ord("x") else "y"
            case "ANY":
                yield rnd.choice("ab0 ")
            case "IN":
                yield _one_in(said, rnd)
            case "MAX_REPEAT" | "MIN_REPEAT":
                low, high, inner = said
                for _ in range(rnd.randint(low, min(int(high), low + 20))):
                    yield from _texts(inner, rnd)
            case "SUBPATTERN":
                yield from _texts(said[-1], rnd)
            case "BRANCH":
                yield from _texts(rnd.choice(said[1]), rnd)


def _one_in(said, rnd):
    negated = str(said[0][0]) == "NEGATE"
    allowed = []
    for op, given in said:
        match str(op):
            case "LITERAL":
                allowed.append(chr(given))
            case "RANGE":
                first, last = given
                allowed += [chr(first), chr(last), chr(rnd.randint(first, last))]
            case "CATEGORY":
                allowed += "09" if "DIGIT" in str(given) else "az_" if "WORD" in str(given) else " "
    if negated:
        return rnd.choice([char for char in LETTERS if char not in allowed])
    return rnd.choice(allowed)
