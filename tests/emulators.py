"""
Google's own emulators, as tests ask for them.

A test that needs one is skipped where there is none, and says why; the gate then fails, as `ran.py` compares.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar
from uuid import uuid4

import pytest

from local.emulators import (
    FIRESTORE,
    PUBSUB,
    AuthEmulator,
    Missing,
    auth_emulator,
    free_port,
    running,
)

__all__ = [
    "firebase_emulator",
    "firestore_emulator",
    "free_port",
    "fresh_project",
    "needs_emulator",
    "pubsub_emulator",
]

T = TypeVar("T")

needs_emulator = (pytest.mark.emulator, pytest.mark.enable_socket)
"""The marks of a test that needs an emulator, and with it a socket to this machine."""


@pytest.fixture(scope="session")
def firestore_emulator() -> Iterator[str]:
    """Return the address of a Firestore emulator, which clients find in the environment."""
    with ExitStack() as stack:
        yield _started(stack, running(FIRESTORE))


@pytest.fixture(scope="session")
def pubsub_emulator() -> Iterator[str]:
    """Return the address of a Pub/Sub emulator, which clients find in the environment."""
    with ExitStack() as stack:
        yield _started(stack, running(PUBSUB))


@pytest.fixture(scope="session")
def firebase_emulator() -> Iterator[AuthEmulator]:
    """Return the Auth emulator of one project, at a port, as Google's clients know no other way."""
    with ExitStack() as stack:
        yield _started(stack, auth_emulator("demo-tests", free_port()))


def fresh_project() -> str:
    """Return a project id of its own, which isolates one test from all others."""
    return f"test-{uuid4().hex[:12]}"


def _started(stack: ExitStack, emulator: AbstractContextManager[T]) -> T:
    try:
        return stack.enter_context(emulator)
    except Missing as missing:
        pytest.skip(f"needs Google's emulator: {missing}")
