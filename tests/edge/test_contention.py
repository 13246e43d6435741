"""Whoever was slower runs again, a few times, and never in step with the others."""

import ast
from pathlib import Path

import pytest

from shared.documents import Contended
from shared.edge.contention import ATTEMPTS, settled
from shared.errors import StoreUnavailable
from tests.parsed import every, parsed


@pytest.fixture
def pauses(monkeypatch):
    found = []
    monkeypatch.setattr("shared.edge.contention.time.sleep", found.append)
    return found


def contended(times):
    tried = []

    def attempt(before):
        tried.append(before)
        if len(tried) <= times:
            raise Contended
        return "done"

    return attempt, tried


@pytest.mark.parametrize("times", [0, 1, ATTEMPTS - 1])
def test_it_runs_until_nobody_was_faster(pauses, times):
    attempt, tried = contended(times)
    assert settled(attempt) == "done"
    assert tried == list(range(times + 1))
    assert len(pauses) == times


def test_it_gives_up_after_eight_attempts_and_says_when_to_come_again(pauses):
    attempt, tried = contended(ATTEMPTS)
    with pytest.raises(StoreUnavailable) as refused:
        settled(attempt)
    assert len(tried) == ATTEMPTS == 8
    assert refused.value.retry_after_s == 1


def test_pauses_double_and_no_two_who_met_pause_alike(pauses):
    for _ in range(200):
        settled(contended(ATTEMPTS - 1)[0])
    for number in range(ATTEMPTS - 1):
        most = 0.005 * 2**number
        drawn = pauses[number :: ATTEMPTS - 1]
        assert len(set(drawn)) == len(drawn)
        assert min(drawn) < most / 4
        assert most * 3 / 4 < max(drawn) <= most


def test_what_is_no_contention_is_no_reason_to_try_again(pauses):
    def broken(before):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        settled(broken)
    assert pauses == []


def loops_that_catch_contention(file):
    for loop in every(parsed(file.read_text())):
        if isinstance(loop, ast.For | ast.While):
            for part in ast.walk(loop):
                caught = part.type if isinstance(part, ast.ExceptHandler) else None
                # What is only raised on is not tried again here.
                again = caught is not None and not isinstance(part.body[0], ast.Raise)
                if again and "Contended" in ast.unparse(caught):
                    yield f"{file}:{loop.lineno}"


ITSELF = "shared/edge/contention.py"
BATCH = "shared/edge/sqlite.py"
"""Commits for many at once, and hands each their own failure."""


def test_what_is_contended_is_tried_again_in_one_place():
    files = [file for root in ("shared", "functions", "local") for file in Path(root).rglob("*.py")]
    found = [place for file in files for place in loops_that_catch_contention(file)]
    assert {place.partition(":")[0] for place in found} == {ITSELF, BATCH}, (
        f"say settled(attempt), of {ITSELF}: {found}"
    )
