import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from evaluation.judged_set import JudgedSetInvalid, read_judged_set
from evaluation.retrieval import evaluate_retrieval
from tests.fixtures.hashed_encoder import HashedEncoder

FIELDS = [
    "ndcg_at_10",
    "hit_at_1",
    "recall_at_10",
    "recall_at_100",
    "mrr_at_10",
    "queries",
    "documents",
    "passages",
    "index_seconds",
    "query_ms_p50",
    "query_ms_p95",
    "peak_rss_mb",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents: list[dict[str, object]] = [
        {"id": "loan", "title": "创业担保贷款", "text": "最高额度30万元。\n期限不超过3年。"},
        {"id": 7, "title": "营业执照", "text": "办理部门:市场监督管理局\n承诺时限:1个工作日"},
        {"id": "bare", "text": "失业人员参加培训的,给予补贴。"},
        {"id": "titled", "title": "残疾人就业", "text": ""},
    ]
    queries = [
        {"id": "q1", "text": "担保贷款最高多少"},
        {"id": "q2", "text": "营业执照"},
        {"id": "q3", "text": "参加培训补贴"},
        {"id": "q4", "text": "残疾人"},
        {"id": "unjudged", "text": "天气"},
    ]
    write(tmp_path / "corpus.jsonl", documents)
    write(tmp_path / "queries.jsonl", queries)
    (tmp_path / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\tloan\t2\nq2\t7\t1\nq3\tbare\t1\nq4\ttitled\t1\nq4\tloan\t0\n"
    )
    return tmp_path


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")


def test_the_report_has_exactly_the_fields_of_the_contract(folder: Path) -> None:
    report = evaluate_retrieval(folder, HashedEncoder())
    assert list(report) == FIELDS
    assert report["queries"] == 4
    assert report["documents"] == 4
    assert report["ndcg_at_10"] == 1
    assert report["recall_at_100"] == 1
    assert json.loads(json.dumps(report)) == report


def test_baselines_are_added_on_request(folder: Path) -> None:
    report = evaluate_retrieval(folder, HashedEncoder(), baselines=True)
    added = [name for name in report if name not in FIELDS]
    assert added == [
        "words_ndcg_at_10",
        "bigrams_ndcg_at_10",
        "dense_ndcg_at_10",
        "rank_fusion_ndcg_at_10",
    ]
    assert all(0.5 < report[name] <= 1 for name in added)


def test_another_file_of_judgements(folder: Path) -> None:
    other = folder / "wrong.tsv"
    other.write_text("query-id\tcorpus-id\tscore\nq1\t7\t1\n")
    report = evaluate_retrieval(folder, HashedEncoder(), qrels=other)
    assert report["queries"] == 1
    assert report["hit_at_1"] == 0


def test_progress_reaches_the_end(folder: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    evaluate_retrieval(folder, HashedEncoder(), progress=lambda *step: heard.append(step))
    assert heard[-1] == ("提问", 4, 4)
    assert heard[0][0] == "编码"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("corpus.jsonl", None, "缺少文件"),
        ("queries.jsonl", None, "缺少文件"),
        ("qrels.tsv", None, "缺少文件"),
        ("corpus.jsonl", b"{", "第 1 行 不是一个 JSON 对象"),
        ("corpus.jsonl", b"[]", "第 1 行 不是一个 JSON 对象"),
        ("corpus.jsonl", b'{"id": "a"}', "第 1 行 缺少文字字段 text"),
        ("queries.jsonl", b'{"text": "a"}', "第 1 行 缺少文字字段 id"),
        ("queries.jsonl", "问题".encode("gbk"), "UTF-8"),
        ("qrels.tsv", b"h\nq1 loan 1", "第 2 行 应为三列"),
        ("qrels.tsv", b"h\nq1\tloan\tone", "第 2 行 应为三列"),
        ("qrels.tsv", b"h\nq1\tloan\t0", "没有可评测的内容"),
        ("corpus.jsonl", b"", "没有可评测的内容"),
    ],
)
def test_bad_files_are_named_with_their_line(
    folder: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(JudgedSetInvalid, match=said):
        read_judged_set(folder)
