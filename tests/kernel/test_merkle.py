"""The Merkle tree: the reference roots of RFC 6962, proofs of every shape, and none that was changed."""

import hashlib
import random
from itertools import pairwise

import pytest

from shared.merkle import (
    EMPTY_ROOT,
    Frontier,
    complete_root,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
)

ENTRIES = [
    bytes.fromhex(one)
    for one in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Of the trees of no entry, the first, the first two and so on: those that every implementation of RFC 6962 is held to."""

INCLUDED = {
    (0, 8): ("96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"),
    (5, 8): ("bc1a0643b12e4d2d", "ca854ea128ed050b", "d37ee418976dd957"),
    (2, 3): ("fac54203e7cc696c",),
    (1, 5): ("6e340b9cffb37a98", "5f083f0a1a33ca07", "bc1a0643b12e4d2d"),
}
CONSISTENT = {
    (1, 8): ("96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"),
    (6, 8): ("0ebc5d3437fbe2db", "ca854ea128ed050b", "d37ee418976dd957"),
    (2, 5): ("5f083f0a1a33ca07", "bc1a0643b12e4d2d"),
    (6, 7): ("0ebc5d3437fbe2db", "b08693ec2e721597", "d37ee418976dd957"),
}
"""How the published proofs for those trees begin, hash by hash."""


def tree(leaves):
    """Return the nodes of a tree, made the plain way."""

    def nodes(level, index):
        return complete_root(leaves[index << level : (index + 1) << level])

    return nodes


def root(leaves):
    return Frontier().grown(leaves).root


def shown(proof):
    return tuple(one.hex()[:16] for one in proof)


LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def test_the_roots_are_the_reference_roots():
    assert [root(LEAVES[:size]).hex() for size in range(9)] == [*ROOTS]


def test_the_root_of_the_specification():
    leaves = [leaf_hash(hashlib.sha256(one).digest()) for one in (b"a", b"b", b"c")]
    assert root(leaves).hex() == "cac3d448d4e20a2ad5eae1f500e63c2a7f9217cd14572ba7fd22e26dc1ec2648"


def test_a_leaf_is_no_node():
    assert node_hash(b"N123", b"N456").hex().startswith("aa217fe888e47007")
    assert leaf_hash(b"L123456").hex().startswith("395aa064aa4c29f7")
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


def test_the_proofs_are_the_published_ones():
    nodes = tree(LEAVES)
    assert {one: shown(inclusion_proof(*one, nodes)) for one in INCLUDED} == INCLUDED
    assert {one: shown(consistency_proof(*one, nodes)) for one in CONSISTENT} == CONSISTENT


def test_a_tree_grows_the_same_in_any_portions():
    leaves = [leaf_hash(bytes([n])) for n in range(200)]
    whole = Frontier().grown(leaves)
    for seed in range(20):
        cuts = sorted(random.Random(seed).sample(range(200), 5))
        grown = Frontier()
        for begin, end in pairwise([0, *cuts, 200]):
            grown = grown.grown(leaves[begin:end])
        assert grown == whole
    assert len(whole.roots) == (200).bit_count()


def test_every_leaf_and_every_earlier_tree_is_proven():
    leaves = [leaf_hash(bytes([n])) for n in range(40)]
    nodes, roots = tree(leaves), [root(leaves[:size]) for size in range(41)]
    for size in range(1, 41):
        for index in range(size):
            proof = inclusion_proof(index, size, nodes)
            assert is_included(leaves[index], index, size, proof, roots[size])
        for earlier in range(1, size + 1):
            proof = consistency_proof(earlier, size, nodes)
            assert is_consistent(earlier, size, roots[earlier], roots[size], proof)


def changed(proof, draw):
    """Yield a proof with each of its elements changed, taken out, doubled, swapped, and with one more."""
    for at, one in enumerate(proof):
        flipped = bytearray(one)
        flipped[draw.randrange(32)] ^= 1 << draw.randrange(8)
        yield [*proof[:at], bytes(flipped), *proof[at + 1 :]]
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[:at], one, *proof[at:]]
        yield [*proof[:at], one[:-1], *proof[at + 1 :]]
        yield [*proof[:at], one + b"\0", *proof[at + 1 :]]
        if at and proof[at - 1] != one:
            yield [*proof[: at - 1], one, proof[at - 1], *proof[at + 1 :]]
    for more in (bytes(32), EMPTY_ROOT):
        yield [*proof, more]
        yield [more, *proof]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 21, 32, 33])
def test_a_changed_proof_of_inclusion_is_refused(size):
    draw, leaves = random.Random(size), [leaf_hash(bytes([n])) for n in range(size + 1)]
    nodes, whole = tree(leaves), root(leaves[:size])
    for index in range(size):
        proof = inclusion_proof(index, size, nodes)
        for other in changed(proof, draw):
            assert not is_included(leaves[index], index, size, other, whole)
        wrong = [
            (leaves[index - 1], index, size, whole) if size > 1 else (b"", index, size, whole),
            (leaves[index], index, size, root(leaves)),
            (leaves[index], -1, size, whole),
            (leaves[index], size, size, whole),
            (leaves[index], index, 0, whole),
            *((leaves[index], other, size, whole) for other in range(size) if other != index),
        ]
        for leaf, at, of, under in wrong:
            assert not is_included(leaf, at, of, proof, under)


@pytest.mark.parametrize("size", [2, 3, 4, 7, 8, 13, 16, 32, 33])
def test_a_changed_proof_of_consistency_is_refused(size):
    draw, leaves = random.Random(size), [leaf_hash(bytes([n])) for n in range(size + 1)]
    nodes, roots = tree(leaves), [root(leaves[:one]) for one in range(size + 2)]
    for earlier in range(1, size):
        proof = consistency_proof(earlier, size, nodes)
        for other in changed(proof, draw):
            assert not is_consistent(earlier, size, roots[earlier], roots[size], other)
        assert not is_consistent(earlier, size, roots[earlier], roots[size + 1], proof)
        assert not is_consistent(earlier, size, roots[earlier - 1], roots[size], proof)
        assert not is_consistent(size, earlier, roots[size], roots[earlier], proof)
        assert not is_consistent(earlier, 4 * size, roots[earlier], roots[size], proof)
    assert is_consistent(size, size, roots[size], roots[size], [])
    assert not is_consistent(size, size, roots[1], roots[size], [])
    assert not is_consistent(size, size, roots[size], roots[size], [roots[size]])
    assert not is_consistent(0, size, EMPTY_ROOT, roots[size], [])


def test_the_same_bytes_cut_elsewhere_prove_nothing():
    leaf, beside = LEAVES[:2]
    both = leaf + beside
    assert is_included(leaf, 0, 2, [beside], root(LEAVES[:2]))
    assert not is_included(both[:33], 0, 2, [both[33:]], root(LEAVES[:2]))


def test_nothing_is_proven_of_what_there_is_not():
    nodes = tree(LEAVES)
    for index, size in [(-1, 3), (3, 3), (0, 0)]:
        with pytest.raises(ValueError, match="leaves"):
            inclusion_proof(index, size, nodes)
    for earlier, size in [(0, 3), (4, 3), (-1, 3)]:
        with pytest.raises(ValueError, match="leaves"):
            consistency_proof(earlier, size, nodes)
