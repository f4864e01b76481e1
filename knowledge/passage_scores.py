"""From scores of passages to scores of clauses: pieces, and the blocks around them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.passage import MAX_PIECES, Passage

Ids = NDArray[np.int64]
Vector = NDArray[np.float32]

_NONE = np.iinfo(np.int64).max


class PassageOutline:
    """Which passages belong to which clause, and which clauses to which block."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        pieces = sorted((p for p in passages if not p.block), key=lambda p: p.id)
        blocks = {clause: p.id for p in passages for clause in p.block}
        self._pieces = np.array([p.id for p in pieces], np.int64)
        self._known = np.sort(np.array([p.id for p in passages], np.int64))
        self._encoded = np.array([p.encoded for p in pieces], np.bool_)
        self._blocks = np.array([blocks.get(p.clause_id, _NONE) for p in pieces], np.int64)
        self._by_block = np.argsort(self._blocks, kind="stable")
        self._sorted_blocks = self._blocks[self._by_block]

    def with_neighbours(self, ids: Ids) -> Ids:
        """Return the ids with the blocks of their clauses and all clauses of those blocks.

        Ids of no passage here are left out: another process may have stored newer ones.
        """
        ids = np.unique(ids)
        if not len(self._known):
            return ids[:0]
        # By bisection: np.isin would sort all that is known for every question.
        at = np.minimum(np.searchsorted(self._known, ids), len(self._known) - 1)
        ids = ids[self._known[at] == ids]
        is_block = ids % MAX_PIECES == MAX_PIECES - 1
        around = self._blocks[np.searchsorted(self._pieces, ids[~is_block])]
        blocks = np.union1d(ids[is_block], around[around != _NONE])
        first = np.searchsorted(self._sorted_blocks, blocks, side="left")
        last = np.searchsorted(self._sorted_blocks, blocks, side="right")
        members = [self._by_block[a:b] for a, b in zip(first, last, strict=True)]
        beside = self._pieces[np.concatenate(members)] if members else ids[:0]
        return np.unique(np.concatenate([ids, blocks, beside]))

    def by_clause(self, ids: Ids, scores: Mapping[str, Vector]) -> tuple[Ids, dict[str, Vector]]:
        """Bring the scores of passages to clauses.

        A clause has the score of its best piece, and on top what its block scores above
        the best clause of the block: words that stand together only in the block count
        for all its clauses alike, and the best clause leads them.

        Args:
            ids: passages, ascending, shape (p,), as `with_neighbours` gave them.
            scores: per ranking the score of each, shape (p,); "dense" is that of the
                block for pieces without a vector of their own.

        Returns:
            Clause ids, ascending, shape (c,), and per ranking their scores, shape (c,).
        """
        is_block = ids % MAX_PIECES == MAX_PIECES - 1
        pieces = ids[~is_block]
        place = np.searchsorted(self._pieces, pieces)
        block = self._blocks[place]
        has_block = block != _NONE
        block_row = np.searchsorted(ids, np.where(has_block, block, ids[0]))
        clauses, group = np.unique(pieces // MAX_PIECES, return_inverse=True)
        blocks, block_group = np.unique(block, return_inverse=True)
        result = {}
        for name, of in scores.items():
            own = of[~is_block]
            around = np.where(has_block, of[block_row], own)
            if name == "dense":
                own = np.where(self._encoded[place], own, around)
            leading = _largest(block_group, own, len(blocks))[block_group]
            lifted = own + np.where(has_block, np.maximum(around - leading, 0), 0)
            result[name] = _largest(group, lifted.astype(np.float32), len(clauses))
        return clauses, result


def _largest(groups: Ids, scores: Vector, count: int) -> Vector:
    """Return the largest score of each group, shape (count,)."""
    largest = np.full(count, -np.inf, np.float32)
    np.maximum.at(largest, groups, scores)
    return largest
