import pytest

from assistant.asked import Asked
from assistant.evidence import gather_evidence, holds_asked, known_topic, topic_coverage
from assistant.reading import Reading, read_question
from knowledge.figure import find_figures
from knowledge.knowledge_base import Knowledge
from knowledge.statement import Statement
from tests.fixtures.policies import TODAY


def said(text: str) -> Statement:
    return Statement(1, 1, 0, len(text), text, is_heading=False, figures=tuple(find_figures(text)))


@pytest.mark.parametrize(
    ("asked", "holds", "lacks"),
    [
        (Asked.MONEY, "额度最高不超过30万元。", "期限最长不超过3年。"),
        (Asked.MONEY, "按缴费的三分之二给予补贴。", "满意度达到80%。"),
        (Asked.INTEREST, "利率为LPR加50个基点。", "贴息比例为50%。"),
        (Asked.SHARE, "贴息比例为50%。", "额度30万元。"),
        (Asked.AREA, "面积3000平方米。", "共40户。"),
        (Asked.PEOPLE, "培训600人。", "培训3天。"),
        (Asked.TIMES, "指导1400人次。", "培训600人。"),
        (Asked.DURATION, "期限3年。", "额度3万元。"),
        (Asked.DURATION, "每季度报送一次。", "按时报送。"),
        (Asked.DATE, "2027年12月组织验收。", "及时组织验收。"),
        (Asked.COUNT, "建成基地4个。", "建成一批基地。"),
        (Asked.PHONE, "咨询电话0755-12345678。", "可以电话咨询。"),
        (Asked.HOURS, "工作日上午9:00至12:00。", "及时受理。"),
        (Asked.ADDRESS, "办公地点在人民路12号。", "到窗口办理。"),
        (Asked.WEBSITE, "网址是www.example.gov.cn。", "建设信息网。"),
        (Asked.MATERIALS, "提交身份证和营业执照。", "由街道审核。"),
        (Asked.MATERIALS, "应当提交下列材料：", "材料齐全的当场办结。"),
        (Asked.NAME, "名称叫做“乡创贷”。", "由区财政局负责。"),
    ],
)
def test_a_sentence_holds_what_is_asked_or_not(asked: Asked, holds: str, lacks: str) -> None:
    assert holds_asked(asked, said(holds))
    assert not holds_asked(asked, said(lacks))


def test_any_sentence_answers_an_open_question() -> None:
    assert holds_asked(Asked.ANY, said("任何一句话。"))


def test_the_best_evidence_comes_first_and_always_in_the_same_order(knowledge: Knowledge) -> None:
    reading = read_question("创业担保贷款额度最高多少")
    evidence = gather_evidence(reading, knowledge, TODAY)
    assert "30万元" in evidence[0].statement.text
    assert [e.score for e in evidence] == sorted((e.score for e in evidence), reverse=True)
    assert evidence == gather_evidence(reading, knowledge, TODAY)
    documents = {e.statement.document_id for e in evidence}
    assert 2 not in documents  # the rule that was replaced


def test_coverage_counts_the_sentence_most_then_headings(knowledge: Knowledge) -> None:
    by_text = {s.text: s for s in knowledge.register.statements if s.document_id == 1}
    sentence = by_text["全年创业培训不少于600人。"]
    clause = knowledge.corpus.clauses[sentence.clause_id]

    def coverage(*terms: str) -> float:
        return topic_coverage(Reading("", Asked.ANY, terms), sentence, clause, knowledge)

    assert coverage("创业", "培训") == 1.0
    assert 0 < coverage("总体目标") < 1  # a heading above
    assert coverage("火箭") == 0.0
    assert coverage() == 0.0


def test_a_known_topic_is_told_from_small_words(knowledge: Knowledge) -> None:
    assert known_topic(read_question("创业培训"), knowledge)
    assert not known_topic(read_question("红烧肉怎么炖"), knowledge)
