from pathlib import Path

import pytest

from knowledge.knowledge_base import Knowledge
from knowledge.statement import Statement
from tests.fixtures.policies import SOURCES, TODAY, Source, knowledge_of


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    return knowledge_of(tmp_path_factory.mktemp("vectors"), *SOURCES)


def statement(knowledge: Knowledge, text: str) -> Statement:
    return next(s for s in knowledge.register.statements if text in s.text)


def test_a_heading_path_goes_from_the_title_down(knowledge: Knowledge) -> None:
    clause = knowledge.corpus.at_address(1, "四(二)1")
    assert clause is not None
    path = knowledge.heading_path(clause)
    assert path.splitlines() == ["青河区创业促进工作方案", "扶持措施", "申请材料", "身份证复印件"]


def test_a_clause_without_a_heading_is_headed_by_its_text(knowledge: Knowledge) -> None:
    clause = knowledge.corpus.at_address(1, "四(四)表1行1")
    assert clause is not None
    path = knowledge.heading_path(clause)
    assert "带动就业" in path  # the header of the table
    assert "6000元" in path


def test_what_a_colon_introduces_is_found_below(knowledge: Knowledge) -> None:
    intro = statement(knowledge, "应当提交下列材料")
    assert [s.text for s in knowledge.items_below(intro)] == ["身份证复印件;", "房屋租赁合同。"]


def test_other_statements_introduce_nothing(knowledge: Knowledge) -> None:
    assert knowledge.items_below(statement(knowledge, "600人")) == []


def test_words_weigh_by_the_statements_of_the_corpus(knowledge: Knowledge) -> None:
    assert knowledge.lexicon.knows("培训")
    assert not knowledge.lexicon.knows("火箭")


def test_the_search_is_the_one_it_was_given(knowledge: Knowledge) -> None:
    found = list(knowledge.search("创业培训", 3, TODAY))
    assert 0 < len(found) <= 3
    assert found[0].clause_id in knowledge.corpus.clauses


@pytest.mark.parametrize("sources", [(), (Source("只有标题\n"),)])
def test_knowledge_of_next_to_nothing_is_knowledge(
    tmp_path: Path, sources: tuple[Source, ...]
) -> None:
    built = knowledge_of(tmp_path, *sources)
    assert len(list(built.search("创业培训", 3, TODAY))) <= len(sources)
    assert built.register.statements == ()
    assert built.register.duties == ()


def test_the_same_texts_give_the_same_knowledge(knowledge: Knowledge, tmp_path: Path) -> None:
    again = knowledge_of(tmp_path, *SOURCES)
    assert again.register.statements == knowledge.register.statements
    assert again.names == knowledge.names
    hits = [(h.clause_id, h.score) for h in again.search("贷款额度", 10, TODAY)]
    assert hits == [(h.clause_id, h.score) for h in knowledge.search("贷款额度", 10, TODAY)]
