"""Other people's words in what an approver reads: shown as theirs, so that they imitate nothing that was verified."""

import re

_QUOTES = re.compile('["\u201c-\u201f\u00ab\u00bb\u2033\u2036\u301d-\u301f\uff02]')
MAX_NAME, MAX_QUOTED = 120, 1700


def named(name: str) -> str:
    """Return a name that somebody gave, in quotation marks that it cannot close."""
    return f"\u201c{_QUOTES.sub(chr(39), name)[:MAX_NAME]}\u201d"


def quoted(who: str, words: str) -> str:
    """Return somebody's words, each line marked as theirs."""
    lines = (line.strip() for line in words.splitlines())
    marked = "\n".join(f"> {line}" for line in lines if line)
    return f"In the words of {who}, which nobody verified:\n{marked}"[:MAX_QUOTED]
