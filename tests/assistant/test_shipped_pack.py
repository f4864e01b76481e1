"""The product as it is shipped: its own pack, its own encoder, through the whole pipeline."""

from datetime import date

import pytest

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, PastTurn, Question
from assistant.draft import Draft
from assistant.guardrails import verify_answer
from assistant.pipeline import answer_question
from knowledge.corpus import load_corpus
from knowledge.encoder import Encoder
from knowledge.knowledge_base import Knowledge, build_knowledge
from knowledge.meaning import StatementVectors
from knowledge.retriever import build_retriever
from knowledge.sentence_encoder import load_sentence_encoder
from storage.database import Database
from tests.fixtures.shipped import ShippedFolder

TODAY = date(2026, 6, 30)
ANSWERED, NOT_IN_POLICY = AnswerStatus.ANSWERED, AnswerStatus.NOT_IN_POLICY


@pytest.fixture(scope="module")
def shipped(
    tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, shipped_folder: ShippedFolder
) -> Knowledge:
    folder = shipped_folder.copy_to(tmp_path_factory.mktemp("data"))
    database = Database(f"sqlite:///{folder}/qichuang.db")
    with database.reading() as db:
        corpus = load_corpus(db)
    database.close()
    search = build_retriever(corpus, encoder, folder).search
    return build_knowledge(corpus, search, StatementVectors(load_sentence_encoder(encoder), folder))


def verify(answer: Answer, knowledge: Knowledge) -> None:
    documents = knowledge.corpus.documents
    verify_answer(answer, lambda i: documents[i].text, wording.is_fixed, wording.stated_count)


@pytest.mark.parametrize(
    ("question", "status", "said"),
    [
        ("创业培训的目标是多少人?", ANSWERED, "600"),
        ("创业孵化基地面积要多大?", ANSWERED, "平方米"),
        ("创业项目库要有多少个项目?", ANSWERED, "50"),
        ("创建工作分几个阶段?", ANSWERED, "四项"),
        ("个人创业担保贷款最高能贷多少", ANSWERED, "30万元"),
        ("谁负责落实残疾人创业", ANSWERED, "残联"),
        ("创业担保贷款的利率是几点几", NOT_IN_POLICY, "没有写明您问的利率"),
        ("人社局几点上班", NOT_IN_POLICY, "没有写明您问的办公时间"),
        ("红烧肉怎么做好吃", AnswerStatus.OUT_OF_SCOPE, wording.OUT_OF_SCOPE),
        ("外头风大不大", AnswerStatus.OUT_OF_SCOPE, wording.OUT_OF_SCOPE),
        ("得扶起来多少人自己开张", AnswerStatus.PARTLY_ANSWERED, "500人"),
        ("孵化基地几号剪彩", NOT_IN_POLICY, "没有写明您问的具体时间"),
    ],
)
def test_what_people_ask_first(
    shipped: Knowledge, question: str, status: AnswerStatus, said: str
) -> None:
    answer = answer_question(Question(question, TODAY), shipped)
    assert answer.status is status, answer.text
    assert said in answer.text
    verify(answer, shipped)


@pytest.mark.parametrize(
    ("messages", "status", "said"),
    [
        (["新增创业企业和新增个体工商户的目标哪个多"], ANSWERED, ("200户", "500户")),
        (["提升完善阶段和评估验收阶段有什么区别"], ANSWERED, ("检查组", "模拟考评")),
        (["宣传发动阶段做什么", "下一个阶段呢"], ANSWERED, ("全面实施阶段",)),
        (["创业培训目标多少人", "不对,我问的是创业指导"], ANSWERED, ("1400",)),
        (["要创建多少个创业型社区", "我说的是街道,不是社区"], ANSWERED, ("3个",)),
        (
            ["创业大赛要办几次,奖金多少钱"],
            AnswerStatus.PARTLY_ANSWERED,
            ("2次", "没有写明您问的具体金额"),
        ),
        (["为什么要有六个企业开办环节"], NOT_IN_POLICY, ("没有写明您问的原因",)),
        (["去年培训了多少人"], NOT_IN_POLICY, ("没有写明您问的实际完成数",)),
        (["区民政局局长叫什么名字"], NOT_IN_POLICY, ("没有写明您问的姓名",)),
        (["创业者举报投诉找谁"], ANSWERED, ("区监察局", "区监察委员会承担")),
    ],
)
def test_each_kind_of_question_has_its_answer(
    shipped: Knowledge, messages: list[str], status: AnswerStatus, said: tuple[str, ...]
) -> None:
    history: tuple[PastTurn, ...] = ()
    for message in messages:
        answer = answer_question(Question(message, TODAY, history), shipped)
        turn = PastTurn(message, answer.completed_question, answer.intent, answer.status, ())
        history = (*history, turn)
        verify(answer, shipped)
    assert answer.status is status, answer.text
    assert all(words in answer.text for words in said), answer.text


def test_every_suggested_question_is_answered(shipped: Knowledge) -> None:
    for question in wording.SUGGESTIONS:
        answer = answer_question(Question(question, TODAY), shipped)
        assert answer.status is ANSWERED, question
        assert answer.citations, question


def test_every_statement_of_the_pack_can_be_verified(shipped: Knowledge) -> None:
    """Alone, and as part of all that its clause says."""
    for statements in shipped.register.by_clause.values():
        whole = Draft(shipped)
        for statement in statements:
            alone = Draft(shipped)
            alone.quote(statement)
            verify(alone.finish(ANSWERED, Intent.POLICY), shipped)
            whole.quote(statement, bullet=True)
        verify(whole.finish(ANSWERED, Intent.POLICY), shipped)


@pytest.mark.parametrize("year", [2009, 2013, 2017, 2021, 2026])
def test_no_year_is_answered_from_another(shipped: Knowledge, year: int) -> None:
    day = date(year, 6, 30)
    for question in ("贷款最高额度是多少", "下岗失业人员有哪些扶持", "注册公司要多少注册资本"):
        answer = answer_question(Question(question, day), shipped)
        for citation in answer.citations:
            document = shipped.corpus.documents[citation.document_id]
            ended = answer.status is AnswerStatus.EXPIRED_ONLY and document.ended_before(day)
            assert document.holds_on(day) or ended, (question, document.title)


def test_the_same_question_twice_is_the_same_answer(shipped: Knowledge) -> None:
    for question in ("大学生创业有哪些扶持", "摆摊要办执照吗", "那残疾人呢"):
        first = answer_question(Question(question, TODAY), shipped)
        assert repr(answer_question(Question(question, TODAY), shipped)) == repr(first)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("创业培训和创业指导的目标相差多少人", ["两者相差：1400人 − 600人 = 800人。"]),
        ("个人和小微企业创业担保贷款哪个额度更高", ["两者相差：400万元 − 30万元 = 370万元。"]),
        ("创业培训和创业指导的目标各是多少人", []),
    ],
)
def test_the_difference_of_two_figures_is_computed(
    shipped: Knowledge, question: str, said: list[str]
) -> None:
    answer = answer_question(Question(question, TODAY), shipped)
    assert answer.status is ANSWERED
    assert [s.text for s in answer.sentences if s.computation] == said
