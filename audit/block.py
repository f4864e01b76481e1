"""One block of the audit log, checked by itself: numbers, chain, words, and its Merkle tree.

Blocks begin at multiples of a power of two, so that their trees are subtrees of the
whole; several processes check several blocks.
"""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quoted  # the C function
from typing import Any

from audit.log import GENESIS, EventHeader
from audit.merkle import MerkleTree, leaf_hash
from storage.database import Database

BLOCK = 1 << 17
BATCH = 20_000
LOWEST = -(2**31)

_COLUMNS = ", ".join(f"e.{name}" for name in (*EventHeader._fields, "hash"))
_EVENTS = (
    f"SELECT {_COLUMNS}, p.salt, p.payload FROM audit_events e"
    " LEFT JOIN audit_payloads p ON p.seq = e.seq"
    " WHERE e.seq > {mark} AND e.seq <= {mark} ORDER BY e.seq LIMIT {limit}"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: at which event, and what."""

    seq: int
    what: str  # Chinese


@dataclass
class BlockCheck:
    """What was found in one block."""

    events: int = 0
    payloads: int = 0
    erased: int = 0
    head: str = GENESIS
    tree: MerkleTree = field(default_factory=MerkleTree)
    # Number of event -> the block's tree and the event's hash, where a checkpoint was taken.
    marks: dict[int, tuple[MerkleTree, str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def check_block(
    database: Database, first: int, last: int, marks: Collection[int], most: int
) -> BlockCheck:
    """Check the events numbered `first` to `last`; stop noting after `most` findings.

    `marks` are the numbers at which the tree is to be remembered. This is the hot loop:
    it spells out `audit.log.event_hash` and `payload_digest`, which the tests compare.
    """
    check = BlockCheck()
    with database.engine.connect() as connection:
        check.head = _hash_before(connection, first)
        expected = first
        for batch in _batches(connection, first, last):
            expected = _check_chain(check, batch, expected, frozenset(marks), most)
            _check_words(check, batch, most)
            check.events += len(batch)
        if expected <= last:
            _note(check, most, expected, f"第 {expected} 号到第 {last} 号事件缺失")
    return check


def _check_chain(
    check: BlockCheck, batch: list[Any], expected: int, marks: frozenset[int], most: int
) -> int:
    """Recompute every hash from the one before; return the number to come next."""
    sha256, from_hex, append = hashlib.sha256, bytes.fromhex, check.tree.append
    prefixes: dict[tuple[str, str, str, str], str] = {}
    previous = check.head
    for seq, at, kind, actor, role, action, subject, digest, stored, _, _ in batch:
        try:
            key = (action, actor, kind, role)
            prefix = prefixes.get(key) or prefixes.setdefault(key, _prefix(*key))
            record = (
                f'{prefix}{at},"payload_digest":"{digest}","previous":"{previous}"'
                f',"seq":{seq},"subject":{quoted(subject)}}}'
            )
            computed = sha256(record.encode()).hexdigest()
        except (TypeError, ValueError):  # SQLite lets anything be written into a text column
            computed = ""
        if seq != expected:
            _note(check, most, expected, f"第 {expected} 号到第 {seq - 1} 号事件缺失")
        if computed == stored:
            append(from_hex(stored))
        else:
            _note(check, most, seq, f"第 {seq} 号事件的内容或前一环与其哈希不符")
            append(leaf_hash(str(stored).encode()))  # whatever stands there now
        previous, expected = stored, seq + 1
        if seq in marks:
            check.marks[seq] = (check.tree.copy(), stored)
    check.head = previous
    return expected


def _check_words(check: BlockCheck, batch: list[Any], most: int) -> None:
    """Compare the details that are left with their digests."""
    sha256, from_hex = hashlib.sha256, bytes.fromhex
    for seq, *_, digest, _, salt, payload in batch:
        if payload is None:
            check.erased += digest != ""
            continue
        check.payloads += 1
        try:
            computed = sha256(from_hex(salt) + payload.encode()).hexdigest()
        except (AttributeError, TypeError, ValueError):
            computed = ""
        if computed != digest:
            _note(check, most, seq, f"第 {seq} 号事件的详情与摘要不符")


def _prefix(action: str, actor: str, kind: str, role: str) -> str:
    return (
        f'\0{{"action":{quoted(action)},"actor_id":{quoted(actor)},"actor_kind":"{kind}"'
        f',"actor_role":{quoted(role)},"at_us":'
    )


def _note(check: BlockCheck, most: int, seq: int, what: str) -> None:
    if len(check.findings) < most:
        check.findings.append(Finding(seq, what))


def _hash_before(connection: Any, first: int) -> str:
    found = connection.exec_driver_sql(
        f"SELECT hash FROM audit_events WHERE seq = {first - 1}"
    ).scalar()
    return str(found or GENESIS)


def _batches(connection: Any, first: int, last: int) -> Iterator[list[Any]]:
    """Yield the events in order as plain tuples of the driver."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    statement = _EVENTS.format(mark=mark, limit=BATCH)
    after = first - 1 if first > 1 else LOWEST  # nothing may hide below the first number
    with closing(connection.connection.cursor()) as cursor:
        while True:
            cursor.execute(statement, (after, last))
            batch = cursor.fetchall()
            if not batch:
                return
            yield batch
            after = batch[-1][0]
