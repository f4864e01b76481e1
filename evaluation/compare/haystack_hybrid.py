"""Haystack: in-memory BM25 and embedding retrievers, joined by its DocumentJoiner.

Its BM25 cuts Chinese into single characters by default; the second form gets our words,
joined by blanks, which its tokenizer is told to keep whole.
"""

from haystack import Document
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import (
    InMemoryBM25Retriever,
    InMemoryEmbeddingRetriever,
)
from haystack.document_stores.in_memory import InMemoryDocumentStore

from evaluation.compare.pieces import DEPTH, Find, Pieces
from knowledge.indexing import TextEncoder
from knowledge.tokenizer import words


def with_characters(pieces: Pieces, encoder: TextEncoder) -> Find:
    """Use its own tokenization of Chinese."""
    return _joined(pieces, encoder, InMemoryDocumentStore(), lambda text: text)


def with_words(pieces: Pieces, encoder: TextEncoder) -> Find:
    """Use our word segmentation."""
    store = InMemoryDocumentStore(bm25_tokenization_regex=r"\S+")
    return _joined(pieces, encoder, store, lambda text: " ".join(words(text)))


def _joined(pieces, encoder, store, cut) -> Find:  # type: ignore[no-untyped-def]
    store.write_documents(
        [
            Document(id=str(row), content=cut(text), embedding=[float(x) for x in vector])
            for row, (text, vector) in enumerate(zip(pieces.texts, pieces.vectors, strict=True))
        ]
    )
    lexical = InMemoryBM25Retriever(store, top_k=DEPTH)
    dense = InMemoryEmbeddingRetriever(store, top_k=DEPTH)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=DEPTH)

    def find(question: str) -> list[int]:
        vector = [float(x) for x in encoder.encode_queries([question])[0]]
        lists = [
            dense.run(query_embedding=vector)["documents"],
            lexical.run(query=cut(question) or question)["documents"],
        ]
        return [int(found.id) for found in joiner.run(documents=lists)["documents"]]

    return find
