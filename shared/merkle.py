"""
The Merkle tree of RFC 6962 and RFC 9162 over SHA-256: roots, proofs, and how they are verified.

A node is named by its level and its index there: it covers the leaves from ``index << level`` on, ``1 << level`` of
them, all of which there are. Proofs are lists of hashes from the leaf's side up. Pure: whoever makes a proof says
where nodes come from.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

Nodes = Callable[[int, int], bytes]
"""``nodes(level, index)``: the hash of a node of which every leaf is there."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf by what is entered."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node by those of the two below it."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def level_above(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the hashes of the level above an even number of neighbours."""
    sha256, pairs = hashlib.sha256, iter(hashes)
    return [
        sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)
    ]


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over neighbours of which there are a power of two."""
    while len(hashes) > 1:
        hashes = level_above(hashes)
    return hashes[0]


class Frontier(NamedTuple):
    """A tree as far as its growth needs it: the roots of its largest complete parts, from the left (compact range)."""

    size: int = 0
    """How many leaves it has."""
    roots: tuple[bytes, ...] = ()
    """One for each bit that is set in its size, the highest first."""

    def grown(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return it with more leaves, given by their hashes."""
        size, roots = self.size, [*self.roots]
        for leaf in leaves:
            roots.append(leaf)
            size += 1
            for _ in range((size & -size).bit_length() - 1):
                right = roots.pop()
                roots[-1] = node_hash(roots[-1], right)
        return Frontier(size, tuple(roots))

    @property
    def root(self) -> bytes:
        """Its root."""
        if not self.roots:
            return EMPTY_ROOT
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = node_hash(left, root)
        return root


def frontier_of(size: int, nodes: Nodes) -> Frontier:
    """Return the tree of the first *size* leaves as far as its growth needs it."""
    return Frontier(size, tuple(nodes(level, index) for level, index in _complete(0, size)))


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """
    Return the proof that a leaf is in the tree of the first *size* leaves (RFC 9162, 2.1.3.1).

    Raises:
        ValueError: It is not.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has none of the number {index}")
    begin, end, beside = 0, size, list[tuple[int, int]]()
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((begin, middle))
            begin = middle
    return [_hash_of(part, nodes) for part in reversed(beside)]


def consistency_proof(earlier: int, size: int, nodes: Nodes) -> list[bytes]:
    """
    Return the proof that the tree of the first *earlier* leaves is how that of *size* begins (RFC 9162, 2.1.4.1).

    Raises:
        ValueError: There was no such tree before.
    """
    if not 0 < earlier <= size:
        raise ValueError(f"no tree of {earlier} leaves grew to {size}")
    begin, end, whole, beside = 0, size, True, list[tuple[int, int]]()
    while earlier < end:
        middle = begin + _split(end - begin)
        if earlier <= middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        beside.append((begin, end))
    return [_hash_of(part, nodes) for part in reversed(beside)]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether a proof shows that the leaf of this hash is in the tree of this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _all_hashes(proof, leaf, root):
        return False
    at, last, found = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(one, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    earlier: int, size: int, before: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether a proof shows that the tree of the root *before* is how that of *root* begins (RFC 9162, 2.1.4.2)."""
    if not 0 < earlier <= size or not _all_hashes(proof, before, root):
        return False
    if earlier == size:
        return not proof and before == root
    ahead = iter(proof if earlier & (earlier - 1) else (before, *proof))
    at, last = earlier - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = next(ahead, b"")
    for one in ahead:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(one, old), node_hash(one, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, one)
        at, last = at >> 1, last >> 1
    return last == 0 and old == before and new == root


def _split(leaves: int) -> int:
    """Return the largest power of two that is less than a number of leaves."""
    return 1 << (leaves - 1).bit_length() - 1


def _hash_of(part: tuple[int, int], nodes: Nodes) -> bytes:
    """Return the hash of some leaves, where a tree divides there."""
    *rest, found = (nodes(level, index) for level, index in _complete(*part))
    for left in reversed(rest):
        found = node_hash(left, found)
    return found


def _complete(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the complete nodes that cover some leaves, from the left."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


def _all_hashes(proof: Sequence[bytes], *hashes: bytes) -> bool:
    return all(len(one) == len(EMPTY_ROOT) for one in (*proof, *hashes))
