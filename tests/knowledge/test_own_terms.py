from pathlib import Path

import pytest

from knowledge.own_terms import (
    NO_TERMS,
    TERMS_FILE,
    BadTerms,
    OwnTerms,
    load_terms,
    parse_terms,
    save_terms,
    terms_state,
    with_own,
)

TERMS = OwnTerms(
    same=(("创业担保贷款", "小额贷"),), everyday=(("摆夜市", "个体经营"),), names=("雁来贷",)
)


def test_terms_are_read_as_they_were_saved(tmp_path: Path) -> None:
    assert load_terms(tmp_path) == NO_TERMS
    before = terms_state(tmp_path)
    save_terms(tmp_path, TERMS)
    assert load_terms(tmp_path) == TERMS
    assert terms_state(tmp_path) != before
    assert [path.name for path in tmp_path.iterdir()] == [TERMS_FILE]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("same: [[贷款", "第1行的格式有误"),
        ("- 贷款", "三部分"),
        ("wrong: []", "不认识的部分：wrong"),
        ("same: 贷款", "应是列表"),
        ("same: [[贷款]]", "至少要有两个不同的词"),
        ("same: [[贷款, '.*']]", "不能用的词"),
        ("everyday: [贷款]", "说法: 文件里的词"),
        ("everyday: {摆: 个体经营}", "至少两个字"),
        (f"names: [{'长' * 21}]", "1到20个字"),
    ],
)
def test_bad_terms_are_refused_with_what_to_change(text: str, said: str) -> None:
    with pytest.raises(BadTerms, match=said):
        parse_terms(text)


def test_a_damaged_file_is_told_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / TERMS_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadTerms, match="UTF-8"):
        load_terms(tmp_path)


def test_own_lines_join_the_shipped_ones() -> None:
    table = with_own({"贷款": ("贷款", "借钱")}, [["贷款", "雁来贷"]])
    assert set(table["雁来贷"]) == {"雁来贷", "贷款", "借钱"}
    assert set(table["贷款"]) == {"雁来贷", "贷款", "借钱"}
