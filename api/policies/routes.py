"""The policies as data: search, the list of documents, one clause."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from api.access import Permission, allow
from api.chat.routes import check_text
from api.deps import CurrentSnapshot
from api.input import Storable
from api.policies.validity import Validity, today, validity_in
from api.snapshot import Snapshot
from knowledge.corpus import Corpus
from knowledge.document import Clause, ClauseNotFound, DocumentNotFound, Level, PolicyDocument

router = APIRouter(prefix="/api/v1", tags=["政策文件"], dependencies=allow(Permission.PUBLIC))


class PassageOut(BaseModel):
    """One clause that a search found, with its scores."""

    rank: int
    clause_id: int
    document_id: int
    document: str
    doc_number: str | None
    address: str
    heading_path: str
    text: str
    score: float = Field(description="综合得分，只用于排序。")
    word_score: float = Field(description="按词的 BM25 得分。")
    bigram_score: float = Field(description="按双字的 BM25 得分。")
    cosine: float = Field(description="语义相似度，-1 到 1。")
    url: str


class SearchOut(BaseModel):
    """The ranking of a search, best first."""

    q: str
    as_of: date
    results: list[PassageOut]


class DocumentOut(BaseModel):
    """One document version with its validity today."""

    id: int
    title: str
    doc_number: str | None
    issuer: str | None
    level: Level | None
    published_on: date | None
    effective_on: date | None
    expires_on: date | None
    version: int
    validity: Validity
    validity_label: str
    restated: bool = Field(description="是否为本系统的要点重述，而非原文。")
    caveat: str | None
    clauses: int
    url: str


class DocumentsOut(BaseModel):
    """Every document that is loaded and confirmed."""

    documents: list[DocumentOut]


class ClauseOut(BaseModel):
    """One clause with its place in the document."""

    id: int
    address: str
    heading: str
    text: str
    parents: list[str] = Field(description="上级条款的地址，自上而下。")
    children: list[int]
    document: DocumentOut
    url: str


@router.get("/search", summary="查找条款")
def search(
    snapshot: CurrentSnapshot,
    q: Annotated[
        str,
        Storable,
        AfterValidator(check_text),
        Query(description="要查的内容，最多 500 字。", examples=["创业培训补贴"]),
    ],
    k: Annotated[int, Query(ge=1, le=50, description="最多返回几条。")] = 10,
    as_of: Annotated[date | None, Query(description="按哪一天的有效文件查；不填为今天。")] = None,
) -> SearchOut:
    """Return the clauses nearest to a question among those that hold on a day."""
    day = as_of or today()
    corpus = snapshot.corpus
    results = []
    for rank, hit in enumerate(snapshot.search(q, k, day), start=1):
        clause = corpus.clauses[hit.clause_id]
        document = corpus.document_of(clause)
        results.append(
            PassageOut(
                rank=rank,
                clause_id=clause.id,
                document_id=document.id,
                document=document.title,
                doc_number=document.doc_number,
                address=clause.address,
                heading_path=heading_path(corpus, clause),
                text=document.text[hit.start : hit.end],
                score=hit.score,
                word_score=hit.word_score,
                bigram_score=hit.bigram_score,
                cosine=hit.cosine,
                url=f"/clauses/{clause.id}?start={hit.start}&end={hit.end}",
            )
        )
    return SearchOut(q=q, as_of=day, results=results)


@router.get("/documents", summary="全部政策文件")
def list_documents(snapshot: CurrentSnapshot) -> DocumentsOut:
    """Return every document version that is not a draft, those in force first."""
    return DocumentsOut(
        documents=[_document(snapshot.corpus, d) for d in ordered_documents(snapshot)]
    )


@router.get("/clauses/{clause_id}", summary="一个条款")
def read_clause(clause_id: int, snapshot: CurrentSnapshot) -> ClauseOut:
    """Return one clause; old versions stay readable, so old citations still resolve."""
    corpus = snapshot.corpus
    clause = find_clause(corpus, clause_id)
    return ClauseOut(
        id=clause.id,
        address=clause.address,
        heading=clause.heading,
        text=clause.text,
        parents=[parent.address for parent in corpus.ancestors(clause)],
        children=[child.id for child in corpus.children(clause)],
        document=_document(corpus, corpus.document_of(clause)),
        url=f"/clauses/{clause.id}",
    )


def find_clause(corpus: Corpus, clause_id: int) -> Clause:
    """Return a clause of the snapshot, or raise ClauseNotFound."""
    if clause_id not in corpus.clauses:
        raise ClauseNotFound(clause_id)
    return corpus.clauses[clause_id]


def find_document(corpus: Corpus, document_id: int) -> PolicyDocument:
    """Return a document version of the snapshot, or raise DocumentNotFound."""
    if document_id not in corpus.documents:
        raise DocumentNotFound(document_id)
    return corpus.documents[document_id]


def ordered_documents(snapshot: Snapshot) -> list[PolicyDocument]:
    """Return all documents: in force before others, the district's before the nation's."""
    day = today()
    used = snapshot.corpus.valid_documents(day)
    levels = {level: order for order, level in enumerate(reversed(Level))}

    def order(document: PolicyDocument) -> tuple[bool, int, int]:
        # Within a level the documents that say most come first.
        in_force = document.id in used
        level = levels[document.level] if document.level else len(levels)
        return (not in_force, level, -len(document.clauses))

    return sorted(snapshot.corpus.documents.values(), key=order)


def heading_path(corpus: Corpus, clause: Clause) -> str:
    """Return the headings from the top down to the clause, joined with ›."""
    path = [*corpus.ancestors(clause), clause]
    return " › ".join(part.heading or part.address for part in path if part.address)


def _document(corpus: Corpus, document: PolicyDocument) -> DocumentOut:
    validity = validity_in(corpus, document, today())
    return DocumentOut(
        id=document.id,
        title=document.title,
        doc_number=document.doc_number,
        issuer=document.issuer,
        level=document.level,
        published_on=document.published_on,
        effective_on=document.effective_on,
        expires_on=document.expires_on,
        version=document.version,
        validity=validity.state,
        validity_label=validity.label,
        restated=document.restated,
        caveat=document.caveat,
        clauses=len(document.clauses),
        url=f"/documents/{document.id}",
    )
