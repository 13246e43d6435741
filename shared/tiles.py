"""
How a log is written down: tiles of 256 hashes and bundles of 256 entries (C2SP, tlog-tiles).

What a name once holds it holds for good: a tile that is not full yet has its width in its name, and grows under
another. Pure: names and bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from shared.merkle import complete_root

WIDTH = 256
"""How many hashes a full tile has, and how many entries a bundle."""

HASH_BYTES = 32
_HEIGHT = 8
"""How many levels of the tree one tile stands for."""

Read = Callable[[str], bytes]
"""Returns what a name holds."""


class Tile(NamedTuple):
    """A row of hashes, each that of a full tile of the level below, or of a leaf."""

    level: int
    """Of tiles, from 0 at the leaves."""
    number: int
    """Which tile of its level it is, from 0."""
    width: int
    """How many hashes it has."""

    @property
    def name(self) -> str:
        """What it is called."""
        return f"tile/{self.level}/{_numbered(self.number, self.width)}"

    @property
    def begin(self) -> int:
        """Which hash of its level is its first."""
        return self.number * WIDTH


def bundle_name(number: int, width: int) -> str:
    """Return what the bundle of some entries is called."""
    return f"tile/entries/{_numbered(number, width)}"


def tiles(size: int, since: int = 0) -> Iterator[Tile]:
    """Yield the tiles that a log of *size* leaves has and one of *since* had not, from the leaves up."""
    level = 0
    while count := size >> _HEIGHT * level:
        before = since >> _HEIGHT * level
        if before < count:
            for number in range(before // WIDTH, -(-count // WIDTH)):
                yield Tile(level, number, min(WIDTH, count - number * WIDTH))
        level += 1


def bundles(size: int, since: int = 0) -> Iterator[tuple[int, int]]:
    """Yield number and width of the bundles that a log of *size* entries has and one of *since* had not."""
    return ((one.number, one.width) for one in tiles(size, since) if one.level == 0)


def bundled(entries: Sequence[bytes]) -> bytes:
    """
    Return some entries as a bundle.

    Raises:
        ValueError: One is longer than its length can say.
    """
    if any(len(entry) > 0xFFFF for entry in entries):
        raise ValueError("an entry of a log has at most 65,535 bytes")
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def unbundled(bundle: bytes) -> Iterator[bytes]:
    """
    Yield the entries of a bundle.

    Raises:
        ValueError: It ends within one.
    """
    at = 0
    while at < len(bundle):
        begin = at + 2
        at = begin + int.from_bytes(bundle[at:begin])
        if at > len(bundle):
            raise ValueError("the bundle ends within an entry")
        yield bundle[begin:at]


def grown_tiles(since: int, leaves: Sequence[bytes], read: Read) -> dict[str, bytes]:
    """
    Return the tiles that a log has when it grows, and had not before, by their names.

    Args:
        since: How many leaves it had.

        leaves: The hashes of those that come.

        read: Returns the tiles it had: where one was not full, it is asked for.
    """
    new, hashes, level = dict[str, bytes](), [*leaves], 0
    while hashes:
        number, width = divmod(since >> _HEIGHT * level, WIDTH)
        begun = hashes_in(read(Tile(level, number, width).name)) if width else []
        rows = _rows([*begun, *hashes])
        for n, row in enumerate(rows):
            new[Tile(level, number + n, len(row)).name] = b"".join(row)
        hashes = [complete_root(row) for row in rows if len(row) == WIDTH]
        level += 1
    return new


def grown_bundles(since: int, entries: Sequence[bytes], read: Read) -> dict[str, bytes]:
    """Return the bundles that a log has when it grows, and had not before, likewise."""
    number, width = divmod(since, WIDTH)
    begun = [*unbundled(read(bundle_name(number, width)))] if width else []
    rows = _rows([*begun, *entries])
    return {bundle_name(number + n, len(row)): bundled(row) for n, row in enumerate(rows)}


def hashes_in(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


class TiledNodes:
    """The nodes of a tree of a size, as its tiles have them; each tile is read once."""

    def __init__(self, size: int, read: Read) -> None:
        """Say of which size, and where tiles come from."""
        self._size = size
        self._hashes = cache(lambda tile: self._checked(tile, read(tile.name)))

    def __call__(self, level: int, index: int) -> bytes:
        """
        Return the hash of a complete node.

        Raises:
            ValueError: A tile has another width than the size says.
        """
        of_tiles, rest = divmod(level, _HEIGHT)
        begin = index << rest
        row = begin // WIDTH
        width = min(WIDTH, (self._size >> _HEIGHT * of_tiles) - row * WIDTH)
        found: list[bytes] = self._hashes(Tile(of_tiles, row, width))
        return complete_root(found[begin % WIDTH : begin % WIDTH + (1 << rest)])

    @staticmethod
    def _checked(tile: Tile, content: bytes) -> list[bytes]:
        if len(content) != tile.width * HASH_BYTES:
            raise ValueError(f"{tile.name} has {len(content)} bytes, not {tile.width * HASH_BYTES}")
        return hashes_in(content)


def _rows(items: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [items[at : at + WIDTH] for at in range(0, len(items), WIDTH)]


def _numbered(number: int, width: int) -> str:
    """Return a number as parts of a path, and the width where it is not full."""
    digits = f"{number:0{-(-len(str(number)) // 3) * 3}}"
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    whole = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return whole if width == WIDTH else f"{whole}.p/{width}"
