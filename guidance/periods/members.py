"""The members of a quarter: what its root is computed over when it is locked, and ever after."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.merkle import MerkleTree, leaf_hash, merkle_root
from guidance.lifecycle import COUNTED
from guidance.periods.record import SampleItem
from guidance.session import GuidanceSession

BATCH = 10_000
# What a leaf covers, by its version, which the event of the lock names. Whatever counts of a
# session, splits it or says who had a part in it; what it consisted of stands behind the seal.
LEAVES = {
    1: ("id", "seal", "counts_for", "count_on", "org_unit"),
    2: (
        "id", "seal", "person", "counts_for", "count_on", "org_unit", "identity_level", "channel",
        "service_line", "provider", "recorder", "submitter", "approver", "rule_version", "codes",
        "flags", "confirmed_at",
    ),
}  # fmt: skip
LEAF = max(LEAVES)  # of the quarters that are locked from now on
_record = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def leaf_of(values: Iterable[Any], version: int = LEAF) -> bytes:
    """Return the leaf of a session, 32 bytes; `values` in the order of LEAVES, None for none."""
    texts = ["" if value is None else str(value) for value in values]
    return leaf_hash((_record(texts) if version > 1 else "|".join(texts)).encode())


def counted_members(db: Session, period: str, version: int = LEAF) -> Iterator[Any]:
    """Yield what a leaf covers of every session that counts in a quarter, by number."""
    rows = (
        select(*(getattr(GuidanceSession, name) for name in LEAVES[version]))
        .where(GuidanceSession.period == period, GuidanceSession.state.in_(COUNTED))
        .order_by(GuidanceSession.id)
        .execution_options(yield_per=BATCH)
    )
    yield from db.execute(rows)


def members_root(db: Session, period: str, version: int = LEAF) -> str:
    """Return the Merkle root over a quarter's counted sessions as they stand."""
    tree = MerkleTree()
    for row in counted_members(db, period, version):
        tree.append(leaf_of(row, version))
    return tree.root()


def sample_root(db: Session, period: str) -> str:
    """Return the Merkle root over a quarter's second checks as they stand, notes left out."""
    i = SampleItem
    rows = (
        select(i.session_id, i.stratum, i.why, i.outcome, i.checked_by, i.checked_at)
        .where(i.period == period)
        .order_by(i.session_id)
        .execution_options(yield_per=BATCH)
    )
    return merkle_root(
        _record(["" if value is None else str(value) for value in row]).encode()
        for row in db.execute(rows)
    )
