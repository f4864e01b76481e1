"""LlamaIndex: vector index and BM25 retriever, fused by its QueryFusionRetriever.

Its BM25 finds nothing in Chinese by default, so it gets our words joined by blanks, and what
scores nothing is dropped, which would otherwise earn a rank.
"""

from typing import Any

from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.retrievers.bm25 import BM25Retriever

from evaluation.compare.pieces import DEPTH, Find, Pieces
from knowledge.indexing import TextEncoder
from knowledge.tokenizer import words


class _Embedding(BaseEmbedding):  # type: ignore[misc]
    """Our encoder behind LlamaIndex's interface."""

    encoder: Any

    def _get_query_embedding(self, query: str) -> list[float]:
        return [float(x) for x in self.encoder.encode_queries([query])[0]]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(x) for x in self.encoder.encode_passages([text])[0]]


class _WordRetriever(BaseRetriever):  # type: ignore[misc]
    """Its BM25 over texts cut into our words, returning the nodes as they were."""

    def __init__(self, nodes: list[TextNode]) -> None:
        super().__init__()
        self._nodes = nodes
        self._inner = BM25Retriever.from_defaults(
            nodes=[TextNode(id_=node.node_id, text=_spaced(node.text)) for node in nodes],
            similarity_top_k=min(DEPTH, len(nodes)),
            token_pattern=r"\S+",
            skip_stemming=True,
        )

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._inner.retrieve(_spaced(query_bundle.query_str))
        return [
            NodeWithScore(node=self._nodes[int(one.node.node_id)], score=one.score)
            for one in found
            if one.score
        ]


def _spaced(text: str) -> str:
    return " ".join(words(text))


def reciprocal_rank(pieces: Pieces, encoder: TextEncoder) -> Find:
    """Fuse by reciprocal rank, its usual recommendation."""
    return _fused(pieces, encoder, "reciprocal_rerank")


def relative_score(pieces: Pieces, encoder: TextEncoder) -> Find:
    """Fuse by scores brought to one range."""
    return _fused(pieces, encoder, "relative_score")


def _fused(pieces: Pieces, encoder: TextEncoder, mode: str) -> Find:
    nodes = [
        TextNode(id_=str(row), text=text, embedding=[float(x) for x in pieces.vectors[row]])
        for row, text in enumerate(pieces.texts)
    ]
    index = VectorStoreIndex(nodes, embed_model=_Embedding(encoder=encoder))
    retriever = QueryFusionRetriever(
        [index.as_retriever(similarity_top_k=DEPTH), _WordRetriever(nodes)],
        llm=MockLLM(),
        mode=mode,
        num_queries=1,  # no language model rewrites the question
        similarity_top_k=DEPTH,
        use_async=False,
    )

    def find(question: str) -> list[int]:
        return [int(found.node.node_id) for found in retriever.retrieve(question)]

    return find
