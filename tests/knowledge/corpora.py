"""Small corpora for the tests of retrieval, cut by the production splitter."""

from datetime import date

from knowledge.corpus import Corpus
from knowledge.document import DocumentStatus, PolicyDocument
from knowledge.splitter import split


def make_corpus(*texts: tuple[str, str], effective_on: dict[int, date] | None = None) -> Corpus:
    """Make a corpus of (title, text) documents with the ids 1, 2, ..."""
    documents = []
    clause_id = 0
    for number, (title, text) in enumerate(texts, start=1):
        document = PolicyDocument(
            id=number,
            series=str(number),
            version=1,
            title=title,
            text=text,
            digest=str(number),
            restated=False,
            status=DocumentStatus.PUBLISHED,
            effective_on=(effective_on or {}).get(number),
        )
        drafts = split(text)
        document.clauses += [draft.clause(number, clause_id + 1) for draft in drafts]
        clause_id += len(drafts)
        documents.append(document)
    return Corpus(documents)
