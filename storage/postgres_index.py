"""The passage index in PostgreSQL: vectors under HNSW, words and bigrams under GIN.

Any number of API processes search one index that changes with one transaction. Its
tables are derived from the documents, so no migration knows them: they are created
here, and made anew when the encoder's dimension changes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from storage.database import Database
from storage.passage_index import FIELDS, Candidates, Ids, PassageRow, TermStatistics, Vector
from storage.postgres_statements import (
    COUNT_SIZE,
    COUNT_TERMS,
    FETCH,
    INSERT,
    MATCHING,
    NEAREST,
    SCHEMA,
)

LOCK = 0x51435F50  # advisory lock of whoever changes the index
POSTINGS_LIMIT = 60_000  # rows visited per field and query, heaviest terms first
EF_SEARCH = 400
INSERTED_AT_ONCE = 200

_VECTOR_HEAD = 4  # bytes of pgvector's wire format before the big-endian numbers


class PostgresIndex:
    """A `PassageIndex` in a PostgreSQL database with the extension pgvector."""

    def __init__(self, database: Database, dimension: int) -> None:
        self._database = database
        self._dimension = dimension
        with database.writing() as db:
            _lock(db)
            _create(db, dimension)

    def keys(self) -> dict[int, int]:
        """Return the key of every stored passage by its id."""
        with self._database.reading() as db:
            rows = db.execute(text("SELECT id, key FROM passage_index"))
            return {row.id: row.key for row in rows}

    def replace(self, rows: Iterable[PassageRow], removed: Collection[int]) -> None:
        """Remove passages and store rows, over those with the same ids, in one transaction."""
        with self._database.writing() as db:
            _lock(db)
            _remove(db, removed)
            rest = iter(rows)
            while some := list(islice(rest, INSERTED_AT_ONCE)):
                ids = [row.id for row in some]
                _remove(db, ids)
                db.execute(INSERT, [_columns(row) for row in some])
                _count(db, ids, sign=1)
        with self._database.writing() as db:
            db.execute(text("ANALYZE passage_index"))

    def statistics(self, field: str, terms: Sequence[str]) -> TermStatistics:
        """Return the size of a field and in how many passages each term stands."""
        with self._database.reading() as db:
            size = db.execute(
                text("SELECT passages, length FROM passage_size WHERE field = :field"),
                {"field": field},
            ).one()
            rows = db.execute(
                text(
                    "SELECT term, passages FROM passage_terms"
                    " WHERE field = :field AND term = ANY(:terms) AND passages > 0"
                ),
                {"field": field, "terms": list(terms)},
            )
            known = {row.term: row.passages for row in rows}
        frequency = {term: known[term] for term in terms if term in known}
        mean_length = (size.length / size.passages if size.passages else 0.0) or 1.0
        return TermStatistics(size.passages, mean_length, frequency)

    def matching(
        self, field: str, weights: Mapping[str, float], allowed: frozenset[int] | None, limit: int
    ) -> Ids:
        """Return ids of up to `limit` passages that hold most of the weighted terms."""
        if not weights:
            return np.empty(0, np.int64)
        asked = {
            "field": field,
            "terms": list(weights),
            "weights": list(weights.values()),
            "read": POSTINGS_LIMIT,
            "limit": limit,
        }
        with self._database.reading() as db:
            # Without statistics of our arrays the planner would read the whole table per term.
            db.execute(text("SET LOCAL enable_seqscan = off"))
            rows = db.execute(text(MATCHING[field].format(**_only(allowed, asked))), asked)
            return np.array([row.id for row in rows], np.int64)

    def nearest(self, vector: Vector, allowed: frozenset[int] | None, limit: int) -> Ids:
        """Return ids of up to `limit` passages with the largest inner product."""
        asked: dict[str, Any] = {"vector": _literal(vector), "limit": limit}
        with self._database.reading() as db:
            db.execute(text(f"SET LOCAL hnsw.ef_search = {EF_SEARCH}"))
            db.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
            rows = db.execute(text(NEAREST.format(**_only(allowed, asked))), asked)
            return np.array([row.id for row in rows], np.int64)

    def fetch(self, ids: Ids, terms: Mapping[str, Sequence[str]]) -> Candidates:
        """Return what the passages with these ids are scored from; unknown ids are skipped."""
        with self._database.reading() as db:
            rows = db.execute(FETCH, {"ids": ids.tolist()}).all()
        vectors = [np.frombuffer(row.vector, ">f4", offset=_VECTOR_HEAD) for row in rows]
        return Candidates(
            np.array([row.id for row in rows], np.int64),
            np.array([row.document_id for row in rows], np.int64),
            {name: _counts(rows, name, asked) for name, asked in terms.items()},
            {
                name: np.array([getattr(row, f"{name}_length") for row in rows], np.float32)
                for name in terms
            },
            np.array(vectors, np.float32).reshape(len(rows), self._dimension),
        )


def _lock(db: Session) -> None:
    db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def _create(db: Session, dimension: int) -> None:
    db.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    found = db.scalar(
        text(
            "SELECT atttypmod FROM pg_attribute"
            " WHERE attrelid = to_regclass('passage_index') AND attname = 'vector'"
        )
    )
    if found == dimension:
        return
    for statement in SCHEMA.format(dimension=dimension).split(";"):
        db.execute(text(statement))
    for field in FIELDS:
        db.execute(text("INSERT INTO passage_size VALUES (:field, 0, 0)"), {"field": field})


def _remove(db: Session, ids: Collection[int]) -> None:
    if ids:
        _count(db, ids, sign=-1)
        db.execute(text("DELETE FROM passage_index WHERE id = ANY(:ids)"), {"ids": list(ids)})


def _count(db: Session, ids: Collection[int], sign: int) -> None:
    """Add the terms of stored passages to the statistics, or take them off."""
    for field in FIELDS:
        asked = {"field": field, "ids": list(ids), "sign": sign}
        db.execute(text(COUNT_TERMS.format(field=field)), asked)
        db.execute(text(COUNT_SIZE.format(field=field)), asked)


def _columns(row: PassageRow) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "id": row.id,
        "document_id": row.document_id,
        "key": row.key,
        "vector": _literal(row.vector),
    }
    for field in FIELDS:
        columns[f"{field}s"] = list(row.terms[field])
        columns[f"{field}_counts"] = _packed(row.terms[field])
        columns[f"{field}_length"] = float(sum(row.terms[field].values()))
    return columns


def _packed(counts: Mapping[str, int]) -> bytes:
    """Return codes of terms with their counts, compact and fast to search."""
    pairs = sorted((_code(term), min(count, 255)) for term, count in counts.items())
    return np.array(pairs, np.uint32).tobytes()


def _code(term: str) -> int:
    return crc32(term.encode())


def _counts(rows: Sequence[Row[Any]], field: str, terms: Sequence[str]) -> NDArray[np.float32]:
    """Return the count of each term in each row, shape (len(rows), len(terms))."""
    packed = [getattr(row, f"{field}_counts") for row in rows]
    pairs = np.frombuffer(b"".join(packed), np.uint32).reshape(-1, 2)
    if not len(pairs) or not terms:
        return np.zeros((len(rows), len(terms)), np.float32)
    # Row number and code in one integer: one search finds every term in every row.
    places = np.arange(len(rows), dtype=np.uint64) << np.uint64(32)
    held = np.repeat(places, [len(data) // 8 for data in packed]) | pairs[:, 0]
    wanted = places[:, np.newaxis] | np.array([_code(term) for term in terms], np.uint64)
    at = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    return np.where(held[at] == wanted, pairs[at, 1], 0).astype(np.float32)


def _literal(vector: Vector) -> str:
    # Nine digits give every float32 back exactly.
    return "[" + ",".join(f"{number:.9g}" for number in vector.tolist()) + "]"


def _only(allowed: frozenset[int] | None, asked: dict[str, Any]) -> dict[str, str]:
    if allowed is None:
        return {"only": ""}
    asked["allowed"] = sorted(allowed)
    return {"only": "WHERE p.document_id = ANY(:allowed)"}
