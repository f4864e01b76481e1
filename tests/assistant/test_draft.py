import pytest

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.draft import Draft
from assistant.guardrails import verify_answer
from knowledge.knowledge_base import Knowledge
from knowledge.statement import Statement


def statement(knowledge: Knowledge, text: str) -> Statement:
    (found,) = [s for s in knowledge.register.statements if text in s.text and s.document_id != 2]
    return found


def finish(draft: Draft) -> Answer:
    return draft.finish(AnswerStatus.ANSWERED, Intent.POLICY)


def test_two_statements_of_a_clause_share_one_citation_that_spans_both(
    knowledge: Knowledge,
) -> None:
    one, two = statement(knowledge, "组织实施阶段"), statement(knowledge, "各部门落实任务")
    for order in ((one, two), (two, one)):
        draft = Draft(knowledge)
        for each in order:
            assert draft.quote(each)
        answer = finish(draft)
        (citation,) = answer.citations
        assert citation.quote == "组织实施阶段。各部门落实任务。"
        assert [s.citations for s in answer.sentences] == [(0,), (0,)]


def test_the_same_statement_is_said_once(knowledge: Knowledge) -> None:
    draft = Draft(knowledge)
    said = statement(knowledge, "600人")
    assert draft.quote(said)
    assert not draft.quote(said, bullet=True)
    assert len(draft) == len(finish(draft).sentences) == 1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_list_is_led_by_its_size(knowledge: Knowledge, count: int) -> None:
    heads = ["宣传发动阶段", "组织实施阶段", "总结验收阶段"][:count]
    draft = Draft(knowledge)
    draft.quote_all(wording.LIST_SIZE, [statement(knowledge, head) for head in heads])
    lead, *items = finish(draft).sentences
    assert wording.stated_count(lead.text) == str(count)
    assert [item.text for item in items] == [head + "。" for head in heads]
    assert all(item.bullet for item in items)


def test_an_empty_list_has_no_lead(knowledge: Knowledge) -> None:
    draft = Draft(knowledge)
    draft.quote_all(wording.LIST_SIZE, [])
    assert finish(draft).sentences == ()


def test_items_of_a_statement_are_counted_and_cited(knowledge: Knowledge) -> None:
    draft = Draft(knowledge)
    source = statement(knowledge, "成员单位")
    draft.say_items(wording.DEPARTMENT_COUNT, ["区财政局", "区妇联"], source)
    answer = finish(draft)
    assert wording.stated_count(answer.sentences[0].text) == "2"
    assert answer.text.splitlines()[1:] == ["· 区财政局", "· 区妇联"]
    documents = knowledge.corpus.documents
    verify_answer(answer, lambda i: documents[i].text, wording.is_fixed, wording.stated_count)


def test_every_statement_can_be_quoted_and_verified(knowledge: Knowledge) -> None:
    documents = knowledge.corpus.documents
    for each in knowledge.register.statements:
        draft = Draft(knowledge)
        draft.quote(each)
        verify_answer(
            finish(draft), lambda i: documents[i].text, wording.is_fixed, wording.stated_count
        )


def test_departments_of_the_clause_stand_in_the_citation(knowledge: Knowledge) -> None:
    draft = Draft(knowledge)
    draft.quote(statement(knowledge, "落实贴息资金"))
    assert finish(draft).citations[0].department == "区财政局"
