import pytest

from knowledge.department import (
    department_called,
    find_department,
    load_departments,
    mentioned_departments,
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("区财政局负责什么", ["区财政局"]),
        ("财政局和教育局", ["区财政局", "区教育局"]),
        ("教育局和财政局", ["区教育局", "区财政局"]),
        ("人社局电话", ["区人力资源和社会保障局"]),
        ("纪委管不管", ["区监察局"]),
        ("今天天气", []),
        ("", []),
    ],
)
def test_departments_are_heard_in_their_order(text: str, names: list[str]) -> None:
    assert [department.name for department in mentioned_departments(text)] == names


def test_one_everyday_name_may_mean_two() -> None:
    assert len(mentioned_departments("税务局在哪里")) == 2


def test_the_longest_name_wins() -> None:
    found = [d.name for d in mentioned_departments("区政府办公室的职责")]
    assert found == ["区政府办"]


def test_a_document_may_write_a_name_with_or_without_its_district() -> None:
    assert find_department("财政局") == find_department("区财政局") is not None
    assert find_department("火箭局") is None
    assert find_department("") is None


@pytest.mark.parametrize("word", ["财政", "教育", "妇联"])
def test_a_bare_word_may_mean_a_department(word: str) -> None:
    department = department_called(word)
    assert department is not None
    assert word in department.name


def test_other_words_mean_no_department() -> None:
    assert department_called("火箭") is None


def test_every_name_and_alias_leads_to_its_department() -> None:
    for department in load_departments():
        assert find_department(department.name) == department
        for name in (department.name, *department.aliases):
            assert department in mentioned_departments(f"请问{name}在哪"), name


def test_names_are_unique_and_renamed_means_another_name() -> None:
    departments = load_departments()
    assert len({d.name for d in departments}) == len(departments)
    by_name = {d.name: d for d in departments}
    assert not by_name["区财政局"].renamed
    assert by_name["工商分局"].renamed
    assert "市场监督管理局" in (by_name["工商分局"].today or "")
