"""The checkpoints that a service would have signed while a ledger grew, all at once."""

from datetime import UTC, datetime

from sqlalchemy import select

from audit.checkpoint import BATCH, EVERY_EVENTS
from audit.log import AuditEvent
from audit.merkle import MerkleTree
from audit.witness import Checkpoint, Witness
from storage.database import Database


def sign_along(database: Database, witness: Witness) -> int:
    """Sign the log at every hundredth event and at its end; return how many checkpoints."""
    tree, head, count = MerkleTree(), "", 0
    at, waiting = datetime.now(UTC), list[Checkpoint]()
    hashes = select(AuditEvent.hash).order_by(AuditEvent.seq)
    with witness.turn(), database.reading() as db:
        for head in db.scalars(hashes.execution_options(yield_per=BATCH)):
            tree.append(bytes.fromhex(head))
            if tree.size % EVERY_EVENTS == 0:
                waiting.append(witness.sign(tree, head, at))
            if len(waiting) == EVERY_EVENTS:
                witness.append(*waiting)
                count, waiting = count + len(waiting), []
        if tree.size % EVERY_EVENTS:
            waiting.append(witness.sign(tree, head, at))
        if waiting:
            witness.append(*waiting)
    return count + len(waiting)
