"""The indexes that the pages of the ledger walk, whatever a page is narrowed down by.

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

_KINDS = ("service_line", "channel", "identity_level", "flags", "appealed")
_EVERY = ("state", "org_unit", "period", "count_on", "provider", "codes", *_KINDS)


def _few(name: str, condition: str) -> Index:
    where = text(condition)
    return Index(
        f"ix_guidance_sessions_{name}", "id", *_EVERY, sqlite_where=where, postgresql_where=where
    )


def list_indexes() -> tuple[Index, ...]:
    """Return the indexes of the table of sessions for its lists."""
    return (
        Index("ix_guidance_sessions_state", "state", "id", *_KINDS),
        Index("ix_guidance_sessions_unit", "org_unit", "state", "id", "period", *_KINDS),
        Index("ix_guidance_sessions_period", "period", "state", "id", "org_unit", *_KINDS),
        Index(
            "ix_guidance_sessions_count_on",
            "count_on", "id", "state", "org_unit", "period", *_KINDS,
        ),
        _few("refused", REFUSED_SQL),
        _few("flagged", FLAGGED_SQL),
        _few("appealed", APPEALED_SQL),
    )  # fmt: skip
