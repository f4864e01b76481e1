"""What a document says about itself, in many official wordings; silence stays silence."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.document import Level
from knowledge.finding import add_months, read_date
from knowledge.issuer import level_of
from knowledge.metadata import DocumentFacts, read_facts
from knowledge.repeal import Repeal

FULL = """某某区人民政府办公室文件

某政办发\uff3b2025\uff3d5号

某某区人民政府办公室关于印发
《创业补贴管理办法(试行)》的通知

各街道办事处\uff0c区政府各部门\uff1a
现将办法印发给你们\uff0c请认真执行。

第一条 为了促进创业\uff0c制定本办法。
第二条 贷款期限为3年\uff0c证书有效期2年\uff0c自2020年1月1日起计算。
第二十条 本办法自2025年3月1日起施行\uff0c有效期三年。《某某区创业资金办法》\uff08某政发\uff3b2019\uff3d12号\uff09同时废止。

某某区人民政府办公室
2025年2月10日
"""


def values(facts: DocumentFacts) -> dict[str, object]:
    names = ("title", "doc_number", "issuer", "level", "published_on", "effective_on", "expires_on")
    found = {name: getattr(facts, name) for name in names}
    return {name: finding.value for name, finding in found.items() if finding is not None}


def test_a_complete_notice() -> None:
    facts = read_facts(FULL)
    assert values(facts) == {
        "title": "某某区人民政府办公室关于印发《创业补贴管理办法(试行)》的通知",
        "doc_number": "某政办发〔2025〕5号",
        "issuer": "某某区人民政府办公室",
        "level": Level.DISTRICT,
        "published_on": date(2025, 2, 10),
        "effective_on": date(2025, 3, 1),
        "expires_on": date(2028, 2, 29),
    }
    assert [f.value for f in facts.repeals] == [Repeal("某某区创业资金办法", "某政发〔2019〕12号")]
    assert facts.doubts == ()


def test_every_fact_carries_the_span_it_was_read_from() -> None:
    facts = read_facts(FULL)
    findings = [
        facts.title,
        facts.doc_number,
        facts.issuer,
        facts.published_on,
        facts.effective_on,
        facts.expires_on,
        *facts.repeals,
    ]
    for finding in findings:
        assert finding is not None
        assert finding.quote.strip() == FULL[finding.start : finding.end].strip()
    assert facts.expires_on is not None
    assert facts.expires_on.quote == "有效期三年"


@given(
    st.text(
        alphabet="本办法自2023年1月日起施行有效期至同时废止《》〔〕()号令第公告\n。、;,创业",
        max_size=200,
    )
)
def test_spans_hold_for_any_text(text: str) -> None:
    facts = read_facts(text)
    for finding in (
        facts.title,
        facts.doc_number,
        facts.published_on,
        facts.effective_on,
        facts.expires_on,
        *facts.repeals,
    ):
        if finding is not None:
            assert finding.quote.strip() in text


def test_a_text_that_says_nothing() -> None:
    facts = read_facts(
        "建设创业城市\n\n一、目标\n按照《市区人民政府意见》(雁政发14号)精神,到2025年12月31日完成。\n"
    )
    assert values(facts) == {"title": "建设创业城市"}


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("国发〔2015〕23号", "国发〔2015〕23号"),
        ("国发[2015]23号", "国发〔2015〕23号"),
        ("国发(2015)23号", "国发〔2015〕23号"),
        ("国发\uff082015\uff0923号", "国发〔2015〕23号"),
        ("国发\u30102015\u301123号", "国发〔2015〕23号"),
        ("人社部发 〔2025〕 5 号", "人社部发〔2025〕5号"),
        ("某政发\uff3b2025年\uff3d第5号", "某政发〔2025〕5号"),
        ("雁政发14号", "雁政发14号"),
        ("中华人民共和国国务院令第784号", "中华人民共和国国务院令第784号"),
        ("第784号国务院令", None),
        ("公告2023年第15号", "公告2023年第15号"),
        ("财政部 税务总局公告2023年第15号", "财政部税务总局公告2023年第15号"),
        ("2023年第15号", "2023年第15号"),
        ("文号\uff1a苏人社发\uff082021\uff099号 发文机关\uff1a省人社厅", "苏人社发〔2021〕9号"),
        ("(国发〔2015〕23号)", "国发〔2015〕23号"),
        ("根据国发〔2015〕23号制定如下办法。", None),
        ("按照《通知》(国发〔2015〕23号)", None),
    ],
)
def test_document_numbers(line: str, number: str | None) -> None:
    facts = read_facts(f"{line}\n关于创业的通知\n一、目标\n按照《意见》(某政发〔2001〕1号)办理。\n")
    assert (facts.doc_number.value if facts.doc_number else None) == number


def test_the_number_in_the_bracket_below_a_regulation() -> None:
    facts = read_facts(
        "促进个体工商户发展条例\n\uff082022年10月1日国务院令第755号公布 自2022年11月1日起施行\uff09\n第一条 甲。\n"
    )
    assert values(facts) == {
        "title": "促进个体工商户发展条例",
        "doc_number": "国务院令第755号",
        "published_on": date(2022, 10, 1),
        "effective_on": date(2022, 11, 1),
    }


@pytest.mark.parametrize(
    ("sentence", "begins"),
    [
        ("本办法自2023年1月1日起施行。", date(2023, 1, 1)),
        ("本通知从2023年1月1日起执行。", date(2023, 1, 1)),
        ("本办法自二〇二三年一月十五日起正式施行。", date(2023, 1, 15)),
        ("自２０２３年１月１日起实施。", date(2023, 1, 1)),
        ("本办法于2023 年 1 月 1 日起施行。", date(2023, 1, 1)),
        ("本规定自发布之日起施行。", date(2022, 12, 1)),
        ("本规定自公布之日起30日后施行。", date(2022, 12, 31)),
        ("本规定自印发之日起三十日后施行。", date(2022, 12, 31)),
        ("《旧办法》自2010年1月1日起施行。", None),
        ("本办法自2023年2月30日起施行。", None),
        ("本办法自2023年1月1日起施行。本办法自2024年1月1日起施行。", None),
        ("企业应当在2023年1月1日前完成。", None),
    ],
)
def test_effect(sentence: str, begins: date | None) -> None:
    facts = read_facts(f"创业办法\n成文日期\uff1a2022年12月1日\n第一条 甲。\n第二条 {sentence}\n")
    assert (facts.effective_on.value if facts.effective_on else None) == begins


def test_effect_from_issue_without_a_date_is_a_doubt() -> None:
    facts = read_facts("创业办法\n第一条 本办法自发布之日起施行\uff0c有效期3年。\n")
    assert facts.effective_on is None
    assert facts.expires_on is None
    assert len(facts.doubts) == 2


@pytest.mark.parametrize(
    ("sentence", "ends"),
    [
        ("本办法自2023年1月1日起施行,有效期5年。", date(2027, 12, 31)),
        ("本办法自2023年1月1日起施行,有效期为两年。", date(2024, 12, 31)),
        ("本办法自2023年1月1日起施行,试行期18个月。", date(2024, 6, 30)),
        ("本办法自2023年1月1日起施行,有效期至2027年12月31日。", date(2027, 12, 31)),
        ("本公告执行至2027年12月31日。", date(2027, 12, 31)),
        ("本通知自2023年1月1日起施行,至2027年12月31日止。", date(2027, 12, 31)),
        ("本政策实施期限为2023年1月1日至2025年6月30日。", date(2025, 6, 30)),
        ("本办法自2023年1月1日起施行。证书有效期为3年。", None),
        ("贷款期限最长3年,到2027年12月31日。", None),
        ("营业执照有效期至2027年12月31日。", None),
    ],
)
def test_validity(sentence: str, ends: date | None) -> None:
    facts = read_facts(f"创业办法\n第一条 甲。\n第二条 {sentence}\n")
    assert (facts.expires_on.value if facts.expires_on else None) == ends


def test_an_end_before_the_beginning_is_not_believed() -> None:
    facts = read_facts("创业办法\n第一条 本办法自2023年1月1日起施行,有效期至2020年1月1日。\n")
    assert facts.effective_on is None
    assert facts.expires_on is None
    assert facts.doubts


@pytest.mark.parametrize(
    ("sentence", "repeals"),
    [
        ("《甲办法》同时废止。", [Repeal("甲办法", None)]),
        ("《甲办法》(某发〔2010〕1号)、《乙办法》(某发〔2011〕2号)同时废止。", [Repeal("甲办法", "某发〔2010〕1号"), Repeal("乙办法", "某发〔2011〕2号")]),
        ("原《甲办法》予以废止。", [Repeal("甲办法", None)]),
        ("《甲通知》自2023年1月1日起停止执行。", [Repeal("甲通知", None, date(2023, 1, 1))]),
        ("《甲办法》第三条同时废止。", []),
        ("此前规定与本办法不一致的,以本办法为准。", []),
        ("按照《甲办法》办理。", []),
        ("《甲办法》继续有效。原有规定废止。", []),
    ],
)  # fmt: skip
def test_repeals(sentence: str, repeals: list[Repeal]) -> None:
    assert [f.value for f in read_facts(f"创业办法\n第一条 {sentence}\n").repeals] == repeals


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("国务院", Level.NATIONAL), ("财政部、税务总局", Level.NATIONAL), ("中国人民银行", Level.NATIONAL),
        ("国家发展改革委", Level.NATIONAL), ("江苏省人民政府", Level.PROVINCIAL), ("北京市人民政府", Level.PROVINCIAL),
        ("广西壮族自治区人民政府", Level.PROVINCIAL), ("南京市人力资源和社会保障局", Level.MUNICIPAL),
        ("江苏省南京市江宁区人民政府", Level.DISTRICT), ("区人力资源和社会保障局", Level.DISTRICT),
        ("某县人民政府办公室", Level.DISTRICT), ("市场监督管理局", None), ("就业工作领导小组", None),
        ("北京市海淀区人民政府", Level.DISTRICT),
    ],
)  # fmt: skip
def test_levels(name: str, level: Level | None) -> None:
    assert level_of(name) is level


@pytest.mark.parametrize(
    ("text", "title", "issuer"),
    [
        (
            "标\u3000题\uff1a关于做好就业工作的通知\n发文机关\uff1a某市人社局\n正文如下。",
            "关于做好就业工作的通知",
            "某市人社局",
        ),
        ("某区财政局关于补贴的公告\n一、甲", "某区财政局关于补贴的公告", "某区财政局"),
        ("关于做好\n创业培训工作的\n通知\n一、甲", "关于做好创业培训工作的通知", None),
        ("中华人民共和国就业促进法\n第一条 甲", "中华人民共和国就业促进法", None),
        ("# 办事指南\n说明。", "办事指南", None),
        (
            "某某区人民政府文件\n\n某政发〔2025〕1号\n\n关于创业的意见\n\n各街道:\n一、甲",
            "关于创业的意见",
            "某某区人民政府",
        ),
        ("一、没有标题\n二、正文", None, None),
        ("创业是就业之源,鼓励创业带动就业,是一项长期的任务。", None, None),
        ("关于补贴的通知(某政发〔2025〕1号)\n一、甲", "关于补贴的通知", None),
        ("| 甲 | 乙 |\n| 丙 | 丁 |", None, None),
    ],
)
def test_titles_and_issuers(text: str, title: str | None, issuer: str | None) -> None:
    facts = read_facts(text)
    assert (facts.title.value if facts.title else None) == title
    assert (facts.issuer.value if facts.issuer else None) == issuer


def test_several_signers() -> None:
    facts = read_facts(
        "关于创业的通知\n一、甲\n"
        + "各部门要认真执行。\n" * 20
        + "某区人力资源和社会保障局\n某区财政局\n2025年3月1日\n"
    )
    assert facts.issuer is not None
    assert facts.issuer.value == "某区人力资源和社会保障局、某区财政局"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2023年1月1日", date(2023, 1, 1)), ("二〇二三年十二月三十一日", date(2023, 12, 31)), ("二○一五年五月四日", date(2015, 5, 4)),
        ("2023-01-05", date(2023, 1, 5)), ("2023/1/5", date(2023, 1, 5)), ("2023年13月1日", None), ("明年", None),
    ],
)  # fmt: skip
def test_dates(text: str, day: date | None) -> None:
    assert read_date(text) == day


@pytest.mark.parametrize(
    "piece",
    ["废止", "《甲》废止", "自2023年1月1日起", "有效期3年", "2023年1月1日\n", "本办法", "人民政府", "国发〔2015〕", "《", "(", "至2023年1月1日止"],
)  # fmt: skip
def test_hostile_text_takes_linear_time(piece: str) -> None:
    begun = time.process_time()
    read_facts(piece * 50_000)
    assert time.process_time() - begun < 6


def test_months_are_added_within_shorter_months() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2023, 12, 1), 12) == date(2024, 12, 1)
