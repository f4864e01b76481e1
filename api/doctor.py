"""What `qichuang doctor` looks at before an operator asks for help."""

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import func, make_url, select

from api.policies.validity import today
from api.settings import PREFIX, Settings
from api.startup import open_database
from knowledge.corpus import load_corpus
from knowledge.document import DocumentStatus, PolicyDocument
from knowledge.eligibility.rulebook import LOCAL_FILE, load_rulebook, rules_in_force
from knowledge.encoder import load_encoder
from knowledge.register import build_register
from storage.connection import DatabaseUnavailable
from storage.database import Database

OLDEST_PYTHON = (3, 11)
INDEX_ADVICE = "还没有建立，首次启动服务时自动建立"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    what: str
    ok: bool
    detail: str


def effective_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each setting's variable with its value; passwords and tokens are masked."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name == "database_url":
            value = make_url(value).render_as_string(hide_password=True)
        if isinstance(value, SecretStr):
            value = "******" if value.get_secret_value() else "（未设置）"
        yield f"{PREFIX}{name.upper()}", str(value)


def examine(settings: Settings) -> list[Finding]:
    """Check everything the service needs; a failed check does not stop the others."""
    findings = [_python(), _checked("数据目录", lambda: _data_dir(settings))]
    try:
        database = open_database(settings.database_url)
    except DatabaseUnavailable as error:
        findings.append(Finding("数据库", False, str(error)))
    else:
        kind = database.engine.dialect.name
        findings.append(Finding("数据库", True, f"{kind}，可以连接，结构是最新的"))
        findings.append(_checked("政策文件", lambda: _documents(database)))
        findings.append(_checked("资格规则", lambda: _rules(settings, database)))
        database.close()
    findings.append(_checked("语义模型", lambda: _encoder(settings)))
    findings.append(_index(settings))
    return findings


def _checked(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except Exception as error:
        # Whatever it is, the operator is to read it beside the other findings.
        return Finding(what, False, str(error) or type(error).__name__)


def _python() -> Finding:
    ok = sys.version_info[:2] >= OLDEST_PYTHON
    return Finding("Python", ok, platform.python_version() + ("" if ok else "，需要 3.11 或更新"))


def _rules(settings: Settings, database: Database) -> str:
    """Say which eligibility rules cannot be used today; raises InvalidRule."""
    rulebook = load_rulebook(local=settings.data_dir / LOCAL_FILE)
    with database.reading() as db:
        corpus = load_corpus(db)
    in_force = rules_in_force(rulebook, corpus, build_register(corpus), today())
    left_out = "；".join(f"{u.rule.name}（{u.reason}）" for u in in_force.unusable)
    return f"{len(in_force.rules)} 条可用" + (f"，不用的有：{left_out}" if left_out else "")


def _data_dir(settings: Settings) -> str:
    folder = settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        free = os.statvfs(folder)
    return f"{folder} 可写，剩余 {free.f_bavail * free.f_frsize / 1e9:.1f} GB"


def _documents(database: Database) -> str:
    published = PolicyDocument.status == DocumentStatus.PUBLISHED
    with database.reading() as db:
        count = db.scalar(select(func.count()).select_from(PolicyDocument).where(published)) or 0
    return f"已发布 {count} 份" if count else "还没有，首次启动服务时自动载入随附的文件"


def _encoder(settings: Settings) -> str:
    encoder = load_encoder(settings.data_dir)
    return f"{encoder.name},{encoder.dimension} 维，指纹 {encoder.fingerprint}"


def _index(settings: Settings) -> Finding:
    folder = settings.data_dir / "index"
    files = [path for path in folder.glob("*") if path.is_file()]
    size_mb = sum(path.stat().st_size for path in files) / 1e6
    return Finding("索引", True, f"{size_mb:.1f} MB" if files else INDEX_ADVICE)
