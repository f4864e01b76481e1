from assistant.answer import (
    Answer,
    AnswerStatus,
    Card,
    CardKind,
    Citation,
    Intent,
    PastTurn,
    past_turn,
)

CLAUSE = Citation(7, 1, "办法", None, "三", "每年培训", 0, 4, "", None, None, None)


def test_a_past_turn_knows_each_cited_clause_once_and_the_projects_shown() -> None:
    cards = (Card(CardKind.PROJECT, "P1", "茶室", ""), Card(CardKind.MENTOR, "M1", "王某", ""))
    answer = Answer(
        AnswerStatus.ANSWERED,
        Intent.PROJECT,
        (),
        citations=(CLAUSE, CLAUSE),
        completed_question="推荐一个项目",
        cards=cards,
    )
    past = answer.as_past("推荐个")
    assert past == PastTurn(
        "推荐个", "推荐一个项目", Intent.PROJECT, AnswerStatus.ANSWERED, (7,), ("P1",)
    )
    stored = [("project", "P1"), ("mentor", "M1")]
    assert past_turn("推荐个", "推荐一个项目", "project", "answered", [7, 7], stored) == past
