"""What a refusal says is a sentence that a person can act on, in the words of the API."""

import ast
import re
from pathlib import Path

from shared import errors
from shared.actors import Scope
from shared.edge.openapi import openapi
from shared.edge.refusing import refusals
from tests.parsed import every, parsed

ROOT = Path(__file__).parents[2]
KINDS = {kind.__name__ for kind in refusals()} | {errors.Unfit.__name__, errors.Violation.__name__}


def details():
    """Yield every text that a refusal is raised with: where, and its parts, None for what is filled in."""
    for file in sorted(
        one for root in ("functions", "shared") for one in (ROOT / root).rglob("*.py")
    ):
        for node in every(parsed(file.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS):
                continue
            said = [word.value for word in node.keywords if word.arg == "message"] or node.args[:1]
            for text in said:
                if isinstance(text, ast.Constant | ast.JoinedStr):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", _parts(text)


def _parts(text):
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return [part.value if isinstance(part, ast.Constant) else None for part in parts]


def spelled():
    """Return every word that the description writes with an underscore: of a member, a code, a role."""
    return set(re.findall(r"[a-z0-9]+(?:_[a-z0-9]+)+", str(openapi()))) | {*Scope}


def test_they_are_found():
    assert len(list(details())) > 250


def test_no_article_stands_before_what_is_filled_in():
    """Whether it is `a` or `an` depends on it: a manifest that is active, not an active manifest."""
    wrong = [
        f"{where} {part!r}"
        for where, parts in details()
        for part, after in zip(parts, [*parts[1:], ""], strict=True)
        if part is not None and after is None and re.search(r"\ban?\s+[“'\"]?$", part)
    ]
    assert not wrong


def test_a_member_is_named_as_the_api_spells_it():
    known = spelled()
    wrong = [
        f"{where} {word}"
        for where, parts in details()
        for word in re.findall(r"[a-z0-9]+(?:_[a-z0-9]+)+", " ".join(filter(None, parts)))
        if word not in known
    ]
    assert not wrong


def test_it_is_one_sentence_without_its_full_stop():
    """What comes before it, such as the member, and after it, such as what to do, is set by whoever shows it."""
    wrong = [
        f"{where} {parts}"
        for where, parts in details()
        if isinstance(parts[-1], str) and parts[-1].rstrip().endswith((".", "!", ":"))
    ]
    assert not wrong
