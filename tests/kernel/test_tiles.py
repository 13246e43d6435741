"""Tiles and bundles: the names and widths of C2SP tlog-tiles, and proofs made of them."""

import random
from itertools import pairwise

import pytest

from shared.merkle import (
    Frontier,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    level_above,
)
from shared.tiles import (
    HASH_BYTES,
    WIDTH,
    Tile,
    TiledNodes,
    bundle_name,
    bundled,
    bundles,
    grown_bundles,
    grown_tiles,
    hashes_in,
    tiles,
    unbundled,
)


def rows(leaves):
    """Return the hashes of each level of tiles, made the plain way."""
    row, found = leaves, []
    while row:
        found.append(row)
        row = row[: len(row) // WIDTH * WIDTH]
        for _ in range(8):
            row = level_above(row)
    return found


def written(leaves):
    """Return the tiles of a log, by name."""
    found = rows(leaves)
    return {
        tile.name: b"".join(found[tile.level][tile.begin : tile.begin + tile.width])
        for tile in tiles(len(leaves))
    }


def test_names_are_those_of_the_specification():
    assert Tile(0, 1234067, WIDTH).name == "tile/0/x001/x234/067"
    assert Tile(1, 0, 17).name == "tile/1/000.p/17"
    assert Tile(63, 999, WIDTH).name == "tile/63/999"
    assert bundle_name(1000, WIDTH) == "tile/entries/x001/000"
    assert bundle_name(273, 112) == "tile/entries/273.p/112"


def test_a_tree_has_the_tiles_of_the_specification():
    found = [*tiles(70_000)]
    assert [sum(one.level == level for one in found) for level in (0, 1, 2)] == [274, 2, 1]
    assert [one.width for one in found if one.width < WIDTH] == [112, 17, 1]
    assert [*tiles(256)] == [Tile(0, 0, 256), Tile(1, 0, 1)]
    assert not [*tiles(0)]
    assert [*bundles(257)] == [(0, 256), (1, 1)]


@pytest.mark.parametrize(("since", "size"), [(0, 1), (255, 256), (256, 257), (3, 70_000), (9, 9)])
def test_what_a_growing_log_writes_is_all_that_it_has_not(since, size):
    before, after = {one.name for one in tiles(since)}, {one.name for one in tiles(size)}
    grown = {one.name for one in tiles(size, since)}
    assert grown == after - before


def test_a_bundle_gives_back_what_went_in():
    entries = [b"", b"a", bytes(0xFFFF), b"last"]
    assert [*unbundled(bundled(entries))] == entries
    assert bundled([b"abc"]) == b"\x00\x03abc"
    with pytest.raises(ValueError, match="65,535"):
        bundled([bytes(0x10000)])
    for cut in (b"\x00", b"\x00\x03ab", bundled([b"abc"]) + b"\x00"):
        with pytest.raises(ValueError, match="ends within"):
            [*unbundled(cut)]


def test_proofs_are_made_of_tiles_at_every_size():
    leaves = [leaf_hash(n.to_bytes(3)) for n in range(66_000)]
    draw = random.Random(1)
    for size in (1, 2, 255, 256, 257, 65_536, 65_537, 66_000):
        root, kept = Frontier().grown(leaves[:size]).root, written(leaves[:size])
        nodes = TiledNodes(size, kept.__getitem__)
        for _ in range(3):
            index, earlier = draw.randrange(size), draw.randint(1, size)
            proof = inclusion_proof(index, size, nodes)
            assert is_included(leaves[index], index, size, proof, root)
            before = Frontier().grown(leaves[:earlier]).root
            proof = consistency_proof(earlier, size, nodes)
            assert is_consistent(earlier, size, before, root, proof)


def test_a_log_that_grows_in_portions_writes_what_one_written_at_once_has():
    entries = [n.to_bytes(3) for n in range(66_100)]
    leaves = [leaf_hash(one) for one in entries]
    whole = written(leaves)
    kept: dict[str, bytes] = {}
    for since, size in pairwise([0, 1, 250, 256, 700, 65_535, 65_536, 66_100]):
        new = grown_tiles(since, leaves[since:size], kept.__getitem__)
        assert new.keys() == {one.name for one in tiles(size, since)}
        assert not new.keys() & kept.keys(), "what a name holds it holds for good"
        bundles_too = grown_bundles(since, entries[since:size], kept.__getitem__)
        assert bundles_too.keys() == {bundle_name(*one) for one in bundles(size, since)}
        kept |= new | bundles_too
        nodes = TiledNodes(size, kept.__getitem__)
        assert frontier_of(size, nodes) == Frontier().grown(leaves[:size])
    assert whole.items() <= kept.items()
    parts = [kept[bundle_name(*one)] for one in bundles(66_100)]
    assert [one for part in parts for one in unbundled(part)] == entries


def test_a_tile_of_another_width_proves_nothing():
    kept = written([leaf_hash(bytes([n])) for n in range(100)])
    kept["tile/0/000.p/100"] = kept["tile/0/000.p/100"][:-1]
    with pytest.raises(ValueError, match="has 3199 bytes"):
        inclusion_proof(5, 100, TiledNodes(100, kept.__getitem__))


def test_proofs_of_a_million_leaves_are_short():
    """They are as long for any leaves, so one tile stands for all of a level."""
    size = 1_000_000
    same = bytes(HASH_BYTES) * WIDTH
    nodes = TiledNodes(
        size, lambda name: same[: HASH_BYTES * int(name.partition(".p/")[2] or WIDTH)]
    )
    draw = random.Random(2)
    places = [0, 1, size // 2, size - 1, *(draw.randrange(size) for _ in range(60))]
    assert max(len(inclusion_proof(at, size, nodes)) for at in places) * HASH_BYTES <= 640
    sizes = [1, 3, size // 2 + 1, size - 1, *(draw.randint(1, size) for _ in range(60))]
    assert max(len(consistency_proof(one, size, nodes)) for one in sizes) * HASH_BYTES <= 672


def test_the_hashes_of_a_tile_are_its_bytes():
    assert hashes_in(bytes(range(64))) == [bytes(range(32)), bytes(range(32, 64))]
