"""Checking the whole audit log: numbers, chain, words, signatures, every checkpoint."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from audit.block import BLOCK, BlockCheck, Finding, check_block
from audit.log import last_seq
from audit.merkle import MerkleTree
from audit.witness import Checkpoint, Witness
from storage.database import Database

MOST_FINDINGS = 100


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
    """Read the log once and check everything; `tell` hears how many events were done.

    Long logs are checked by as many processes as there are processors.
    """
    result = Verification()
    checkpoints = _checkpoints(witness, result)
    with database.reading() as db:
        last = last_seq(db)
    blocks = MerkleTree()  # of the blocks' roots
    tree = MerkleTree()
    for block in _checked(database, last, sorted(checkpoints)):
        result.events += block.events
        result.payloads += block.payloads
        result.erased += block.erased
        for finding in block.findings:
            result.note(finding.seq, finding.what)
        for seq, (part, head) in block.marks.items():
            _compare(checkpoints[seq], joined(blocks, part), head, result)
        tree = joined(blocks, block.tree)
        if block.tree.size == BLOCK:
            blocks.append(block.tree.peaks[0])
        tell(block.events)
    for seq, found in sorted(checkpoints.items()):
        if seq > last:
            result.note(seq, f"签名检查点到第 {seq} 号，数据库只到第 {last} 号：末尾缺失")
        elif tree.size != last and not result.findings:
            result.note(found[0].seq, "事件数与编号不符")
    result.root = tree.root()
    return result


def joined(blocks: MerkleTree, part: MerkleTree) -> MerkleTree:
    """Return the tree of whole blocks followed by a part of the next one."""
    return MerkleTree(blocks.size * BLOCK + part.size, [*blocks.peaks, *part.peaks])


def _checked(database: Database, last: int, marks: list[int]) -> Iterator[BlockCheck]:
    """Yield the checked blocks in their order."""
    ranges = [(first, min(first + BLOCK - 1, last)) for first in range(1, last + 1, BLOCK)]
    within = [[seq for seq in marks if first <= seq <= end] for first, end in ranges]
    processes = min(os.cpu_count() or 1, len(ranges))
    if processes < 2 or len(ranges) < 3:
        for (first, end), seqs in zip(ranges, within, strict=True):
            yield check_block(database, first, end, seqs, MOST_FINDINGS)
        return
    url = database.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        tasks = [(url, *span, seqs) for span, seqs in zip(ranges, within, strict=True)]
        yield from pool.map(_check_elsewhere, tasks)


def _check_elsewhere(task: tuple[str, int, int, list[int]]) -> BlockCheck:
    url, first, last, marks = task
    database = Database(url)
    try:
        return check_block(database, first, last, marks, MOST_FINDINGS)
    finally:
        database.close()


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


def _compare(found: list[Checkpoint], tree: MerkleTree, head: str, result: Verification) -> None:
    for checkpoint in found:
        if checkpoint.head != head or checkpoint.root != tree.root():
            result.note(checkpoint.seq, f"到第 {checkpoint.seq} 号为止的历史与签名检查点不一致")
