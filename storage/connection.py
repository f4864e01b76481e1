"""Connections to SQLite and PostgreSQL, and what their failures mean to an operator."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    ExceptionContext,
    PoolProxiedConnection,
    QueuePool,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

BUSY_TIMEOUT_MS = 10_000
POOL_TIMEOUT_S = 10
# A web process runs about 40 requests side by side, each with one connection.
CONNECTIONS = 40
# Several processes share a PostgreSQL server of 100 connections, so few are kept while idle.
IDLE_POSTGRES_CONNECTIONS = 5
POSTGRES_OPTIONS = {
    "lock_timeout": f"{BUSY_TIMEOUT_MS}",
    "idle_in_transaction_session_timeout": "60000",
    "timezone": "UTC",
}


class DatabaseUnavailable(RuntimeError):
    """The database cannot do its work now; the message says what an operator can do."""


class DatabaseNotWritable(DatabaseUnavailable):
    """The file, its folder or the whole database is read-only."""


class DatabaseFull(DatabaseUnavailable):
    """There is no room left for another record."""


class DatabaseBusy(DatabaseUnavailable):
    """Others held the database for too long; the same request may succeed later."""


class DatabaseDamaged(DatabaseUnavailable):
    """The file is no database, or a broken one."""


class DatabaseUnreachable(DatabaseUnavailable):
    """No connection to the database server."""


_SQLITE_FAILURES: dict[str, tuple[type[DatabaseUnavailable], str]] = {
    "SQLITE_READONLY": (DatabaseNotWritable, "请检查数据库文件及所在目录的写权限"),
    "SQLITE_CANTOPEN": (DatabaseNotWritable, "请检查数据库文件及所在目录的读写权限"),
    "SQLITE_PERM": (DatabaseNotWritable, "请检查数据库文件的读写权限"),
    "SQLITE_FULL": (DatabaseFull, "磁盘空间不足，请清理磁盘后重试"),
    "SQLITE_BUSY": (DatabaseBusy, "请稍后重试"),
    "SQLITE_LOCKED": (DatabaseBusy, "请稍后重试"),
    "SQLITE_CORRUPT": (DatabaseDamaged, "请停止服务，保留现有文件，用最近的备份恢复"),
    "SQLITE_NOTADB": (DatabaseDamaged, "该文件不是数据库，请检查 QICHUANG_DATABASE_URL"),
    "SQLITE_IOERR": (DatabaseUnavailable, "读写磁盘出错，请检查磁盘"),
}
_POSTGRES_FAILURES: dict[type[psycopg.Error], tuple[type[DatabaseUnavailable], str]] = {
    psycopg.errors.LockNotAvailable: (DatabaseBusy, "请稍后重试"),
    psycopg.errors.QueryCanceled: (DatabaseBusy, "请稍后重试"),
    psycopg.errors.DeadlockDetected: (DatabaseBusy, "请稍后重试"),
    psycopg.errors.TooManyConnections: (DatabaseBusy, "连接数已满，请稍后重试"),
    psycopg.errors.ReadOnlySqlTransaction: (DatabaseNotWritable, "数据库处于只读状态"),
    psycopg.errors.InsufficientPrivilege: (DatabaseNotWritable, "请检查数据库账号的权限"),
    psycopg.errors.AdminShutdown: (DatabaseUnreachable, "数据库服务正在停止，请稍后重试"),
    psycopg.errors.CannotConnectNow: (DatabaseUnreachable, "数据库服务正在启动，请稍后重试"),
    psycopg.errors.InvalidPassword: (DatabaseUnreachable, "请检查数据库账号和密码"),
    psycopg.errors.InvalidCatalogName: (DatabaseUnreachable, "没有这个库，请先创建"),
    psycopg.errors.DiskFull: (DatabaseFull, "磁盘空间不足，请清理磁盘后重试"),
}
_HEADLINES = {
    DatabaseNotWritable: "数据库不可写",
    DatabaseFull: "数据库已满",
    DatabaseBusy: "数据库忙",
    DatabaseDamaged: "数据库损坏",
    DatabaseUnreachable: "连不上数据库",
    DatabaseUnavailable: "数据库不可用",
}


class _Pool(QueuePool):
    """A pool whose exhaustion is told like every other failure."""

    def connect(self) -> PoolProxiedConnection:
        try:
            return super().connect()
        except NoConnectionLeft as error:
            raise unavailable(DatabaseBusy, "同时访问的人过多，请稍后重试") from error


def connect(url: str) -> Engine:
    """Create the engine of a `sqlite:///FILE` or `postgresql+psycopg://` address.

    A missing SQLite file is created, with its folders, readable by its owner alone.
    Failures of either engine surface as DatabaseUnavailable or one of its kinds.
    """
    address = make_url(url)
    sqlite = address.get_backend_name() == "sqlite"
    engine = _connect_sqlite(address) if sqlite else _connect_postgres(address)
    event.listen(engine, "handle_error", _explain)
    return engine


def unavailable(kind: type[DatabaseUnavailable], advice: str) -> DatabaseUnavailable:
    """Build the exception of a kind with its Chinese message."""
    return kind(f"{_HEADLINES[kind]}:{advice}。")


def _dump_json(value: Any) -> str:
    # As it is: escaped, a Chinese character takes twice the room.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _connect_sqlite(address: URL) -> Engine:
    if not address.database or address.database.startswith((":memory:", "file:")):
        engine = create_engine(address, json_serializer=_dump_json)
    else:
        _own_file(Path(address.database))
        engine = create_engine(
            address,
            json_serializer=_dump_json,
            poolclass=_Pool,
            pool_size=CONNECTIONS,
            pool_timeout=POOL_TIMEOUT_S,
            pool_use_lifo=True,
        )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "checkin", _end_sqlite)
    return engine


def _connect_postgres(address: URL) -> Engine:
    options = " ".join(f"-c {name}={value}" for name, value in POSTGRES_OPTIONS.items())
    return create_engine(
        address,
        json_serializer=_dump_json,
        connect_args={"options": options, "connect_timeout": POOL_TIMEOUT_S},
        isolation_level="READ COMMITTED",
        poolclass=_Pool,
        pool_size=IDLE_POSTGRES_CONNECTIONS,
        max_overflow=CONNECTIONS - IDLE_POSTGRES_CONNECTIONS,
        pool_timeout=POOL_TIMEOUT_S,
        pool_use_lifo=True,
        pool_pre_ping=True,
    )


def _own_file(path: Path) -> None:
    # The log and the shared memory file beside it take over the mode of the database file.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        advice = f"请检查 {path} 的读写权限和磁盘空间({error.strerror})"
        raise unavailable(DatabaseNotWritable, advice) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Autocommit hands BEGIN over to us: the driver would begin too late to be IMMEDIATE.
    connection.isolation_level = None
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        raise _translated(error) or error from error


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    reading = options.get("postgresql_readonly", False)
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(f"PRAGMA query_only = {int(reading)}")
        driver.execute(options.get("sqlite_begin", "BEGIN"))
    except sqlite3.Error as error:  # SQLAlchemy explains no failure of its events
        raise _translated(error) or error from error


def _end_sqlite(connection: Any, _record: Any) -> None:
    # A commit that failed leaves its transaction open, and with it the lock on the file.
    if connection is not None and connection.in_transaction:
        connection.rollback()


def _explain(context: ExceptionContext) -> None:
    error = context.original_exception
    explained = _translated(error)
    if explained is None and context.is_disconnect:
        explained = unavailable(DatabaseUnreachable, "请检查数据库服务是否运行、地址是否正确")
    if explained is not None:
        raise explained from error


def _translated(error: BaseException) -> DatabaseUnavailable | None:
    """Return what a driver's error means to an operator, None for the program's own faults."""
    code = getattr(error, "sqlite_errorname", None) or ""
    for name, (kind, advice) in _SQLITE_FAILURES.items():
        if code.startswith(name):
            return unavailable(kind, advice)
    for failure, (kind, advice) in _POSTGRES_FAILURES.items():
        if isinstance(error, failure):
            return unavailable(kind, advice)
    if isinstance(error, psycopg.OperationalError) and not error.sqlstate:
        return unavailable(DatabaseUnreachable, "请检查数据库服务是否运行、地址是否正确")
    return None
