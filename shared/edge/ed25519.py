"""Points of Ed25519 (RFC 8032): whether a public key is of full order, and written in the one way there is."""

from functools import lru_cache

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of the group that keys are of; the curve has eight times as many points."""

_D = -121665 * pow(121666, -1, P) % P
_ROOT = pow(2, (P - 1) // 4, P)

_Point = tuple[int, int, int, int]
"""X, Y, Z and T, where x = X/Z, y = Y/Z and xy = T/Z."""


@lru_cache(1024)
def of_full_order(key: bytes) -> bool:
    """
    Say whether a public key is the one spelling of a point of the whole group.

    Under a key of small order a signature holds that nobody made, and under one of mixed order, or one that is
    spelled in two ways, checkers differ.
    """
    point = _point(key)
    return point is not None and not _neutral(point) and _neutral(_times(ORDER, point))


def _point(key: bytes) -> _Point | None:
    """Return the point of an encoding, or None where it is none, or is encoded otherwise too (5.1.3)."""
    number = int.from_bytes(key, "little")
    odd, y = number >> 255, number & (2**255 - 1)
    if len(key) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * _ROOT % P
    if x * x % P != square or (x == 0 and odd):
        return None
    x = P - x if x & 1 != odd else x
    return x, y, 1, x * y % P


def _times(count: int, point: _Point) -> _Point:
    total: _Point = (0, 1, 1, 0)
    while count:
        if count & 1:
            total = _sum(total, point)
        point, count = _sum(point, point), count >> 1
    return total


def _sum(one: _Point, other: _Point) -> _Point:
    """Add two points, whichever they are (5.1.4)."""
    a, b = (
        (one[1] - one[0]) * (other[1] - other[0]) % P,
        (one[1] + one[0]) * (other[1] + other[0]) % P,
    )
    c, d = 2 * one[3] * other[3] * _D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _neutral(point: _Point) -> bool:
    x, y, z, _ = point
    return x % P == 0 and (y - z) % P == 0
