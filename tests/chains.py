"""One chain, judged as `verify` judges it, without a store."""

import json

from shared.documents import Key
from shared.evidence import Entry
from shared.verification import chain_breaks, entity_breaks, entry_breaks, link


def chain_rules(entries, verify, document=None):
    """Return the rules that stored entries of one entity break, and the entity where it is given."""
    ordered = sorted(entries, key=lambda entry: entry["eseq"])
    found = []
    for entry in ordered:
        place = Key(entry["tenant"], Entry.collection, entry["id"])
        found += entry_breaks(place, entry, json.dumps(entry), verify)
    if document is not None:
        collection, _, id = ordered[0]["entity"].partition("/")
        head, own = entity_breaks(Key(ordered[0]["tenant"], collection, id), document)
        found += [*own, *chain_breaks(ordered[0]["entity"], map(link, ordered), head)]
    return [broken.rule for broken in found]
