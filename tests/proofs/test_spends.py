"""Many processes spend around limits and are killed between reserve and settle: never beyond, none lost, each told once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulators import firestore_emulator, needs_emulator

__all__ = ["firestore_emulator"]

ROOT = Path(__file__).parents[2]
COUNT = int(os.environ.get("COUNT", "120"))
"""How many spends; `python -m benchmarks.spends` makes a thousand."""

pytestmark = pytest.mark.slow


def spends(store):
    command = [sys.executable, "-m", "benchmarks.spends", "--json", "--workers", "6"]
    command += ["--count", str(COUNT), "--stores", store]
    came = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert came.returncode == 0, came.stdout + came.stderr
    (found,) = json.loads(came.stdout.splitlines()[-1]).values()
    return found


def judge(found):
    assert found["problems"] == []
    assert found["killed between reserve and settle"] >= 3
    assert 0 < found["refused"] < COUNT
    assert found["spent of it in the end"] <= found["the customer's limit, in micro-USD"]
    assert found["held of it in the end"] == 0
    # The customer's, short of its limit; those of agents hang on who came first.
    assert found["thresholds told"] >= 4
    assert found["told more than once"] == 0


def test_nobody_goes_beyond_a_budget_whoever_dies_on_one_machine():
    judge(spends("sqlite"))


class TestOnGoogle:
    pytestmark = list(needs_emulator)

    def test_nobody_goes_beyond_a_budget_whoever_dies_in_firestore(self, firestore_emulator):
        judge(spends("firestore"))
