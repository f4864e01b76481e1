import json
from datetime import date
from pathlib import Path

import pytest

from assistant.answer import Answer, AnswerStatus, Citation, Intent, Question, Sentence
from evaluation.answers import evaluate_answers, judge, wilson_interval
from evaluation.case import AnswerCase, BadCaseFile, named_documents, read_cases
from evaluation.wording import invented_figures, says, under

TODAY = date(2026, 6, 30)
CASES = Path(__file__).parents[2] / "evaluation" / "cases"


def cite(address: str, quote: str) -> Citation:
    return Citation(
        1, 1, "县办法", "县发〔2025〕8号", address, quote, 0, len(quote), "", None, None, None
    )


def reply(
    text: str,
    *citations: Citation,
    status: AnswerStatus = AnswerStatus.ANSWERED,
) -> Answer:
    sentence = Sentence(text, tuple(range(len(citations))))
    return Answer(status, Intent.POLICY, (sentence,), citations)


def case(question: str, **fields: object) -> AnswerCase:
    fields.setdefault("statuses", frozenset({AnswerStatus.ANSWERED}))
    return AnswerCase("a", str(fields.pop("kind", "figure")), question, **fields)  # type: ignore[arg-type]


def write(folder: Path, *lines: object) -> Path:
    path = folder / "cases.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("面积不少于 6,000 平方米", "6000平方米"),
        ("不少于6000㎡。", "6000平方米"),
        ("个人最高30万元", "30 万"),
        ("个人最高300,000元", "30万"),
        ("比例为1:6.", "1:6"),
        ("至2027-12-31", "2027年12月31日"),
        ("创业“绿色通道”", "创业绿色通道"),
        ("评选、大赛", "评选,大赛"),
    ],
)
def test_wordings_match_in_any_form(text: str, wanted: str) -> None:
    assert says(text, wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("共13次", "3次"),
        ("目标60000平方米", "6000"),
        ("比例 20%", "20"),
        ("1.5%", "5%"),
        ("最高300万元", "30万"),
    ],
)
def test_a_figure_does_not_match_inside_another(text: str, wanted: str) -> None:
    assert not says(text, wanted)


def test_an_address_covers_what_is_below_it_only() -> None:
    assert under("三(一)2¶3", ["三(一)2"])
    assert under("二(三)", ["二"])
    assert not under("二十(三)", ["二"])
    assert not under("四(十一)", ["四(十)"])
    assert not under("1.10", ["1.1"])
    assert not under("", ["二"])


def test_figures_outside_the_quotes_are_invented() -> None:
    question = Question("培训多少人,是不是9人", TODAY)
    quote = cite("四(二)", "两年内创业培训人数达到600人以上")
    assert invented_figures(question, reply("2年内培训 600 人,不是 9 人。", quote)) == []
    assert invented_figures(question, reply("培训 700 人,补贴3.5%。", quote)) == ["700", "3.5%"]


def test_the_size_of_a_list_is_counted_not_invented() -> None:
    sentences = tuple(Sentence(name, (0,), bullet=True) for name in ("宣传", "实施", "验收"))
    quote = cite("五", "宣传 实施 验收")
    question = Question("几个阶段", TODAY)
    for size, invented in (("3", []), ("4", ["4"])):
        answer = Answer(
            AnswerStatus.ANSWERED,
            Intent.LIST,
            (Sentence(f"共{size}个阶段:", (0,)), *sentences),
            (quote,),
        )
        assert invented_figures(question, answer) == invented


def test_every_reason_of_a_wrong_answer_is_told() -> None:
    asked = case("多大", clauses=("四(十)",), must=(("6000平方米",), ("孵化",)), must_not=("4个",))
    answer = reply("孵化基地建4个。", cite("二(四)", "创业孵化基地4个"))
    judged = judge(asked, lambda _: answer, TODAY)
    assert judged.wrong == (
        "没有说到：6000平方米",
        "不该说：4个",
        "引用的条款是 二(四)，应是 四(十)",
    )
    right = reply("孵化基地不少于6000平方米。", cite("四(十)", "面积不少于6000平方米"))
    assert judge(asked, lambda _: right, TODAY).right


def test_history_is_replayed_turn_by_turn() -> None:
    seen: list[Question] = []

    def answer(question: Question) -> Answer:
        seen.append(question)
        return reply("答", cite("二", "答"))

    asked = case("那个体户呢", history=("新增企业多少", "谁负责"), as_of=date(2010, 6, 1))
    assert judge(asked, answer, TODAY).right
    assert [len(question.history) for question in seen] == [0, 1, 2]
    assert [turn.question for turn in seen[2].history] == ["新增企业多少", "谁负责"]
    assert seen[2].history[0].clause_ids == (1,)
    assert {question.as_of for question in seen} == {date(2010, 6, 1)}


