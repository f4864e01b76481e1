"""The indexes of the sessions: what the pages of the ledger walk, and what finds words to erase.

Behind its key an index holds the other columns that a page may ask for, so that a walk
that finds nothing has read narrow entries only, never the sessions with their words.
What few sessions have (a reason against them, a flag, an appeal) has an index of those few.
"""

from sqlalchemy import Index, text

# The conditions stand in queries word for word: neither engine would see that another
# wording, or one with a bound value, means the same.
REFUSED_SQL = "codes <> ''"
FLAGGED_SQL = "flags <> ''"
APPEALED_SQL = "appealed"
MOVED_SQL = "person <> counts_for"  # since two identities were merged
WITH_WORDS_SQL = "erased_at IS NULL"

_KINDS = ("service_line", "channel", "identity_level", "flags", "appealed")
_EVERY = ("state", "org_unit", "period", "count_on", "provider", "codes", *_KINDS)


def _partial(name: str, condition: str, *columns: str) -> Index:
    where = text(condition)
    return Index(
        f"ix_guidance_sessions_{name}", *columns, sqlite_where=where, postgresql_where=where
    )


def list_indexes() -> tuple[Index, ...]:
    """Return the indexes of the table of sessions, but those that keep its rules."""
    return (
        Index("ix_guidance_sessions_state", "state", "id", *_KINDS),
        Index("ix_guidance_sessions_unit", "org_unit", "state", "id", "period", *_KINDS),
        Index("ix_guidance_sessions_period", "period", "state", "id", "org_unit", *_KINDS),
        Index(
            "ix_guidance_sessions_count_on",
            "count_on", "id", "state", "org_unit", "period", *_KINDS,
        ),
        _partial("refused", REFUSED_SQL, "id", *_EVERY),
        _partial("flagged", FLAGGED_SQL, "id", *_EVERY),
        _partial("appealed", APPEALED_SQL, "id", *_EVERY),
        _partial("moved", MOVED_SQL, "person"),
        _partial(
            "with_words", WITH_WORDS_SQL, "state", "opened_at", "identity_level", "period"
        ),
    )  # fmt: skip
