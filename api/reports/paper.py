"""What a report carries beside its figures: the form's four fields, the log's state, the label."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import segno
from sqlalchemy.orm import Session

from api.ledger.indicator_commands import library_counts
from api.policies.validity import chinese_date
from api.reports.form import FIELD_NAMES, FormFields, read_form
from api.reports.rows_behind import RowLinks, rows_behind, totals_behind
from api.settings import Settings
from api.staff_page import chinese_time
from api.version import VERSION
from audit.checkpoint import LedgerBehindWitness, write_checkpoint
from audit.witness import Witness
from guidance.periods.period import shanghai_day
from guidance.reports.report import Report, make_report
from storage.database import Database

LABEL = "本报表由启创系统按台账和各单位填报自动汇总生成，签发前请核对。"


@dataclass(frozen=True, slots=True)
class Anchor:
    """How far the audit log had come, signed: the number printed is what paper vouches for."""

    seq: int
    root: str  # hexadecimal
    at: str
    key: str

    @property
    def told_at(self) -> str:
        """When it was signed, in China's time; the QR code keeps the checkpoint's own words."""
        return chinese_time(datetime.fromisoformat(self.at))

    @property
    def text(self) -> str:
        """What the QR code says."""
        return f"qichuang-audit seq={self.seq} root={self.root} at={self.at} key={self.key}"

    def picture(self) -> io.BytesIO:
        """Return the QR code as a PNG."""
        target = io.BytesIO()
        segno.make(self.text, error="m").save(target, kind="png", scale=4)
        target.seek(0)
        return target


@dataclass(frozen=True, slots=True)
class Paper:
    """A report as it is printed."""

    report: Report
    form: FormFields
    anchor: Anchor
    district: str
    site: str  # where the rows behind the figures are opened; "" where that is not known

    @property
    def title(self) -> str:
        """The headline."""
        kind = "公开版" if self.report.published else "内部版"
        return f"{self.district}创业指导服务{self.report.name}报表（{kind}）"

    @property
    def head(self) -> tuple[tuple[str, str], ...]:
        """The form's fields and the days, as (name, value)."""
        report = self.report
        days = f"{chinese_date(report.first_on)}至{chinese_date(report.as_of_on)}"
        made = chinese_date(shanghai_day(report.made_at))
        fields = tuple((name, getattr(self.form, key)) for name, key in FIELD_NAMES.items())
        return (*fields, ("统计时间", days), ("生成日期", made))

    @property
    def behind(self) -> dict[str, list[RowLinks]]:
        """What the cells of every table open, as full addresses."""
        if not self.site:
            return {}
        return {
            name: [{place: self.site + path for place, path in row.items()} for row in rows]
            for name, rows in rows_behind(self.report).items()
        }

    @property
    def totals(self) -> dict[str, str]:
        """What the headline's numbers open, as full addresses."""
        paths = totals_behind(self.report) if self.site else {}
        return {name: self.site + path for name, path in paths.items()}

    @property
    def metadata(self) -> str:
        """Who made the file and of what, for its properties (JSON)."""
        told: dict[str, Any] = {
            "generator": f"qichuang {VERSION}",
            "generated": True,
            "period": self.report.period,
            "published": self.report.published,
            "made_at": self.report.made_at.astimezone(UTC).isoformat(timespec="seconds"),
            "audit_seq": self.anchor.seq,
            "audit_root": self.anchor.root,
        }
        return json.dumps(told, ensure_ascii=False)


def anchor_now(database: Database, witness: Witness, at: datetime) -> Anchor:
    """Sign how far the log has come and return it. Raises LedgerBehindWitness."""
    write_checkpoint(database, witness, at, now=True)
    last = witness.last()
    if last is None:
        raise LedgerBehindWitness("审计日志还是空的，没有可以印在报表上的检查点。")
    return Anchor(last.seq, last.root, last.at, last.key)


def report_now(db: Session, period: str, at: datetime, *, published: bool) -> Report:
    """Compute a report, with what the project library counts today."""
    return make_report(db, period, at, library_counts(db, shanghai_day(at)), published=published)


def make_paper(
    database: Database, witness: Witness, settings: Settings, report: Report, site: str
) -> Paper:
    """Put a report on paper, whose figures open their rows at `site`."""
    anchor = anchor_now(database, witness, report.made_at)
    form = read_form(settings.data_dir)
    return Paper(report, form, anchor, settings.district, site.rstrip("/"))