def test_the_report_counts_kinds_citations_and_refusals() -> None:
    refusal = frozenset({AnswerStatus.NOT_IN_POLICY})
    cases = [
        case("对", clauses=("二",), must=(("600",),)),
        case("拒答了", clauses=("二",)),
        case("该拒", kind="near", statuses=refusal, must=(("人社局",),)),
        case("拒了没说找谁", kind="near", statuses=refusal, must=(("人社局",),)),
        case("不该答", kind="near", statuses=refusal),
    ]
    answers = {
        "对": reply("600人,另见9", cite("二(二)", "600人"), cite("三", "其他")),
        "拒答了": reply("没有写明", status=AnswerStatus.NOT_IN_POLICY),
        "该拒": reply("请问人社局", status=AnswerStatus.NOT_IN_POLICY),
        "拒了没说找谁": reply("没有写明", status=AnswerStatus.NOT_IN_POLICY),
        "不该答": reply("每人500元", cite("二", "500元")),
    }
    steps: list[int] = []
    report = evaluate_answers(
        cases, lambda q: answers[q.text], TODAY, failures=True, progress=steps.append
    )
    assert (report["questions"], report["right"], report["accuracy"]) == (5, 2, 0.4)
    assert report["kinds"] == {
        "figure": {"questions": 2, "right": 1, "accuracy": 0.5},
        "near": {"questions": 3, "right": 1, "accuracy": 0.3333},
    }
    assert (report["citations"], report["citation_precision"]) == (2, 0.5)
    assert report["refusals"] == {
        "unanswerable": 3,
        "right": 1,
        "unfitting": 1,
        "missed": 1,
        "answerable": 2,
        "wrong": 1,
    }
    assert report["invented_figures"] == 1
    assert report["statuses"] == {"answered": 2, "not_in_policy": 3}
    failures = report["failures"]
    assert isinstance(failures, list)
    assert [failure["q"] for failure in failures] == ["对", "拒答了", "拒了没说找谁", "不该答"]
    assert failures[0]["invented"] == ["9"]
    assert len(steps) == 5
    json.dumps(report)


def test_wilson_interval_of_known_shares() -> None:
    low, high = wilson_interval(95, 100)
    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(10, 10)[1] == pytest.approx(1.0)


def test_a_case_file_is_read_tolerantly(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "id": 7,
            "kind": "follow_up",
            "q": "呢",
            "history": ["一", {"q": "二"}, {"content": "三"}],
        },
        "",
        {"q": "多少", "must": ["600", ["三", "3"]], "clauses": None, "status": "clarify"},
        {"q": "嗯", "history": [{"role": "user", "text": "a"}, {"role": "assistant", "text": "b"}]},
        {"q": "电话", "kind": "unanswerable_near"},
    )
    first, second, third, fourth = read_cases(path)
    assert (first.id, first.history) == ("7", ("一", "二", "三"))
    assert second.must == (("600",), ("三", "3"))
    assert second.statuses == frozenset({AnswerStatus.CLARIFY})
    assert third.history == ("a",)
    assert third.answerable
    assert fourth.unanswerable


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{不是", "不是合格的 JSON"),
        ("[1]", "应是一个 JSON 对象"),
        ('{"kind": "figure"}', "缺少问题 q"),
        ('{"q": "a", "must": [[1]]}', "must 里只能是非空的文字"),
        ('{"q": "a", "clauses": {"a": 1}}', "clauses 应是列表"),
        ('{"q": "a", "status": ["perfect"]}', "不认识的 status:perfect"),
        ('{"q": "a", "as_of": "明天"}', "as_of 应写成"),
        ('{"q": "a", "history": [3]}', "history 里应是文字"),
        ('{"q": "a", "id": "one"}', "编号 one 重复"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = write(tmp_path, {"id": "one", "q": "好的"}, line)
    with pytest.raises(BadCaseFile, match="第 2 行有误") as caught:
        read_cases(path)
    assert reason in str(caught.value)


def test_a_missing_empty_or_foreign_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadCaseFile, match="找不到"):
        read_cases(tmp_path / "no.jsonl")
    with pytest.raises(BadCaseFile, match="没有题目"):
        read_cases(write(tmp_path, ""))
    (tmp_path / "gbk.jsonl").write_bytes('{"q": "你好"}'.encode("gb18030"))
    with pytest.raises(BadCaseFile, match="UTF-8"):
        read_cases(tmp_path / "gbk.jsonl")


def test_named_documents_have_to_be_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("一", encoding="utf-8")
    cases = [case("问", documents=("a.txt",)), case("又问", documents=("a.txt",))]
    assert named_documents(cases, tmp_path) == [tmp_path / "a.txt"]
    for name in ("b.txt", "../a.txt"):
        with pytest.raises(BadCaseFile, match="不在"):
            named_documents([case("问", documents=(name,))], tmp_path)


def test_the_shipped_cases_are_readable_and_enough() -> None:
    sets = {path.stem: read_cases(path) for path in sorted(CASES.glob("*.jsonl"))}
    assert len(sets["plan"]) >= 220
    assert len(sets["national"]) >= 60
    assert len(sets["other_documents"]) >= 60
    everything = [case for cases in sets.values() for case in cases]
    assert len({case.id for case in everything}) == len(everything)
    assert {p.name for p in named_documents(everything, CASES / "documents")} == {
        path.name for path in (CASES / "documents").iterdir()
    }


def test_what_the_other_documents_have_to_say_stands_in_them() -> None:
    for asked in read_cases(CASES / "other_documents.jsonl"):
        if not asked.answerable:
            continue
        text = "".join((CASES / "documents" / n).read_text("utf-8") for n in asked.documents)
        for group in asked.must:
            assert any(says(text, wording) for wording in group), (asked.id, group)
