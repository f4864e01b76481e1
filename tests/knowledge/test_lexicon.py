import pytest

from knowledge.lexicon import Lexicon, groups_in, load_synonyms, people_groups
from knowledge.tokenizer import topic_share, words

TEXTS = ["创业培训补贴", "创业贷款贴息", "创业场地补贴", "残疾人创业"]
SYNONYMS = {"贷款": ("贷款", "借钱"), "借钱": ("贷款", "借钱")}


@pytest.fixture
def lexicon() -> Lexicon:
    return Lexicon(TEXTS, ["乡创贷"], words, SYNONYMS, topic_share)


def test_rare_words_weigh_more_than_common_ones(lexicon: Lexicon) -> None:
    assert lexicon.weight("场地") > lexicon.weight("补贴") > lexicon.weight("创业") > 0


def test_a_word_weighs_as_the_one_it_stands_for(lexicon: Lexicon) -> None:
    assert lexicon.knows("借钱")
    assert not lexicon.knows("火箭")
    assert lexicon.weight("借钱") < lexicon.weight("火箭")


def test_a_name_given_by_a_document_is_known(lexicon: Lexicon) -> None:
    assert lexicon.knows("乡创贷")
    assert lexicon.weight("乡创贷") > lexicon.weight("创业")


def test_a_stray_character_weighs_little(lexicon: Lexicon) -> None:
    assert lexicon.weight("嬲") < lexicon.weight("火箭") / 2


@pytest.mark.parametrize(
    ("word", "text", "least", "most"),
    [
        ("贷款", "创业贷款贴息", 1.0, 1.0),
        ("借钱", "创业贷款贴息", 0.5, 0.99),
        ("创业贷款", "创业担保贷款", 0.3, 0.8),
        ("贷款", "创业培训", 0.0, 0.0),
        ("补", "补贴", 1.0, 1.0),
    ],
)
def test_a_text_holds_a_word_itself_by_synonym_or_in_pieces(
    lexicon: Lexicon, word: str, text: str, least: float, most: float
) -> None:
    assert least <= lexicon.found(word, text) <= most


def test_coverage_is_the_share_of_weight(lexicon: Lexicon) -> None:
    assert lexicon.coverage(["场地", "补贴"], "场地补贴") == 1.0
    half = lexicon.coverage(["场地", "补贴"], "场地")
    assert half == pytest.approx(
        lexicon.weight("场地") / (lexicon.weight("场地") + lexicon.weight("补贴"))
    )
    assert lexicon.coverage([], "场地") == 0.0
    assert lexicon.coverage(["火箭"], "场地") == 0.0


def test_an_empty_corpus_knows_nothing() -> None:
    empty = Lexicon([], [], words, {}, topic_share)
    assert not empty.knows("创业")
    assert empty.weight("创业") >= 0


def test_shipped_synonyms_are_texts_and_mutual() -> None:
    table = load_synonyms()
    for word, alternatives in table.items():
        assert isinstance(word, str)
        assert word in alternatives
        assert all(word in table[other] for other in alternatives if other in table)


@pytest.mark.parametrize(
    ("text", "official"),
    [
        ("我是大学生", ["高校毕业生"]),
        ("下岗了想摆摊", ["失业人员"]),
        ("退伍军人和残疾人", ["复转军人", "残疾人"]),
        ("今天天气", []),
    ],
)
def test_groups_of_people_are_heard(text: str, official: list[str]) -> None:
    assert sorted(group[0] for group in groups_in(text)) == sorted(official)


def test_every_official_word_names_its_own_group() -> None:
    for group in people_groups():
        assert group in groups_in(f"我是{group[0]}")
