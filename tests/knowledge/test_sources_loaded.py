"""The shipped pack as it stands in the database after loading."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from knowledge.corpus import Corpus, load_corpus
from knowledge.front_matter import split_front_matter
from knowledge.pack import SOURCES, load_pack
from knowledge.register import build_register
from storage.database import Database

NOW = datetime(2026, 11, 22, tzinfo=UTC)
STATED = (
    "title", "doc_number", "issuer", "level", "published_on", "effective_on", "expires_on",
    "replaced_on", "as_of", "caveat", "restated", "status",
)  # fmt: skip


@pytest.fixture
def corpus(sqlite_database: Database) -> Corpus:
    with sqlite_database.writing() as db:
        load_pack(db, NOW)
    with sqlite_database.reading() as db:
        return load_corpus(db)


def test_every_source_is_loaded_with_the_facts_it_states(corpus: Corpus) -> None:
    loaded = {document.series: document for document in corpus.documents.values()}
    for path in SOURCES.glob("*.md"):
        stated, _ = split_front_matter(path.read_text(encoding="utf-8"))
        assert stated is not None
        assert stated.series is not None
        document = loaded.pop(stated.series)
        for name in STATED:
            assert getattr(document, name) == getattr(stated, name), f"{path.name}: {name}"
        assert (document.supersedes_id is not None) == bool(stated.supersedes), path.name
    assert loaded == {}


def test_every_department_of_the_plan_has_its_duties_in_the_register(corpus: Corpus) -> None:
    addresses = Path(__file__).with_name("plan_addresses.txt").read_text(encoding="utf-8").split()
    register = build_register(corpus)
    plan = next(d for d in corpus.documents.values() if d.series == "city-plan")
    for address in (a for a in addresses if a.startswith("三(一)2¶")):
        clause = corpus.at_address(plan.id, address)
        assert clause is not None
        assert register.departments(clause.id), address


@pytest.mark.parametrize(
    ("day", "said", "not_said"),
    [
        (date(2012, 6, 1), "最高额度由2万元提高到5万元", "30万元"),
        (date(2012, 6, 1), "每户每年8000元", "每户每年20000元"),
        (date(2026, 11, 22), "国家最高额度是30万元", "提高到5万元"),
        (date(2026, 11, 22), "每户每年20000元", "每户每年8000元"),
    ],
)
def test_each_time_has_its_own_figures(corpus: Corpus, day: date, said: str, not_said: str) -> None:
    valid = "".join(corpus.documents[i].text for i in sorted(corpus.valid_documents(day)))
    assert said in valid
    assert not_said not in valid
