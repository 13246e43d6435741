"""Nobody decides about themselves: the one rule of everything that decides, resolves or dismisses."""

from typing import Any

from shared.actors import Actor
from shared.errors import SelfApproval


def impartial(by: Actor, *concerned: str | None, **about: Any) -> None:
    """
    Refuse whoever decides what is in their own hands.

    Identity is judged along the chain: what a machine asked, started or judged is also of whoever controls it,
    and what a person asked is not for a machine in their hands to decide.

    Args:
        by: Who decides.

        concerned: Who asked for it, started it, made it or wrote it, and whom it is about.

        about: What the refusal says besides.

    Raises:
        SelfApproval: One of them is in the same hands as who decides.
    """
    if by.hands.intersection(concerned):
        raise SelfApproval("nobody decides their own request, nor what is about them", **about)
