"""Conversations about one's own case, on the shipped rules and clauses, without a model."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, PastTurn, Question
from assistant.eligibility import hear
from assistant.guardrails import NO_GROUNDS, AnswerNotVerified, Grounds, verify_answer
from assistant.person_facts import read_facts
from assistant.pipeline import answer_question
from assistant.times_said import times_in
from evaluation.wording import invented_figures
from knowledge.corpus import load_corpus
from knowledge.eligibility.rulebook import LOCAL_FILE, load_rulebook, rules_in_force
from knowledge.indexing import update_index
from knowledge.knowledge_base import Knowledge, build_knowledge
from knowledge.meaning import StatementVectors
from knowledge.pack import load_pack
from knowledge.passage import cut_passages
from knowledge.retriever import Retriever
from storage.database import Database
from storage.memory_index import MemoryIndex
from storage.migrations import migrate
from tests.fixtures.hashed_encoder import HashedEncoder

TODAY = date(2026, 6, 30)
ANSWERED, CLARIFY = AnswerStatus.ANSWERED, AnswerStatus.CLARIFY
PARTLY = AnswerStatus.PARTLY_ANSWERED


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    folder = tmp_path_factory.mktemp("pack")
    database = Database(f"sqlite:///{folder}/qichuang.db")
    try:
        migrate(database)
        with database.writing() as db:
            load_pack(db, datetime(2026, 6, 30, tzinfo=UTC))
        with database.reading() as db:
            corpus = load_corpus(db)
    finally:
        database.close()
    encoder = HashedEncoder()
    passages = cut_passages(corpus)
    index = MemoryIndex(encoder.dimension)
    update_index(index, passages, encoder)
    search = Retriever(corpus, passages, index, encoder).search
    return build_knowledge(corpus, search, StatementVectors(encoder, folder))


class Conversation:
    """What the edge does around the pipeline: keeps the turns and what was learned."""

    def __init__(self, knowledge: Knowledge, day: date = TODAY) -> None:
        self.knowledge, self.day = knowledge, day
        self.history: tuple[PastTurn, ...] = ()
        self.known: dict[str, Any] = {}
        self.asked = Question("", day)

    def say(self, text: str) -> Answer:
        self.asked = Question(text, self.day, self.history, self.known)
        answer = answer_question(self.asked, self.knowledge)
        merged = {**self.known, **answer.learned}
        self.known = {key: value for key, value in merged.items() if value is not None}
        self.history += (answer.as_past(text),)
        return answer


Talk = Callable[..., Conversation]


@pytest.fixture
def talk(pack: Knowledge) -> Talk:
    return lambda day=TODAY: Conversation(pack, day)


def test_every_shipped_rule_rests_on_the_shipped_clauses(pack: Knowledge) -> None:
    in_force = rules_in_force(pack.rulebook, pack.corpus, pack.register, TODAY)
    assert [u.reason for u in in_force.unusable] == []
    assert len(in_force.rules) == len(pack.rulebook.rules)
    later = pack.rules_on(date(2028, 1, 1))
    assert {u.rule.code for u in later.unusable} >= {"tax-key-groups", "tax-veterans"}


def test_the_street_of_ones_own_case_is_learned_and_nobody_elses(talk: Talk) -> None:
    own, other = talk(), talk()
    told = own.say("我是退役军人，住在南湖街道，手里有八万，能申请小额担保贷款吗？")
    assert told.intent is Intent.ELIGIBILITY
    assert own.known["street"] == "南湖街道"
    assert "budget_yuan" not in own.known  # an amount of the case is no wish for a project
    other.say("我表弟是退役军人，住在南湖街道，他能申请小额担保贷款吗？")
    assert "street" not in other.known


def test_a_talk_from_not_known_to_met(talk: Talk) -> None:
    person = talk()
    first = person.say("我能申请创业担保贷款吗")
    assert first.status is CLARIFY
    assert "高校毕业生" in first.suggestions
    assert first.citations  # each open condition has its clause
    second = person.say("高校毕业生")
    assert second.status is ANSWERED
    assert second.intent is Intent.ELIGIBILITY
    assert "您符合“创业担保贷款（个人）”的条件" in second.text
    assert "国家最高额度是30万元" in second.text
    assert "这里先认定：您以个人名义申请" in second.text
    assert person.known["eligibility.graduate"] is True
    assert person.known["groups"] == ["graduate"]


def test_the_answers_offered_are_understood(talk: Talk) -> None:
    """Every way through the taps of three talks ends, and no tap is answered by something else."""
    for opening in (
        "我能申请创业担保贷款吗",
        "我能领一次性创业补贴吗",
        "我公司能申请创业担保贷款吗",
    ):
        open_paths: list[list[str]] = [[opening]]
        for _ in range(40):
            if not open_paths:
                break
            path = open_paths.pop()
            person = talk()
            for message in path:
                answer = person.say(message)
            assert answer.intent is Intent.ELIGIBILITY, path
            asked = person.known.get("eligibility.asked")
            if asked and len(path) < 4:
                open_paths += [[*path, answer.suggestions[0]], [*path, answer.suggestions[-1]]]


def test_an_earlier_answer_can_be_corrected(talk: Talk) -> None:
    person = talk()
    person.say("我退伍自主就业的,开了个体户,能享受退役士兵税费扣减吗")
    assert person.known["eligibility.form"] == "个体工商户"
    corrected = person.say("不对,我还没注册")
    assert "不符合：从事个体经营" in corrected.text
    assert person.known["eligibility.form"] == "还没登记"


@pytest.mark.parametrize(
    ("messages", "said", "not_said"),
    [
        (
            ["我是大学生，能贷款吗", "打错了，我是残疾人"],
            "符合：就业困难人员（含残疾人）",
            "毕业年限",
        ),
        (["登记失业十个月，个体户能减税吗", "不对，是三个月"], "现在不符合的：", "可能符合"),
        (["我今年26岁没工作，能去见习吗", "记错了，是23"], "年龄23岁", "不符合"),
    ],
)
def test_a_correction_takes_the_place_of_what_was_said(
    talk: Talk, messages: list[str], said: str, not_said: str
) -> None:
    person = talk()
    answer = [person.say(message) for message in messages][-1]
    assert said in answer.text
    assert not_said not in answer.text


def test_an_answer_is_chosen_by_its_place_in_the_list(talk: Talk) -> None:
    person = talk()
    offered = person.say("我能申请创业担保贷款吗").suggestions
    assert offered[3] == "退役军人"
    assert "符合：退役军人" in person.say("第四个").text


def test_a_case_may_be_of_what_the_last_answer_was_about(talk: Talk) -> None:
    person = talk()
    person.say("就业见习补贴的标准谁定")
    assert person.say("我够条件吗").status is CLARIFY
    assert "您符合“就业见习补贴”" in person.say("我19岁,没工作").text
    assert "可能符合" in person.say("那我还能享受什么").text


def test_a_digression_is_answered_and_the_check_goes_on(talk: Talk) -> None:
    person = talk()
    person.say("我能申请创业担保贷款吗")
    aside = person.say("创业培训的目标是多少人")
    assert aside.intent is not Intent.ELIGIBILITY
    assert "600" in aside.text
    assert aside.suggestions[0] == "继续核对条件"
    back = person.say("继续核对条件")
    assert back.status is CLARIFY
    assert "您符合" in person.say("退役军人").text


def test_supposing_stores_nothing(talk: Talk) -> None:
    person = talk()
    person.say("我公司有50个职工,今年新招了3个脱贫户,能申请小微企业创业担保贷款吗")
    before = dict(person.known)
    supposed = person.say("那要是我再多招两个呢")
    assert "假设" in supposed.text
    assert "3人 + 2人 = 5人" in supposed.text
    assert "5人 ÷ 50人 = 10%" in supposed.text
    assert person.known == before
    assert invented_figures(person.asked, supposed) == []


def test_the_case_of_another_is_judged_and_not_kept(talk: Talk) -> None:
    person = talk()
    answer = person.say("我儿子去年大学毕业现在没工作,他能申请创业担保贷款吗")
    assert "替别人核对" in answer.text
    assert "您符合" in answer.text
    assert "eligibility.graduate" not in person.known
    assert "groups" not in person.known


def test_the_case_of_another_goes_on_and_is_kept_apart(talk: Talk) -> None:
    person = talk()
    asked = person.say("我老婆下岗了，她能申请创业担保贷款吗")
    assert "登记了，满半年" in asked.suggestions
    met = person.say("登记了，满半年")
    assert "替别人核对" in met.text
    assert "符合：登记失业人员" in met.text
    assert not [key for key in person.known if "unemployed" in key]
    assert "您属于下面哪一类" in person.say("那我自己能申请创业担保贷款吗").text


def test_what_is_asked_next_is_of_the_support_that_was_checked(talk: Talk) -> None:
    person = talk()
    person.say("我能拿一次性创业补贴吗")
    assert "创业补贴" in person.say("不是第一次").completed_question
    assert "一次性创业补贴" in person.say("有多少钱").text


def test_the_same_of_other_people_is_asked_in_general(talk: Talk) -> None:
    person = talk()
    person.say("一次性创业补贴哪些人能领")
    assert "您说的情况" not in person.say("那退役军人呢").text


def test_two_cases_in_one_message_are_judged_one_by_one(talk: Talk) -> None:
    person = talk()
    answer = person.say("我女儿去年大学毕业，我自己是残疾人，我们俩谁能贷款")
    other, _, own = answer.text.partition("下面是您自己的情况。")
    assert "符合：高校毕业生" in other
    assert "残疾" not in other.partition("符合")[0]
    assert "符合：就业困难人员（含残疾人）" in own
    assert person.known["groups"] == ["disabled"]


def test_who_does_not_know_is_asked_something_else(talk: Talk) -> None:
    person = talk()
    first = person.say("我公司10个人,新招2个下岗的,能申请创业担保贷款吗")
    second = person.say("不清楚")
    assert first.suggestions != second.suggestions
    assert person.known["eligibility.contracts"] == "不清楚"


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (["我是大学生想贷20万,贴息能贴多少", "利率4%"], "20万元，30万元） × 4% × 50% = 4000元"),
        (["我和我哥两个人合伙,我是返乡农民工,能贷多少"], "= 66万元"),
        (["我是脱贫户干个体,能享受重点群体税费扣减吗"], "20000元 × 3年 = 6万元"),
        (["我是就业困难人员灵活就业,每月缴900,社保能补多少"], "900元 × 三分之二 = 600元"),
    ],
)
def test_amounts_are_computed_with_their_formula(
    talk: Talk, messages: list[str], said: str
) -> None:
    person = talk()
    for message in messages:
        answer = person.say(message)
    assert said in answer.text
    assert invented_figures(person.asked, answer) == []
    computed = next(s for s in answer.sentences if said in s.text)
    assert computed.computation is not None
    assert computed.citations


def test_the_rate_that_no_clause_states_is_asked_for(talk: Talk) -> None:
    answer = talk().say("我是大学生想贷20万,贴息能贴多少")
    assert "没有LPR报价" in answer.text


def test_local_figures_are_said_with_their_document(pack: Knowledge, tmp_path: Path) -> None:
    message = "我去年7月毕业,第一次开店办了个体户,正常经营一年多了,能领一次性创业补贴吗"
    without = Conversation(replace(pack, rulebook=load_rulebook())).say(message)
    assert "本地标准还没有录入" in without.text
    entry = {
        "规则": "start-up-subsidy",
        "参数": "本地补贴金额",
        "值": "5000元",
        "自": date(2026, 1, 1),
        "文号": "某人社发〔2026〕3号",
    }
    (tmp_path / LOCAL_FILE).write_text(yaml.safe_dump({"本地参数": [entry]}), "utf-8")
    entered = replace(pack, rulebook=load_rulebook(local=tmp_path / LOCAL_FILE))
    answer = Conversation(entered).say(message)
    assert "本地补贴金额：5000元（本地规定：某人社发〔2026〕3号）。" in answer.text


def judged(pack: Knowledge, text: str) -> tuple[Answer, Grounds]:
    heard = hear(text, Question(text, TODAY), pack)
    assert heard.answer is not None
    return heard.answer, heard.grounds


def verify(answer: Answer, pack: Knowledge, grounds: Grounds) -> None:
    documents = pack.corpus.documents
    verify_answer(
        answer, lambda i: documents[i].text, wording.is_fixed, wording.stated_count, grounds
    )


def test_figures_and_judgements_are_recomputed_before_they_leave(pack: Knowledge) -> None:
    answer, grounds = judged(pack, "我是脱贫户干个体,能享受重点群体税费扣减吗")
    verify(answer, pack, grounds)
    with pytest.raises(AnswerNotVerified):
        verify(answer, pack, NO_GROUNDS)
    for old, new in (
        ("6万元", "9万元"),
        ("20000元 × 3年", "30000元 × 2年"),
        ("您符合", "您不符合"),
    ):
        changed = tuple(replace(s, text=s.text.replace(old, new)) for s in answer.sentences)
        assert changed != answer.sentences
        with pytest.raises(AnswerNotVerified):
            verify(replace(answer, sentences=changed), pack, grounds)


def test_an_operand_has_to_stand_where_it_is_cited(pack: Knowledge) -> None:
    answer, grounds = judged(pack, "我是脱贫户干个体,能享受重点群体税费扣减吗")
    at = next(i for i, s in enumerate(answer.sentences) if s.computation)
    computed = answer.sentences[at]
    assert computed.computation is not None
    limit, years = computed.computation.operands
    forged = replace(computed.computation, operands=(replace(limit, text="2000元"), years))
    sentence = replace(computed, computation=forged, text="三年最多扣减：2000元 × 3年 = 6000元。")
    sentences = (*answer.sentences[:at], sentence, *answer.sentences[at + 1 :])
    with pytest.raises(AnswerNotVerified, match="not recomputed"):
        verify(replace(answer, sentences=sentences), pack, grounds)


@pytest.mark.parametrize(
    "question",
    [
        "创业担保贷款最多能贷多少",
        "一次性创业补贴要符合什么条件",
        "谁负责审核创业担保贷款的资格",
        "我想问一下创业培训的目标是多少人",
        "我想知道大学生创业有哪些扶持",
        "创业担保贷款去哪里办",
    ],
)
def test_plain_questions_of_policy_are_left_alone(pack: Knowledge, question: str) -> None:
    assert hear(question, Question(question, TODAY), pack).answer is None


def test_no_rule_no_answer(knowledge: Knowledge) -> None:
    """Without the clauses that rules rest on, nothing is judged."""
    text = "我能申请创业担保贷款吗"
    assert hear(text, Question(text, TODAY), knowledge).answer is None


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("我是大学生", {"高校毕业生": True}),
        ("我不是大学生", {"高校毕业生": False}),
        ("我招了两个下岗的", {"新招用人数": 2, "招用重点群体": True}),
        ("我没办失业登记", {"登记失业": False}),
        ("我还没注册", {"经营形式": "还没登记"}),
        ("贷20万,利率3.5", {"想贷金额": 200_000, "贷款利率": "3.5%"}),
        ("利率三点二五", {"贷款利率": "3.25%"}),
        ("跟另外三个战友合伙", {"合伙人数": 4}),
        ("丢了活,没去登记失业", {"登记失业": False}),
        ("职工90人,又招了12人", {"在职职工数": 90, "新招用人数": 12}),
        ("自己交社保,一年交六千", {"灵活就业": True, "每年社保费": 6000}),
        ("有没有拖欠工资", {}),
        ("退役士兵税费扣减", {}),
        ("创业担保贷款", {}),
    ],
)
def test_what_a_message_says_about_somebody(
    pack: Knowledge, text: str, facts: dict[str, Any]
) -> None:
    known = pack.rulebook.facts_of({}, TODAY)
    assert dict(read_facts(text, pack.rulebook, known).facts) == facts


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("去年7月", date(2025, 7, 1), date(2025, 7, 31)),
        ("2023年毕业", date(2023, 1, 1), date(2023, 12, 31)),
        ("23届毕业", date(2023, 1, 1), date(2023, 12, 31)),
        ("两年多", date(2023, 7, 1), date(2024, 6, 30)),
        ("不到半年", date(2025, 12, 31), TODAY),
        ("一年零三个月", date(2025, 3, 1), date(2025, 3, 30)),
        ("满3年", date.min, date(2023, 6, 30)),
    ],
)
def test_times_are_read_as_ranges(text: str, first: date, last: date) -> None:
    assert [time.days for time in times_in(text, TODAY)] == [(first, last)]


def test_each_time_goes_to_what_it_is_about(pack: Knowledge) -> None:
    known = pack.rulebook.facts_of({}, TODAY)
    said = read_facts("大学刚毕业两年开了个店", pack.rulebook, known)
    assert "离校时间" in said.facts
    assert "开业时间" not in said.facts


def test_the_same_talk_twice_is_the_same_to_the_byte(talk: Talk) -> None:
    messages = ("我符合哪些补贴", "高校毕业生", "个体工商户", "如果我招两个下岗的呢")
    one, other = talk(), talk()
    assert [repr(one.say(m)) for m in messages] == [repr(other.say(m)) for m in messages]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "公司在册一百二十人，今年新招了十来个下岗的，合同都是一年以上，申请小微企业贷款够条件吗",
            ["在职职工数120人", "新招用人数10人", "10人 ÷ 120人"],
        ),
        ("厂子里现在40号人，新招了6个失业的，小微贷款批得下来不", ["在职职工数40人", "= 15%"]),
        ("当了五年兵前年退下来的，自己开了个汽修店，个体户，能减多少税", ["退役军人"]),
        (
            "不是低保户脱贫户，失业登记办了俩月，开了个早餐摊，能抵税不",
            ["登记失业", "现在不符合的"],
        ),
        ("毕业三年了开了家奶茶店，能拿一次性创业补贴不，我可没工作", ["不符合：离校2年内"]),
        ("坐过三年牢出来的，我想摆摊，能贷款吗", ["刑满释放", "您符合“创业担保贷款（个人）”"]),
        ("带娃的宝妈，也没登记失业，想开网店，能申请创业担保贷款吗", ["网络商户", "您符合"]),
        ("我想贷二十万，利率3.5，政府给贴多少利息", ["想贷金额20万元", "3500元"]),
        ("贷过一次还完了，还能再贷第二次吗", ["贷款次数1次"]),
        ("登记失业七个月了，办了个体执照，一年交一万二的税，能扣多少", ["每年应缴税费1.2万元"]),
        ("我弟今年大专毕业，还没找到工作，想去见习，有钱拿不", ["失业", "您符合“就业见习补贴”"]),
        ("厂里职工160名，今年又招8名，够比例不", ["8人 ÷ 160人 = 5%", "（160人 × 5%） = 8人"]),
        ("我开个公司，四十个人，招了五个失业的，贷款够条件吗", ["5人 ÷ 40人"]),
        ("我想贷款", ["您属于下面哪一类人员"]),
        ("我2020年毕业，想领一次性创业补贴", ["您现在不符合“一次性创业补贴”"]),
        ("我是2022年退伍的，想贷款开店行不行", ["您符合“创业担保贷款（个人）”"]),
        ("我今年三十八，登记失业一年多，能领什么补贴", ["创业培训补贴"]),
        ("直播卖货两年多，生意稳当，算不算贷款对象", ["您符合“创业担保贷款（个人）”"]),
        ("wo shi can ji ren neng dai kuan ma", ["您符合“创业担保贷款（个人）”"]),
    ],
)
def test_a_case_is_heard_however_it_is_told(talk: Talk, text: str, said: list[str]) -> None:
    answer = talk(date(2026, 11, 23)).say(text)
    assert answer.intent is Intent.ELIGIBILITY
    assert [words for words in said if words not in answer.text] == []


@pytest.mark.parametrize(
    "text",
    [
        "退役军人开店能减多少税",
        "残疾人和退役军人能不能申请创业担保贷款",
        "招用比例要多少才能申请创业担保贷款",
        "个人名义贷跟企业名义贷额度差多少",
        "开个小店满一年国家有没有一次性补贴,发多少",
        "2012年大学毕业生干个体能减多少税",
    ],
)
def test_a_question_in_general_is_nobody_s_case(talk: Talk, text: str) -> None:
    assert "您说的情况" not in talk().say(text).text
