"""A report as a Word file, from a template that the office may replace by its own."""

import io
from dataclasses import dataclass
from datetime import UTC
from importlib import resources
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from docx.opc.exceptions import PackageNotFoundError
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage, RichText
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from api.reports.cells import visible
from api.reports.form import TemplateUnusable
from api.reports.paper import LABEL, Paper
from guidance.reports.table import Cell, Table

TEMPLATE = "report.docx"
QR_MM = 32
CELL_SIZE = 18  # half points, as the template's tables have it
LINK_COLOUR = "#0B57A4"


def write_report(paper: Paper, data_dir: Path) -> bytes:
    """Return the Word file, made from `report.docx` of the data folder, or from ours.

    Raises TemplateUnusable.
    """
    own = data_dir / TEMPLATE
    shipped = resources.files("api") / "templates" / "reports" / TEMPLATE
    source = own.read_bytes() if own.exists() else shipped.read_bytes()
    try:
        return _fill(source, paper)
    except (TemplateError, PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
        if not own.exists():
            raise
        raise TemplateUnusable(
            f"数据目录里的报表模板 {TEMPLATE} 填不进去：{error}。请修改，或删去以使用自带模板。"
        ) from error


def _fill(source: bytes, paper: Paper) -> bytes:
    template = DocxTemplate(io.BytesIO(source))
    image = InlineImage(template, paper.anchor.picture(), width=Mm(QR_MM))
    # Words from outside are text in the file, and a template reaches nothing but these values.
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    words = _Words(template, paper)
    template.render(_values(paper, words) | {"qr": image}, environment, autoescape=True)
    properties = template.docx.core_properties
    properties.title, properties.author = paper.title, "启创"
    properties.comments, properties.keywords = paper.metadata, "系统生成"
    properties.created = properties.modified = paper.report.made_at.astimezone(UTC).replace(
        tzinfo=None
    )
    target = io.BytesIO()
    template.save(target)
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class _Words:
    """Cells for a template that writes `{{r cell }}`: text that opens the rows behind it."""

    template: DocxTemplate
    paper: Paper

    def of_table(self, table: Table) -> list[list[RichText]]:
        links = self.paper.behind.get(table.name, [{}] * len(table.rows))
        return [
            [self.write(cell, opened.get(place, "")) for place, cell in enumerate(row)]
            for row, opened in zip(table.rows, links, strict=True)
        ]

    def of_total(self, name: str) -> RichText:
        value = getattr(self.paper.report, name)
        return self.write(value, self.paper.totals.get(name, ""), bold=True, size=None)

    def write(
        self, value: Cell, link: str, *, bold: bool = False, size: int | None = CELL_SIZE
    ) -> RichText:
        to = self.template.build_url_id(link) if link else None
        look = {"color": LINK_COLOUR, "underline": True} if link else {}
        return RichText(visible(str(value)), url_id=to, bold=bold, size=size, **look)


def _values(paper: Paper, words: _Words) -> dict[str, Any]:
    """Return what a template may name; tables also one by one, as `table.channel`.

    `rows` are plain words, `linked` the same as rich text, to be written as `{{r cell }}`.
    """
    tables = [_table(one) | {"linked": words.of_table(one)} for one in paper.report.tables]
    return {
        "title": paper.title,
        "district": paper.district,
        "head": [{"name": name, "value": visible(value)} for name, value in paper.head],
        "name": paper.report.name,
        "period": paper.report.period,
        "published": paper.report.published,
        "locked": paper.report.locked,
        "sessions": paper.report.sessions,
        "persons": paper.report.persons,
        "revision": _revision(paper),
        "linked": {name: words.of_total(name) for name in ("sessions", "persons")},
        "tables": tables,
        "table": {one["name"]: one for one in tables},
        "seq": paper.anchor.seq,
        "root": paper.anchor.root,
        "checked_at": paper.anchor.told_at,
        "key": paper.anchor.key,
        "label": LABEL,
    }


def _revision(paper: Paper) -> str:
    """Say what 人次 and 人 are now, where either is no longer what was published."""
    if not paper.report.is_revised:
        return ""
    sessions, persons = paper.report.now
    return f"以上为原公布值，修订值 {sessions} 人次，{persons} 人。"


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "columns": list(table.columns),
        "rows": [[visible(str(cell)) for cell in row] for row in table.rows],
        "note": table.note,
        "empty": not table.rows,
    }
