"""Checking the whole audit log: numbers, chain, words, signatures, every checkpoint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from audit.log import (
    GENESIS,
    AuditEvent,
    AuditPayload,
    EventHeader,
    event_hash,
    payload_digest,
)
from audit.merkle import MerkleTree, leaf_hash
from audit.witness import Checkpoint, Witness
from storage.database import Database

BATCH = 20_000
MOST_FINDINGS = 100
LOWEST = -(2**31)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: at which event or line, and what."""

    seq: int
    what: str  # Chinese


@dataclass
class Verification:
    """What was checked and what was found."""

    events: int = 0
    payloads: int = 0
    erased: int = 0
    checkpoints: int = 0
    torn_lines: int = 0
    root: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def note(self, seq: int, what: str) -> None:
        """Add a finding, up to a hundred."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(seq, what))


def verify(
    database: Database, witness: Witness | None, tell: Callable[[int], None] = lambda _n: None
) -> Verification:
    """Read the log once from its beginning and check everything; `tell` hears of progress."""
    result = Verification()
    checkpoints = _checkpoints(witness, result)
    with database.reading() as db:
        tree = _check_events(db, checkpoints, result, tell)
        _check_words(db, result)
    for seq, found in sorted(checkpoints.items()):
        if seq > tree.size:
            for _ in found:
                result.note(seq, f"签名检查点到第 {seq} 号，数据库只到第 {tree.size} 号：末尾缺失")
    result.root = tree.root()
    return result


def _checkpoints(witness: Witness | None, result: Verification) -> dict[int, list[Checkpoint]]:
    """Read the file: signatures hold, numbers do not go back; by number of event."""
    found: dict[int, list[Checkpoint]] = {}
    if witness is None:
        return found
    highest = 0
    for line, checkpoint in witness.all():
        if checkpoint is None:
            # A crash while writing leaves one; the next checkpoint vouches for all before it.
            result.torn_lines += 1
            continue
        result.checkpoints += 1
        if not checkpoint.is_signed_by(witness.public_key):
            result.note(checkpoint.seq, f"检查点文件第 {line} 行的签名不符")
            continue
        if checkpoint.seq < highest:
            result.note(checkpoint.seq, f"检查点文件第 {line} 行倒退，次序被改动")
        highest = max(highest, checkpoint.seq)
        found.setdefault(checkpoint.seq, []).append(checkpoint)
    return found


def _check_events(
    db: Session,
    checkpoints: dict[int, list[Checkpoint]],
    result: Verification,
    tell: Callable[[int], None],
) -> MerkleTree:
    """Recompute every hash from the one before; compare the tree at every checkpoint."""
    tree = MerkleTree()
    previous, expected = GENESIS, 1
    for batch in _batches(db):
        for *header, stored in batch:
            seq = header[0]
            if seq != expected:
                result.note(expected, f"第 {expected} 号到第 {seq - 1} 号事件缺失")
            computed = event_hash(previous, EventHeader._make(header))
            if computed != stored:
                result.note(seq, f"第 {seq} 号事件的内容或前一环与其哈希不符")
                tree.append(leaf_hash(str(stored).encode()))  # whatever stands there now
            else:
                tree.append(bytes.fromhex(computed))
            if seq in checkpoints:
                _compare(checkpoints[seq], tree, stored, result)
            previous, expected = stored, seq + 1
        result.events += len(batch)
        tell(len(batch))
    return tree


def _compare(found: list[Checkpoint], tree: MerkleTree, head: str, result: Verification) -> None:
    for checkpoint in found:
        if checkpoint.head != head or checkpoint.root != tree.root():
            result.note(checkpoint.seq, f"到第 {checkpoint.seq} 号为止的历史与签名检查点不一致")


def _check_words(db: Session, result: Verification) -> None:
    """Check the digests of the details that are left; erased ones are counted."""
    words = select(AuditEvent.seq, AuditEvent.payload_digest, AuditPayload.salt,
                   AuditPayload.payload).join(AuditPayload)  # fmt: skip
    ordered = words.order_by(AuditEvent.seq).execution_options(yield_per=BATCH)
    for seq, digest, salt, payload in db.execute(ordered):
        result.payloads += 1
        if payload_digest(salt, payload) != digest:
            result.note(seq, f"第 {seq} 号事件的详情与摘要不符")
    with_words = select(func.count()).where(AuditEvent.payload_digest != "")
    result.erased = max(0, (db.scalar(with_words) or 0) - result.payloads)


def _batches(db: Session) -> Iterator[list[Any]]:
    """Yield the events in order as plain tuples of the driver: this is the hot loop."""
    columns = ", ".join((*EventHeader._fields, "hash"))
    placeholder = "?" if db.connection().dialect.name == "sqlite" else "%s"
    cursor = db.connection().connection.cursor()
    after = LOWEST
    try:
        while True:
            cursor.execute(
                f"SELECT {columns} FROM audit_events WHERE seq > {placeholder}"
                f" ORDER BY seq LIMIT {BATCH}",
                (after,),
            )
            batch = cursor.fetchall()
            if not batch:
                return
            yield list(batch)
            after = batch[-1][0]
    finally:
        cursor.close()
