"""Models of one machine: they know nothing, and say the same to the same, so that whatever is built on them can be tested."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Sequence

from shared.canonical import canonical
from shared.edge.language_models import Listed, Placed, Said, Table
from shared.edge.schemas import example
from shared.language_models import BYTES_PER_TOKEN, Price, Prompt

DIMENSIONS = 384
_WORD = re.compile(r"\w+")

TABLE = Table(
    provider="local",
    classes={
        "mock": Listed(model="local-mock-1", prices=(Price(0, 0),)),
        "small": Listed(model="local-small-1", prices=(Price(100, 400),)),
        "standard": Listed(model="local-standard-1", prices=(Price(1_000, 4_000),)),
        "large": Listed(model="local-large-1", prices=(Price(3_000, 15_000),)),
        "embedding": Listed(model="local-embedding-1", prices=(Price(20),)),
    },
)
"""Prices as a provider's might be: what is asked here costs nothing, and is counted as there."""


class LocalModels:
    """A provider whose answers are made of what it is asked."""

    def complete(self, model: str, prompt: Prompt) -> Said:
        """Return the smallest answer of the schema, or the last message under a mark of all that was asked."""
        if prompt.answers is not None:
            definitions = prompt.answers.get("$defs", {})
            text = json.dumps(example(dict(prompt.answers), definitions))
        else:
            asked = [[one.role, one.text] for one in prompt.messages]
            mark = hashlib.sha256(canonical([model, prompt.seed, asked])).hexdigest()[:8]
            text = f"{model} {mark}: {prompt.messages[-1].text}"
        most = prompt.max_tokens * BYTES_PER_TOKEN
        cut = text.encode()[:most].decode(errors="ignore")
        return Said(cut, whole=cut == text)

    def embed(self, model: str, texts: Sequence[str]) -> Placed:
        """Return points by the words of texts and their parts of three letters: what shares them is near."""
        return Placed(tuple(_point(model, text) for text in texts))


def _point(model: str, text: str) -> tuple[float, ...]:
    words = _WORD.findall(text.lower())
    parts = Counter(words)
    for word in words:
        parts.update(f" {word} "[at : at + 3] for at in range(len(word)))
    point = [0.0] * DIMENSIONS
    for part, times in sorted(parts.items()):
        digest = hashlib.sha256(f"{model} {part}".encode()).digest()
        place = int.from_bytes(digest[:4], "big") % DIMENSIONS
        point[place] += math.copysign(1 + math.log(times), digest[4] - 127.5)
    length = math.sqrt(sum(one * one for one in point))
    if not length:
        return (1.0, *point[1:])
    return tuple(one / length for one in point)
