"""Small corpora for the tests of retrieval, cut by the production splitter."""

from datetime import date

from knowledge.corpus import Corpus
from knowledge.document import Clause, DocumentStatus, PolicyDocument
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
        first = clause_id + 1
        for draft in split(text):
            clause_id += 1
            document.clauses.append(
                Clause(
                    id=clause_id,
                    document_id=number,
                    parent_id=None if draft.parent is None else first + draft.parent,
                    position=draft.position,
                    depth=draft.depth,
                    kind=draft.kind,
                    address=draft.address,
                    label=draft.label,
                    heading=draft.heading,
                    text=draft.text,
                    start=draft.start,
                    end=draft.end,
                )
            )
        documents.append(document)
    return Corpus(documents)
