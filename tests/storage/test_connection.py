import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from storage import connection
from storage.connection import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseFull,
    DatabaseNotWritable,
    DatabaseUnavailable,
    DatabaseUnreachable,
)
from storage.database import Database, take_turns


def fails(url: str) -> str:
    """Open a database, write to it, and return the message of the failure."""
    with pytest.raises(DatabaseUnavailable) as caught:
        write_once(url)
    return f"{type(caught.value).__name__} {caught.value}"


def write_once(url: str) -> None:
    database = Database(url)
    try:
        with database.writing() as db:
            db.execute(text("CREATE TABLE written (n INTEGER)"))
    finally:
        database.close()


def limit_pages(engine: Engine, pages: int) -> None:
    @event.listens_for(engine, "begin")
    def _limit(sql) -> None:  # type: ignore[no-untyped-def]
        sql.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_sqlite_file_is_created_with_its_folders_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "record.db"
    database = Database(f"sqlite:///{path}")
    with database.writing() as db:
        db.execute(text("CREATE TABLE written (n INTEGER)"))
        # The two files beside it exist only while the database is open.
        files = list(path.parent.iterdir())
    assert {file.name for file in files} == {"record.db", "record.db-wal", "record.db-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    database.close()


def test_open_sqlite_file_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "copied.db"
    path.touch(mode=0o644)
    write_once(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sqlite_is_durable_and_checks_references(sqlite_database: Database) -> None:
    with sqlite_database.writing() as db:
        settings = {
            name: db.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL: the log is on disk before a commit returns
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def test_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    reported = fails(f"sqlite:///{tmp_path}/file/record.db")
    assert reported.startswith("DatabaseNotWritable 数据库不可写:请检查")
    assert f"{tmp_path}/file/record.db" in reported


def test_read_only_file_is_reported(sqlite_database: Database, tmp_path: Path) -> None:
    assert sqlite_database.engine.url.database == f"{tmp_path}/qichuang.db"
    database = Database(f"sqlite:///file:{tmp_path}/qichuang.db?mode=ro&uri=true")
    with pytest.raises(DatabaseNotWritable, match="写权限"), database.writing() as db:
        db.execute(text("CREATE TABLE written (n INTEGER)"))
    database.close()


def test_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("尊敬的领导:" * 500, encoding="utf-8")
    assert fails(f"sqlite:///{path}").startswith("DatabaseDamaged 数据库损坏:该文件不是数据库")
    assert path.read_text(encoding="utf-8").startswith("尊敬的领导")


def test_full_disk_is_reported_loses_nothing_and_is_left_behind(sqlite_database: Database) -> None:
    with sqlite_database.writing() as db:
        db.execute(text("CREATE TABLE written (t TEXT)"))
        db.execute(text("INSERT INTO written VALUES ('before')"))
        pages = db.scalar(text("PRAGMA page_count"))
    limit_pages(sqlite_database.engine, pages + 2)
    rows = [{"t": "small"}, {"t": "大" * 100_000}]
    with pytest.raises(DatabaseFull, match="磁盘空间不足"), sqlite_database.writing() as db:
        db.execute(text("INSERT INTO written VALUES (:t)"), rows)
    limit_pages(sqlite_database.engine, 1_000_000)
    with sqlite_database.writing() as db:
        db.execute(text("INSERT INTO written VALUES ('after')"))
    with sqlite_database.reading() as db:
        assert db.scalars(text("SELECT t FROM written")).all() == ["before", "after"]
        assert db.scalar(text("PRAGMA integrity_check")) == "ok"


def test_a_file_that_another_program_holds_is_reported(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/held.db")
    with database.writing() as db:
        db.execute(text("PRAGMA busy_timeout = 20"))  # of the connection that is used again
    holder = sqlite3.connect(tmp_path / "held.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseBusy, match="请稍后重试"), database.writing():
        pass
    holder.close()
    with database.writing() as db:
        db.execute(text("CREATE TABLE free_again (n INTEGER)"))
    database.close()


def test_damaged_file_is_reported(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.writing() as db:
        db.execute(text("CREATE TABLE written (t TEXT)"))
        db.execute(text("INSERT INTO written VALUES (:t)"), {"t": "字" * 20_000})
    sqlite_database.close()
    path = tmp_path / "qichuang.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseDamaged, match="用最近的备份恢复"), database.reading() as db:
        db.execute(text("SELECT t FROM written")).all()
    database.close()


def test_more_people_than_connections_are_told_to_wait(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECTIONS", connection.IDLE_POSTGRES_CONNECTIONS)
    monkeypatch.setattr(connection, "POOL_TIMEOUT_S", 0.05)
    database = Database(database_url)
    held = [database.engine.connect() for _ in range(_capacity(database))]
    with pytest.raises(DatabaseBusy, match="同时访问的人过多"), database.reading() as db:
        db.scalar(text("SELECT 1"))
    for one in held:
        one.close()
    with database.reading() as db:
        assert db.scalar(text("SELECT 1")) == 1
    database.close()


def _capacity(database: Database) -> int:
    pool = database.engine.pool
    return int(pool.size() + pool._max_overflow)  # type: ignore[attr-defined]


def test_missing_postgres_server_is_reported(tmp_path: Path) -> None:
    reported = fails(f"postgresql+psycopg://postgres@/postgres?host={tmp_path}")
    assert reported == ("DatabaseUnreachable 连不上数据库:请检查数据库服务是否运行、地址是否正确。")


def test_missing_postgres_database_is_reported(postgres_database: Database) -> None:
    url = postgres_database.engine.url.set(database="nowhere")
    with pytest.raises(DatabaseUnreachable):
        write_once(url.render_as_string(hide_password=False))


def test_lost_postgres_connection_is_reported_and_replaced(postgres_database: Database) -> None:
    with pytest.raises(DatabaseUnreachable), postgres_database.reading() as db:
        db.scalar(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with postgres_database.reading() as db:
        assert db.scalar(text("SELECT 1")) == 1


def test_postgres_lock_held_too_long_is_reported(postgres_database: Database) -> None:
    with postgres_database.writing() as first, postgres_database.writing() as second:
        take_turns(first, "person visitor-1")
        take_turns(second, "person visitor-2")
        second.execute(text("SET LOCAL lock_timeout = 100"))
        with pytest.raises(DatabaseBusy, match="请稍后重试"):
            take_turns(second, "person visitor-1")
        second.rollback()


def test_postgres_waits_for_locks_ten_seconds_at_most(postgres_database: Database) -> None:
    with postgres_database.writing() as db:
        assert db.scalar(text("SHOW lock_timeout")) == "10s"
        assert db.scalar(text("SHOW timezone")) == "UTC"
        assert db.scalar(text("SHOW transaction_isolation")) == "read committed"


def test_fault_of_the_program_stays_what_it_is(database: Database) -> None:
    with pytest.raises(Exception, match="nowhere") as caught, database.reading() as db:
        db.execute(text("SELECT * FROM nowhere"))
    assert not isinstance(caught.value, DatabaseUnavailable)
