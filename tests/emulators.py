"""
Google's own emulators, as tests ask for them.

A test that needs one is skipped where there is none, and says why; the gate then fails, as `ran.py` compares.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from local.emulators import FIRESTORE, PUBSUB, Emulator, Missing, free_port, running

__all__ = ["firestore_emulator", "free_port", "fresh_project", "needs_emulator", "pubsub_emulator"]

needs_emulator = (pytest.mark.emulator, pytest.mark.enable_socket)
"""The marks of a test that needs an emulator, and with it a socket to this machine."""


@pytest.fixture(scope="session")
def firestore_emulator() -> Iterator[str]:
    """Return the address of a Firestore emulator, which clients find in the environment."""
    with ExitStack() as stack:
        yield _started(stack, FIRESTORE)


@pytest.fixture(scope="session")
def pubsub_emulator() -> Iterator[str]:
    """Return the address of a Pub/Sub emulator, which clients find in the environment."""
    with ExitStack() as stack:
        yield _started(stack, PUBSUB)


def fresh_project() -> str:
    """Return a project id of its own, which isolates one test from all others."""
    return f"test-{uuid4().hex[:12]}"


def _started(stack: ExitStack, emulator: Emulator) -> str:
    try:
        return stack.enter_context(running(emulator))
    except Missing as missing:
        pytest.skip(f"needs Google's emulator: {missing}")
