"""Loading documents: nothing twice, new versions, repeals in either order, the pack's manners."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from knowledge.corpus import load_corpus
from knowledge.document import (
    Clause,
    ClauseKind,
    DocumentNotFound,
    DocumentStatus,
    Level,
    PolicyDocument,
)
from knowledge.ingest import IngestReport, Outcome, ingest_file, publish_draft
from knowledge.pack import load_pack
from knowledge.policy_reading import Confirmed, read_policy
from knowledge.reader import UnreadableDocument
from storage.database import Base, Database

NOW = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # already 2 March in China
OLD = "创业补贴办法\n某政发〔2020〕1号\n第一条 补贴1000元。\n第二条 本办法自2020年1月1日起施行。\n"
NEW = "创业补贴办法\n某政发〔2020〕1号\n第一条 补贴2000元。\n第二条 本办法自2025年1月1日起施行。\n"
REPEALING = (
    "创业扶持办法\n某政发〔2024〕9号\n第一条 扶持3000元。\n"
    "第二条 本办法自2024年7月1日起施行\uff0c《创业补贴办法》(某政发〔2020〕1号)同时废止。\n"
)
PACK_PLAN = """---
title: 创业工作方案
series: city-plan
level: district
as_of: 2026-01-31
caveat: 以原文为准。
restated: true
---
创业工作方案

一、目标

