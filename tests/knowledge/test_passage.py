from hypothesis import given
from hypothesis import strategies as st

from knowledge.passage import MAX_PIECES, SHORT, TARGET, cut_passages, cut_text
from tests.knowledge.corpora import make_corpus

LONG = "各部门应当按照职责分工做好创业服务工作,并于每季度末报送进展情况。" * 30


@given(st.text(alphabet="甲乙。\n;a ", max_size=400), st.integers(1, 50))
def test_pieces_join_to_the_text_and_keep_to_the_target(text: str, target: int) -> None:
    pieces = cut_text(text, target)
    assert "".join(text[start:end] for start, end in pieces) == text
    assert all(0 < end - start <= target for start, end in pieces)


def test_a_long_clause_is_cut_at_sentence_ends_with_its_offsets() -> None:
    corpus = make_corpus(("办法", f"一、职责\n{LONG}"))
    text = corpus.documents[1].text
    passages = [p for p in cut_passages(corpus) if not p.block and "职责分工" in p.text]
    assert len(passages) > 2
    for passage in passages:
        assert text[passage.start : passage.end].strip() == passage.text
        assert passage.text.endswith("。")
        assert len(passage.text) <= TARGET


def test_passages_stand_under_title_and_headings() -> None:
    corpus = make_corpus(("贷款办法", f"一、贷款对象\n(一)登记失业人员\n{LONG}"))
    paths = {p.heading_path for p in cut_passages(corpus) if "职责分工" in p.text}
    assert paths == {"贷款办法 贷款对象 登记失业人员"}


def test_neighbours_share_a_block_and_bare_headings_stand_in_paths_only() -> None:
    lines = "\n".join(f"({number})第{number}类人员可以申请创业担保贷款。" for number in "一二三")
    corpus = make_corpus(("办法", f"一、对象\n{lines}"))
    passages = cut_passages(corpus)
    blocks = [p for p in passages if p.block]
    assert len(blocks) == 1
    assert all(f"第{number}类" in blocks[0].text for number in "一二三")
    assert blocks[0].block == tuple(sorted({p.clause_id for p in passages if not p.block}))
    assert "一、对象" not in [p.text for p in passages]


def test_short_clauses_of_a_block_share_its_vector() -> None:
    corpus = make_corpus(("事项", "承诺时限:1个工作日\n办理地点:政务大厅\n" + "说" * 60))
    pieces = {p.text: p for p in cut_passages(corpus) if not p.block}
    assert not pieces["承诺时限:1个工作日"].encoded
    assert pieces["说" * 60].encoded
    assert len("承诺时限:1个工作日") < SHORT


def test_table_rows_keep_their_header() -> None:
    table = "| 部门 | 职责 |\n| --- | --- |\n| 区财政局 | 审核拨付补贴资金 |\n| 区民政局 | 组建创业者协会 |"
    corpus = make_corpus(("分工表", table))
    rows = [p.text for p in cut_passages(corpus) if not p.block and "区财政局" in p.text]
    assert rows
    assert all(text.startswith("| 部门 | 职责 |") for text in rows)


def test_texts_without_a_letter_give_no_passage() -> None:
    assert cut_passages(make_corpus(("空", "---\n***\n。。。"))) == []


def test_ids_are_unique_ascending_and_the_same_each_time() -> None:
    corpus = make_corpus(("甲", f"一、职责\n{LONG}\n二、对象\n失业人员。"), ("乙", "好。\n坏。"))
    passages = cut_passages(corpus)
    ids = [passage.id for passage in passages]
    assert ids == sorted(set(ids))
    assert all(passage.id // MAX_PIECES == passage.clause_id for passage in passages)
    assert cut_passages(corpus) == passages
