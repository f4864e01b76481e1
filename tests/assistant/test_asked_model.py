import time

import pytest

from assistant.asked import Asked
from assistant.asked_model import READ, asked_model, features_of, read_model
from assistant.reading import asked_of, by_pattern
from evaluation.training.questions import made_up_questions, written_questions


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("盖章这事儿是哪个口子管的活", Asked.DEPARTMENT),
        ("夜校的事哪家牵头", Asked.DEPARTMENT),
        ("展台租金多少", Asked.MONEY),
        ("摊位费一天多少", Asked.MONEY),
        ("评比办几届", Asked.TIMES),
        ("协会的头儿贵姓", Asked.NAME),
        ("办手工坊图个啥", Asked.REASON),
    ],
)
def test_what_no_pattern_sees_is_weighed(question: str, asked: Asked) -> None:
    assert asked_of(question) is asked


def test_shares_add_up_and_do_not_change() -> None:
    shares = asked_model().shares("租金多少", Asked.NUMBER)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares == asked_model().shares("租金多少", Asked.NUMBER)


def test_of_a_long_message_both_ends_are_read() -> None:
    long = "头" + "字" * 100_000 + "尾"
    runs = features_of(long, Asked.ANY)
    assert len(runs) < 4 * 2 * (READ + 4)
    assert {"^头", "尾$"} <= set(runs)
    began = time.process_time()
    asked_model().shares(long, Asked.ANY)
    assert time.process_time() - began < 1


def test_weights_are_read_as_hundredths_by_kind() -> None:
    model = read_model(
        {"kinds": ["money", "date"], "bias": [0, 0], "weights": {"租": [0, 300, 1, -300]}}
    )
    shares = model.shares("租", Asked.ANY)
    assert shares[Asked.MONEY] > 0.9 > 0.1 > shares[Asked.DATE]


def test_training_questions_are_the_same_every_time_and_of_every_kind() -> None:
    made_up = made_up_questions()
    assert made_up == made_up_questions()
    assert {question.asked for question in made_up} == set(Asked)
    written = written_questions()
    assert len({q.text for q in written}) == len(written)
    assert sum(not q.of_ours for q in written) >= 50


def test_weights_read_the_written_questions_better_than_patterns() -> None:
    written = [q for q in written_questions() if q.of_ours]
    patterns = sum(by_pattern(q.text)[0] is q.asked for q in written)
    assert sum(asked_of(q.text) is q.asked for q in written) > 1.1 * patterns
