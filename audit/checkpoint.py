"""Writing checkpoints, and the quick look at start whether the database is behind one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select

from audit.log import AuditEvent, last_seq
from audit.merkle import MerkleTree
from audit.witness import Checkpoint, Witness
from storage.database import Database

EVERY_EVENTS = 100
EVERY = timedelta(seconds=60)
BATCH = 10_000


class LedgerBehindWitness(RuntimeError):
    """The database misses events that a signed checkpoint vouches for, or has others."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest checkpoint beside the database."""

    checkpoint: Checkpoint | None
    seq: int  # of the newest event
    trouble: str = ""  # Chinese, empty when all is well


def write_checkpoint(
    database: Database, witness: Witness, at: datetime, *, now: bool = False
) -> Checkpoint | None:
    """Sign how far the log has come, when 100 events or 60 s are new; return it if so.

    `now` signs whatever is new. Raises LedgerBehindWitness instead of vouching for a
    log that does not continue the last checkpoint.
    """
    with witness.turn():
        last = witness.last()
        with database.reading() as db:
            seq = last_seq(db)
            if last is not None:
                _check(last, seq, db.scalar(_hash_of(last.seq)) if last.seq else "")
            news = seq - (last.seq if last else 0)
            due = last is None or news >= EVERY_EVENTS or _age(last, at) >= EVERY
            if not news or not (due or now):
                return None
            tree, head = last.tree() if last else MerkleTree(), last.head if last else ""
            events = select(AuditEvent.hash).where(
                AuditEvent.seq > tree.size, AuditEvent.seq <= seq
            )
            ordered = events.order_by(AuditEvent.seq).execution_options(yield_per=BATCH)
            for head in db.scalars(ordered):
                tree.append(bytes.fromhex(head))
        checkpoint = witness.sign(tree, head, at)
        witness.append(checkpoint)
        return checkpoint


def compare_with_witness(database: Database, witness: Witness) -> Standing:
    """Compare the newest checkpoint with the database; a matter of milliseconds."""
    last = witness.last()
    with database.reading() as db:
        seq = last_seq(db)
        if last is None or not last.seq:
            return Standing(last, seq)
        found = db.scalar(_hash_of(last.seq))
    if not last.is_signed_by(witness.public_key):
        return Standing(last, seq, "最新检查点的签名不符，检查点文件或密钥可能被换过。")
    try:
        _check(last, seq, found)
    except LedgerBehindWitness as error:
        return Standing(last, seq, str(error))
    return Standing(last, seq)


def _check(last: Checkpoint, seq: int, found: str | None) -> None:
    if seq < last.seq:
        raise LedgerBehindWitness(
            f"数据库只到第 {seq} 号事件，而签名检查点已到第 {last.seq} 号："
            f"缺少最后 {last.seq - seq} 条。请恢复较新的备份。"
        )
    if last.seq and found != last.head:
        raise LedgerBehindWitness(
            f"第 {last.seq} 号事件与签名检查点不一致：数据库属于另一段历史。请运行核验查明原因。"
        )


def _age(last: Checkpoint, at: datetime) -> timedelta:
    return at - datetime.fromisoformat(last.at)


def _hash_of(seq: int) -> Select[str]:
    return select(AuditEvent.hash).where(AuditEvent.seq == seq)
