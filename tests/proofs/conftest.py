"""What proofs begin with."""

from tests.rehearsals.kept import rehearsed

__all__ = ["rehearsed"]