培训600人。
"""


@pytest.fixture
def database(empty_database: Database) -> Database:
    Base.metadata.create_all(empty_database.engine)
    return empty_database


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "plan.md").write_text(PACK_PLAN, encoding="utf-8")
    return folder


def ingest(database: Database, text: str, name: str = "a.txt", **options: object) -> IngestReport:
    with database.writing() as db:
        return ingest_file(db, name, text.encode(), now=NOW, **options)  # type: ignore[arg-type]


def document(db: Session, document_id: int) -> PolicyDocument:
    found = db.get(PolicyDocument, document_id)
    assert found is not None
    return found


def count(database: Database) -> tuple[int, int]:
    with database.reading() as db:
        documents = db.scalar(select(func.count()).select_from(PolicyDocument))
        clauses = db.scalar(select(func.count()).select_from(Clause))
        return documents or 0, clauses or 0


def test_a_document_is_stored_with_its_clauses_and_facts(database: Database) -> None:
    report = ingest(database, OLD)
    assert report.outcome is Outcome.CREATED
    with database.reading() as db:
        stored = document(db, report.document_id)
        assert (stored.title, stored.doc_number, stored.version) == (
            "创业补贴办法",
            "某政发〔2020〕1号",
            1,
        )
        assert stored.effective_on == date(2020, 1, 1)
        assert "".join(clause.text for clause in stored.clauses) == stored.text == OLD.strip()
        assert [c.address for c in stored.clauses] == ["", "第一条", "第二条"]


def test_parents_are_kept(database: Database) -> None:
    ingest(database, "方案\n一、甲\n(一)乙\n丙。\n| 丁 | 戊 |\n| 1 | 2 |\n二、己\n")
    with database.reading() as db:
        corpus = load_corpus(db)
    [found] = corpus.documents.values()
    row = next(c for c in found.clauses if c.kind is ClauseKind.ROW)
    assert [c.address for c in corpus.ancestors(row)] == ["一", "一(一)", "一(一)表1"]


def test_the_same_file_twice_changes_nothing(database: Database) -> None:
    first = ingest(database, OLD)
    before = count(database)
    again = ingest(database, OLD, "other name.txt")
    assert again.outcome is Outcome.UNCHANGED
    assert again.document_id == first.document_id
    assert count(database) == before


def test_a_changed_file_is_a_new_version_and_old_citations_resolve(database: Database) -> None:
    first = ingest(database, OLD)
    second = ingest(database, NEW)
    assert (second.outcome, second.version) == (Outcome.NEW_VERSION, 2)
    assert second.replaced == ("创业补贴办法",)
    with database.reading() as db:
        old, new = document(db, first.document_id), document(db, second.document_id)
        assert (old.status, old.replaced_on) == (DocumentStatus.SUPERSEDED, date(2025, 1, 1))
        assert (new.series, new.supersedes_id) == (old.series, old.id)
        assert old.clauses[1].text == "第一条 补贴1000元。\n"
        corpus = load_corpus(db)
    assert corpus.valid_documents(date(2024, 12, 31)) == {first.document_id}
    assert corpus.valid_documents(date(2025, 1, 1)) == {second.document_id}


def test_a_new_version_without_dates_begins_today_in_china(database: Database) -> None:
    first = ingest(database, "创业方案\n一、甲\n")
    second = ingest(database, "创业方案\n一、乙\n")
    with database.reading() as db:
        assert document(db, first.document_id).replaced_on == date(2026, 3, 2)
        corpus = load_corpus(db)
    assert corpus.valid_documents(date(2026, 3, 1)) == {first.document_id}
    assert corpus.valid_documents(date(2026, 3, 2)) == {second.document_id}


def test_the_title_is_enough_where_there_is_no_number_but_numbers_must_not_differ(
    database: Database,
) -> None:
    first = ingest(database, "关于创业培训的通知\n某发〔2024〕1号\n一、甲\n")
    assert (
        ingest(database, "关于创业培训的通知\n某发〔2025〕1号\n一、乙\n").outcome is Outcome.CREATED
    )
    third = ingest(database, "关于创业培训的通知\n\n一、丙\n")
    assert third.outcome is Outcome.NEW_VERSION
    assert first.version == 1


@pytest.mark.parametrize("order", [(OLD, REPEALING), (REPEALING, OLD)])
def test_a_repealed_document_ends_in_whatever_order_they_come(
    database: Database, order: tuple[str, str]
) -> None:
    reports = {text: ingest(database, text) for text in order}
    with database.reading() as db:
        old = document(db, reports[OLD].document_id)
        assert (old.status, old.replaced_on) == (DocumentStatus.REVOKED, date(2024, 7, 1))
        corpus = load_corpus(db)
    assert corpus.valid_documents(date(2024, 6, 30)) == {old.id}
    assert corpus.valid_documents(date(2024, 7, 1)) == {reports[REPEALING].document_id}
    assert "已不再有效" in "\n".join(reports[order[1]].lines())


def test_the_rule_that_a_notice_issues_is_meant_too(database: Database) -> None:
    notice = ingest(database, "某区人民政府关于印发《创业补贴办法》的通知\n一、甲\n")
    ingest(database, REPEALING)
    with database.reading() as db:
        assert document(db, notice.document_id).status is DocumentStatus.REVOKED


def test_a_draft_is_not_answered_from_and_replaces_nothing(database: Database) -> None:
    first = ingest(database, OLD)
    draft = ingest(database, NEW, status=DocumentStatus.DRAFT)
    with database.reading() as db:
        assert document(db, first.document_id).status is DocumentStatus.PUBLISHED
        assert draft.document_id not in load_corpus(db).documents
    assert "草稿" in "\n".join(draft.lines())
    published = ingest(database, NEW)
    assert (published.outcome, published.document_id) == (Outcome.UPDATED, draft.document_id)
    with database.reading() as db:
        assert document(db, first.document_id).status is DocumentStatus.SUPERSEDED


def test_a_draft_is_published_by_its_id(database: Database) -> None:
    old = ingest(database, OLD)
    draft = ingest(database, REPEALING, status=DocumentStatus.DRAFT)
    with database.writing() as db:
        assert publish_draft(db, draft.document_id, now=NOW) == ["创业补贴办法"]
    with database.writing() as db:
        assert publish_draft(db, draft.document_id, now=NOW) == []
        assert document(db, old.document_id).status is DocumentStatus.REVOKED
        with pytest.raises(DocumentNotFound):
            publish_draft(db, 999, now=NOW)


def test_what_a_person_confirms_goes_before_what_was_read(database: Database) -> None:
    first = ingest(database, "创业方案\n一、甲\n")
    confirmed = Confirmed(
        issuer="某区人民政府", level=Level.DISTRICT, effective_on=date(2025, 5, 1)
    )
    again = ingest(database, "创业方案\n一、甲\n", confirmed=confirmed)
    assert (again.outcome, again.document_id) == (Outcome.UPDATED, first.document_id)
    assert set(again.changed) == {"发文机关", "级别", "施行日期"}
    assert "施行日期：2025-05-01（由人填写）" in again.lines()
    with database.reading() as db:
        assert document(db, first.document_id).effective_on == date(2025, 5, 1)
    assert ingest(database, "创业方案\n一、甲\n", confirmed=confirmed).outcome is Outcome.UNCHANGED


def test_impossible_confirmed_dates_are_refused(database: Database) -> None:
    with pytest.raises(UnreadableDocument, match="早于"):
        ingest(database, OLD, confirmed=Confirmed(expires_on=date(2019, 1, 1)))
    assert count(database) == (0, 0)


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.txt", b""), ("a.docx", b"PK\x03\x04broken"), ("a.pdf", b"%PDF-1.4 broken"), ("a.md", "---\ntitle: [\n---\n甲".encode()), ("a.md", "---\nunknown: 1\n---\n甲".encode()), ("a.md", "---\nlevel: 市\n---\n甲".encode()), ("a.md", "---\npublished_on: 明天\n---\n甲".encode()), ("a.md", "---\n- 1\n---\n甲".encode()), ("a.md", "---\ntitle: 甲\n---\n\n".encode())],
)  # fmt: skip
def test_nothing_of_an_unreadable_file_is_stored(
    database: Database, name: str, data: bytes
) -> None:
    with pytest.raises(UnreadableDocument), database.writing() as db:
        ingest_file(db, name, data, now=NOW)
    assert count(database) == (0, 0)


def test_the_report_shows_what_was_read_and_what_is_missing(database: Database) -> None:
    text = "首页 > 政策\n创业方案\n一、甲\n三、乙\n(一)丙\n| 丁 | 戊 |\n| 1 | 2 |\n本办法自发布之日起施行。\n"
    lines = ingest(database, text, "方案.txt").lines()
    assert lines[0] == "文件：方案.txt（txt，utf-8）"
    assert "标题：创业方案（原文：“创业方案”）" in lines
    assert "发布日期：未写明" in lines
    assert "条款：共7条；编号标题第1层2个、第2层1个；表格数据1行" in lines
    assert "  - 首页 > 政策" in lines
    assert "提醒：编号不连续：“三、”之前缺少编号，请核对原文。" in lines
    assert any("没有读到发布日期，请填写施行日期" in line for line in lines)
    assert lines[-1] == "结果：已载入"


def test_a_file_from_disk(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "办法.txt"
    path.write_text(OLD, encoding="gb18030")
    with database.writing() as db:
        assert ingest_file(db, path.name, path, now=NOW).outcome is Outcome.CREATED


def load(database: Database, folder: Path) -> int:
    with database.writing() as db:
        return load_pack(db, NOW, folder=folder)


def test_the_pack_is_loaded_once(database: Database, pack: Path) -> None:
    seen: list[tuple[int, int]] = []
    with database.writing() as db:
        assert load_pack(db, NOW, lambda done, whole: seen.append((done, whole)), pack) == 1
    assert seen == [(1, 1)]
    before = count(database)
    assert load(database, pack) == 0
    assert count(database) == before
    with database.reading() as db:
        [plan] = load_corpus(db).documents.values()
    assert (plan.series, plan.restated, plan.caveat, plan.level) == (
        "city-plan",
        True,
        "以原文为准。",
        Level.DISTRICT,
    )
    assert plan.text.startswith("创业工作方案")


def test_the_official_file_replaces_our_restatement_for_good(
    database: Database, pack: Path
) -> None:
    load(database, pack)
    official = ingest(database, "创业工作方案\n\n一、目标\n\n开展培训600人。\n", "plan.txt")
    assert (official.outcome, official.version) == (Outcome.NEW_VERSION, 2)
    assert load(database, pack) == 0
    (pack / "plan.md").write_text(PACK_PLAN.replace("600", "700"), encoding="utf-8")
    assert load(database, pack) == 0
    with database.reading() as db:
        corpus = load_corpus(db)
    for day in (date(2020, 1, 1), date(2026, 3, 1), date(2030, 1, 1)):
        assert corpus.valid_documents(day) == {official.document_id}


def test_the_official_file_may_come_first(database: Database, pack: Path) -> None:
    official = ingest(database, "创业工作方案\n\n一、目标\n\n开展培训600人。\n", "plan.txt")
    assert load(database, pack) == 0
    assert count(database)[0] == 1
    with database.reading() as db:
        assert load_corpus(db).valid_documents(date(2026, 3, 2)) == {official.document_id}


def test_an_official_rule_replaces_every_restatement_of_its_number(
    database: Database, pack: Path
) -> None:
    for name in ("a", "b"):
        (pack / f"{name}.md").write_text(
            f"---\ntitle: 条例要点{name}\nseries: {name}\ndoc_number: 国务院令第755号\nrestated: true\n---\n要点\n一、甲\n",
            encoding="utf-8",
        )
    assert load(database, pack) == 3
    official = ingest(database, "个体工商户条例\n(2022年10月1日国务院令第755号公布)\n第一条 甲。\n")
    assert sorted(official.replaced) == ["条例要点a", "条例要点b"]
    assert load(database, pack) == 0


def test_the_official_text_of_an_ended_rule_stays_ended(database: Database, pack: Path) -> None:
    (pack / "old.md").write_text(
        "---\ntitle: 旧规则要点\nseries: old\ndoc_number: 财税〔2010〕84号\nlevel: national\npublished_on: 2010-10-22\n"
        "effective_on: 2011-01-01\nreplaced_on: 2014-01-01\nstatus: superseded\nrestated: true\n---\n旧规则要点\n一、甲\n",
        encoding="utf-8",
    )
    load(database, pack)
    official = ingest(database, "关于税收政策的通知\n财税〔2010〕84号\n一、全文。\n")
    assert "已被替代" in official.lines()[-1]
    with database.reading() as db:
        stored = document(db, official.document_id)
        assert (stored.series, stored.level, stored.effective_on) == (
            "old",
            Level.NATIONAL,
            date(2011, 1, 1),
        )
        corpus = load_corpus(db)
    assert official.document_id in corpus.valid_documents(date(2012, 1, 1))
    assert official.document_id not in corpus.valid_documents(date(2014, 1, 1))


def test_a_new_edition_of_the_pack(database: Database, pack: Path) -> None:
    load(database, pack)
    (pack / "plan.md").write_text(PACK_PLAN.replace("2026-01-31", "2026-06-30"), encoding="utf-8")
    assert load(database, pack) == 1
    assert count(database)[0] == 1
    (pack / "plan.md").write_text(PACK_PLAN.replace("600", "700"), encoding="utf-8")
    assert load(database, pack) == 1
    with database.reading() as db:
        corpus = load_corpus(db)
    for day in (date(2020, 1, 1), date(2030, 1, 1)):
        assert [corpus.documents[i].version for i in corpus.valid_documents(day)] == [2]


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_who_supersedes_whom_does_not_depend_on_the_order_of_files(
    database: Database, pack: Path, names: tuple[str, str]
) -> None:
    old, new = names
    (pack / f"{old}.md").write_text(
        "---\ntitle: 旧规则\nseries: old\nrestated: true\neffective_on: 2010-01-01\n---\n旧\n一、甲\n",
        encoding="utf-8",
    )
    (pack / f"{new}.md").write_text(
        "---\ntitle: 新规则\nseries: new\nrestated: true\neffective_on: 2020-01-01\nsupersedes: [old]\n---\n新\n一、乙\n",
        encoding="utf-8",
    )
    load(database, pack)
    with database.reading() as db:
        documents = {d.series: d for d in load_corpus(db).documents.values()}
    assert (documents["old"].status, documents["old"].replaced_on) == (
        DocumentStatus.SUPERSEDED,
        date(2020, 1, 1),
    )
    assert documents["new"].supersedes_id == documents["old"].id


def test_the_shipped_pack_loads_and_costs_nothing_the_second_time(database: Database) -> None:
    with database.writing() as db:
        assert load_pack(db, NOW) > 50
    begun = time.process_time()
    with database.writing() as db:
        assert load_pack(db, NOW) == 0
    assert time.process_time() - begun < 0.5  # 0.05 s on an idle machine


def test_front_matter_with_a_title_is_not_second_guessed() -> None:
    reading = read_policy("a.md", (PACK_PLAN + "\n本方案自2020年1月1日起施行。\n").encode())
    assert reading.stated.effective_on is None
    assert reading.stated.as_of == date(2026, 1, 31)
    plain = read_policy("a.md", "# 创业办法\n\n第一条 本办法自2020年1月1日起施行。\n".encode())
    assert (plain.title, plain.stated.effective_on) == ("创业办法", date(2020, 1, 1))
