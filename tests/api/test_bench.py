"""The test bench: one question with its steps, and files of questions run by run."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import openpyxl
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from accounts.role import Role
from api.bench.trace import trace_answer
from api.bench.work import read_questions
from assistant import judging
from assistant.answer import Question
from guidance.gaps.bench_run import BenchResult, Change, compare
from matching.spreadsheets.rows import SpreadsheetUnreadable
from tests.fixtures.edge import add_document, small_document
from tests.fixtures.installation import Installation
from tests.fixtures.people import add_person, sign_in


@pytest.fixture
def token(installation: Installation) -> dict[str, str]:
    person = add_person(installation.database, Role.ADMINISTRATOR)
    return {"form_token": sign_in(installation.client, installation.database, person)}


def upload(client: TestClient, token: dict[str, str], data: bytes, name: str = "q.csv") -> str:
    reply = client.post("/staff/uploads/bench", data=token, files={"file": (name, data)})
    return reply.text


def test_question_is_shown_with_every_step(
    installation: Installation, token: dict[str, str]
) -> None:
    ask = {"text": "创业培训每年培训多少人？", "as_of": "2026-06-01"}
    page = installation.client.post("/staff/bench", data=ask | token)
    assert page.status_code == 200
    for shown in ("600人", "原句在所引条款里", "主题词", "corpus", "检索排序"):
        assert shown in page.text


def test_trace_is_the_chat_s_own_answer(installation: Installation) -> None:
    snapshot = installation.live.current
    question = Question("创业培训每年培训多少人？", date(2026, 6, 1))
    trace = trace_answer(snapshot, question)
    assert trace.answer == snapshot.answer(question)
    assert trace.refused == ""
    assert any(line.cited for ranking in trace.rankings for line in ranking.lines)


@dataclass(frozen=True)
class Odds:
    """A stand-in network: the odds of sentences that hold a word, and of all others."""

    word: str
    held: float
    others: float

    def read_ahead(self, _sentences: Iterable[str]) -> None:
        pass

    def off_topic(self, _message: str) -> float:
        return -5.0

    def scores(
        self, _question: str, sentences: Sequence[str], _features: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        found = [self.held if self.word in text else self.others for text in sentences]
        return np.array(found, np.float32)


@pytest.mark.parametrize(
    ("odds", "decided", "fates"),
    [
        (Odds("600", 1.25, -3.0), "采用。", {"+1.25 78% 作为答复"}),
        (Odds("600", -2.0, -3.0), "规则选中的一句也被否定", {"−2.00 12% 不像是答案，不用"}),
        (
            Odds("600", -0.4, -2.0),
            "说明只是最接近的规定",
            {"−0.40 40% 作为答复", "−2.00 12% 不像是答案，不用"},
        ),
        (Odds("600", -0.9, 2.5), "采用。", {"−0.90 29% 作为答复", "放在旁边"}),
    ],
)
def test_the_network_s_judgement_is_shown_with_its_limits(
    installation: Installation,
    token: dict[str, str],
    odds: Odds,
    decided: str,
    fates: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "WEIGHTS", (0, 1, 0, 0, 0))  # the likeliest sentence alone
    snapshot = installation.live.current
    assert snapshot.workings is not None
    knowledge = replace(snapshot.workings.knowledge, answering=odds)
    workings = replace(snapshot.workings, knowledge=knowledge)
    installation.live.current = replace(snapshot, workings=workings)
    ask = {"text": "创业培训每年培训多少人？", "as_of": "2026-06-01"}
    page = installation.client.post("/staff/bench", data=ask | token).text
    assert decided in page
    shown = re.sub(r"<[^>]+>|\s+", " ", page[page.index("网络的判断") :])
    shown = re.sub(r" +", " ", shown)
    shown = re.sub(r"% [是否] ", "% ", shown)
    assert [fate for fate in fates if fate not in shown] == []
    assert "界限是多少" in shown


def test_validity_names_what_it_rejected(installation: Installation, token: dict[str, str]) -> None:
    old = small_document("旧创业办法", doc_number="旧1号", expires_on=date(2026, 3, 1))
    add_document(installation.database, old)
    installation.live.refresh()
    ask = {"text": "创业培训每年培训多少人？", "as_of": "2026-06-01"}
    page = installation.client.post("/staff/bench", data=ask | token).text
    assert "因有效性没有用的条款" in page
    assert "已过有效期" in page


def test_history_and_known_facts_count(installation: Installation, token: dict[str, str]) -> None:
    follow = {"text": "找哪个部门？", "history": "小额担保贷款", "known": "budget_yuan=50000"}
    page = installation.client.post("/staff/bench", data=follow | token).text
    assert "budget_yuan=50000" in page
    assert "区财政局" in page


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"text": ""}, "请先写下问题"),
        ({"text": "问", "as_of": "昨天"}, "日期请写成"),
        ({"text": "问", "known": "没有等号"}, "一行写一个"),
        ({"text": "问", "history": "一\n二\n三\n四\n五\n六\n七"}, "最多6个"),
    ],
)
def test_faults_are_told(
    installation: Installation, token: dict[str, str], form: dict[str, str], told: str
) -> None:
    reply = installation.client.post("/staff/bench", data=form | token)
    assert reply.status_code == 422
    assert told in reply.text


def test_batches_are_compared_and_exported(
    installation: Installation, token: dict[str, str]
) -> None:
    client = installation.client
    data = "问题,日期\n创业培训每年培训多少人？,\n=1+1,2026-05-01\n".encode()
    first = upload(client, token, data)
    assert "批量测试 1" in first
    assert "600人" in client.get("/staff/bench/1").text
    upload(client, token, data)
    assert "答复都和上次相同" in client.get("/staff/bench/2").text
    book = client.post("/staff/bench/2/export", data=token)
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert sheet["B3"].value == "=1+1"
    assert sheet["B3"].data_type == "s"
    assert sheet["H2"].value == "相同"


def test_unusable_files_are_told(installation: Installation, token: dict[str, str]) -> None:
    assert "这一列" in upload(installation.client, token, "甲,乙\n1,2\n".encode())
    assert "没有问题" in upload(installation.client, token, "问题\n".encode())
    assert "日期请写成" in upload(installation.client, token, "问题,日期\n问,昨天\n".encode())


@pytest.mark.usefixtures("token")
def test_template_can_be_uploaded(installation: Installation) -> None:
    template = installation.client.get("/staff/bench/template.xlsx").content
    assert len(read_questions(template, date(2026, 1, 1))) == 1


def test_too_many_questions_are_refused() -> None:
    with pytest.raises(SpreadsheetUnreadable, match="一次最多"):
        read_questions(("问题\n" + "问\n" * 2001).encode(), date(2026, 1, 1))


def result(question: str, status: str, answer: str = "甲") -> BenchResult:
    return BenchResult(question=question, status=status, answer=answer, sources="")


def test_changes_are_named() -> None:
    now = [
        result("a", "answered"),
        result("b", "answered"),
        result("c", "not_in_policy"),
        result("d", "answered", "乙"),
        result("e", "answered"),
    ]
    before = [
        result("a", "answered"),
        result("b", "not_in_policy"),
        result("c", "answered"),
        result("d", "answered"),
    ]
    found = [one.change for one in compare(now, before)]
    assert found == [Change.SAME, Change.WON, Change.LOST, Change.CHANGED, Change.ADDED]


@pytest.mark.usefixtures("token")
def test_unknown_runs(installation: Installation) -> None:
    assert installation.client.get("/staff/bench/99").status_code == 404
    assert installation.client.get(f"/staff/bench/{2**40}").status_code in {404, 422}
