"""From settings to a loaded installation: database, documents, encoder, index."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from api.policies.draft_preview import DraftPreviews, unseen
from api.policies.validity import today
from api.progress import counting
from api.recommending.offers import load_offers
from api.snapshot import Snapshot, Workings, document_state
from api.version import VERSION
from assistant.pipeline import answer_question
from assistant.related_policy import related_policies
from knowledge.answering import load_answering
from knowledge.corpus import Corpus, load_corpus
from knowledge.eligibility.rule_file import InvalidRule
from knowledge.eligibility.rulebook import LOCAL_FILE, Rulebook, load_rulebook
from knowledge.encoder import Encoder, load_encoder
from knowledge.knowledge_base import Knowledge, build_knowledge
from knowledge.meaning import StatementVectors
from knowledge.office import load_offices
from knowledge.own_terms import NO_TERMS, BadTerms, OwnTerms, load_terms, terms_state
from knowledge.pack import load_pack
from knowledge.retriever import Retriever, build_retriever
from knowledge.sentence_encoder import load_sentence_encoder
from matching.mentors.pack import load_mentors
from matching.projects.pack import load_projects
from storage.database import Database
from storage.migrations import migrate

log = logging.getLogger("qichuang")

Counting = Callable[[str], AbstractContextManager[Callable[[int], None]]]


def open_database(url: str) -> Database:
    """Open the database and bring its tables up to date. Raises DatabaseUnavailable."""
    database = Database(url)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def bring_in_pack(database: Database) -> int:
    """Load the shipped documents that are new or changed; return how many."""
    with counting("正在载入随附的政策文件") as step, database.writing() as db:
        return load_pack(db, datetime.now(UTC), lambda _done, _total: step(1))


def bring_in_projects(database: Database) -> int:
    """Load the shipped projects that are new or changed; return how many."""
    with counting("正在载入随附的创业项目") as step, database.writing() as db:
        return load_projects(db, datetime.now(UTC), today(), lambda _done, _total: step(1))


def read_rulebook(data_dir: Path) -> Rulebook:
    """Read the eligibility rules with the district's own figures.

    Without them, and said in the log, where their file cannot be used: an answer then says
    that the local figure is not entered, which is true and does no harm.
    """
    try:
        return load_rulebook(local=data_dir / LOCAL_FILE)
    except InvalidRule as error:
        log.error("local parameters not used: %s", error)  # noqa: TRY400
        return load_rulebook()


def bring_in_mentors(database: Database) -> int:
    """Add the shipped sample mentors that are new; return how many."""
    with database.writing() as db:
        return load_mentors(db, datetime.now(UTC), today())


def read_own_terms(data_dir: Path) -> OwnTerms:
    """Read the installation's own words; without them, and said in the log, where they are bad."""
    try:
        return load_terms(data_dir)
    except BadTerms as error:
        log.error("own terms not used: %s", error)  # noqa: TRY400
        return NO_TERMS


def files_state(data_dir: Path) -> str:
    """Return a digest of the files of the data folder that answers rest on."""
    try:
        local = sha256((data_dir / LOCAL_FILE).read_bytes()).hexdigest()[:12]
    except OSError:
        local = ""
    return f"{terms_state(data_dir)} {local}"


def snapshot_builder(
    encoder: Encoder, data_dir: Path, counting: Counting = counting
) -> Callable[[Database], Snapshot]:
    """Return what builds a snapshot from the database; its index is kept in the data folder."""

    # The last documents, kept while they hold.
    read: list[tuple[str, Knowledge, Retriever]] = []
    previews = DraftPreviews(data_dir)
    answering, sentences = load_answering(encoder), load_sentence_encoder(encoder)

    def understand(
        corpus: Corpus, folder: Path, database: Database | None, counting: Counting
    ) -> tuple[Knowledge, Retriever]:
        with counting("正在为条款建立索引") as step:
            retriever = build_retriever(corpus, encoder, folder, step, database)
        with counting("正在理解条款的每一句") as step:
            vectors = StatementVectors(sentences, folder)
            own = read_own_terms(data_dir)
            knowledge = build_knowledge(corpus, retriever.search, vectors, step, own_terms=own)
        return knowledge, retriever

    def knowledge_of(database: Database) -> tuple[Knowledge, Retriever]:
        state = f"{document_state(database)} {terms_state(data_dir)}"
        if not read or read[0][0] != state:
            with database.reading() as db:
                corpus = load_corpus(db)
            read[:] = [(state, *understand(corpus, data_dir, database, counting))]
        return read[0][1:]

    def with_draft(database: Database, document_id: int) -> Snapshot:
        def understand_draft(corpus: Corpus, folder: Path) -> Snapshot:
            return complete(database, *understand(corpus, folder, None, unseen))

        state = f"{document_state(database)} {files_state(data_dir)}"
        return previews.of(database, document_id, state, understand_draft)

    def build(database: Database) -> Snapshot:
        return complete(database, *knowledge_of(database))

    def complete(database: Database, knowledge: Knowledge, retriever: Retriever) -> Snapshot:
        with database.reading() as db:
            offices = load_offices(db)
        knowledge = replace(
            knowledge, rulebook=read_rulebook(data_dir), offices=offices, answering=answering
        )
        with counting("正在理解项目库") as step:
            offers = load_offers(database, encoder, data_dir, step)
        return Snapshot(
            corpus=knowledge.corpus,
            register=knowledge.register,
            search=retriever.search,
            answer=partial(answer_question, knowledge=knowledge, offers=offers),
            versions={
                "app": VERSION,
                "corpus": knowledge.corpus.version,
                "encoder": encoder.fingerprint,
                "trained": encoder.trained,
                "rules": knowledge.rulebook.digest,
                "terms": terms_state(data_dir),
                "offices": offices.digest,
                "projects": offers.table.version,
                "weights": offers.weights.version,
            },
            offers=offers,
            policies_of=partial(related_policies, knowledge=knowledge),
            workings=Workings(
                knowledge=knowledge,
                search_any_time=retriever.search_any_time,
                encode=sentences.encode_queries,
                encoder=sentences.fingerprint,
                with_draft=with_draft,
            ),
        )

    return build


def open_snapshot(database: Database, data_dir: Path) -> Snapshot:
    """Load everything an answer needs, once: for the commands that answer and end."""
    return snapshot_builder(load_encoder(data_dir), data_dir)(database)
