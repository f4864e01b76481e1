"""Making sure that what was deleted is not in the database's files any more."""

from sqlalchemy import text

from storage.database import Database


def purge(database: Database) -> None:
    """Write the database anew without the freed pages, and empty the write-ahead log.

    Writers wait meanwhile: about a second for every 100 MB. On PostgreSQL the tables are
    rewritten; the old files go at its next checkpoint, its own write-ahead log with its settings.
    """
    if database.engine.dialect.name == "sqlite":
        with database.alone() as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Anew too what the planner keeps of the columns: the values found most often.
        connection.execute(text("VACUUM (FULL, ANALYZE)"))
        connection.execute(text("VACUUM FULL pg_statistic"))


def size_bytes(database: Database) -> int:
    """Return how large the database is."""
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "sqlite":
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
        found = connection.execute(text("SELECT pg_database_size(current_database())"))
        return int(found.scalar_one())
