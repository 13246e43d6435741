"""CRC32C, by which Google's services and we see what arrived damaged (RFC 3720, B.4)."""

from functools import cache

_REVERSED_POLYNOMIAL = 0x82F63B78


def crc32c(data: bytes) -> int:
    """Return the checksum of a few kilobytes; for more there are faster ways."""
    value, table = 0xFFFFFFFF, _table()
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    return tuple(_entry(byte) for byte in range(256))


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_REVERSED_POLYNOMIAL if value & 1 else 0)
    return value
