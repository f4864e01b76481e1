"""Which day's rules a question asks about."""

from datetime import date

import pytest

from assistant.day_asked import day_asked_about

TODAY = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("2019年的时候最高贷多少", date(2019, 12, 31)),
        ("2018年10月的时候最高贷多少", date(2018, 10, 31)),
        ("2020年2月个人最高贷多少", date(2020, 2, 29)),
        ("2018年11月15日时的额度", date(2018, 11, 15)),
        ("2021年底退役士兵一年扣多少", date(2021, 12, 31)),
        ("2020年上半年最高多少", date(2020, 6, 30)),
        ("去年最高能贷多少", date(2025, 12, 31)),
        ("十年前最高能贷多少", date(2016, 12, 31)),
        ("8年前的政策是多少", date(2018, 12, 31)),
        ("2019年的时候和现在比", TODAY),
        ("我2021年底毕业,能贷多少", TODAY),
        ("2021年3月毕业的能贷多少", TODAY),
        ("三年前退伍的能不能贷", TODAY),
        ("2027年底的额度", TODAY),
        ("08年的时候最高贷多少", date(2008, 12, 31)),
        ("98年那会儿有贷款吗", date(1998, 12, 31)),
        ("最高能贷多少", TODAY),
    ],
)
def test_the_day_a_question_asks_about(question: str, day: date) -> None:
    assert day_asked_about(question, TODAY) == day
