"""Models of sentence-transformers as ONNX. The only module that needs the extra [transformers]."""

import hashlib
import json
import logging
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentence_transformers import SentenceTransformer

from knowledge.encoder import Encoder
from knowledge.encoder_choice import ModelUnusable
from knowledge.weights.model_folder import (
    GRAPH_FILE,
    TOKENIZER_FILE,
    ModelCard,
    ModelFolder,
    file_digests,
    locked,
    place_model_folder,
)

AGREEMENT = 0.99  # least cosine between the exported model and the original
_LONGEST = 512  # tokens
_OPSET = 18
_SAMPLES = (
    "创业担保贷款怎么申请?",
    "毕业两年以内的高校毕业生、登记失业人员和返乡农民工,可以申请一次性创业补贴。",
    "各街道办事处负责建立创业服务站,为创业者提供政策咨询、项目推介和跟踪指导。" * 8,
    "2026年3月31日前,安排场地不少于5000平方米,补贴标准为每户8000元",
    "WeChat 小程序 and the API, Version 2.0",
)

_logger = logging.getLogger(__name__)


class _UnitEmbedding(torch.nn.Module):
    """A model as one function: token ids (1, tokens) -> embedding (1, dimension), length 1."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        features = {"input_ids": input_ids, "attention_mask": torch.ones_like(input_ids)}
        embedding = self.model(features)["sentence_embedding"]
        return torch.nn.functional.normalize(embedding, dim=-1)


def export_model(
    name: str, root: Path, query_prefix: str | None = None, passage_prefix: str | None = None
) -> ModelFolder:
    """Export a model name or folder into a model folder below `root`.

    In 8 bits where that keeps the embeddings (cosine >= 0.99 with the original on sample texts),
    else in float32. The prefixes are the model's own prompts unless given. Raises ModelUnusable.
    """
    model = _load(name)
    prompts = model.prompts
    card = ModelCard(
        name=name,
        fingerprint="",
        dimension=int(model.get_embedding_dimension() or 0),
        query_prefix=prompts.get("query", "") if query_prefix is None else query_prefix,
        passage_prefix=_passage_prompt(prompts) if passage_prefix is None else passage_prefix,
        max_tokens=min(model.max_seq_length or _LONGEST, _LONGEST),
        digests={},
    )
    with locked(root):
        return place_model_folder(root, lambda path: _write(model, card, path))


def _passage_prompt(prompts: dict[str, str]) -> str:
    return prompts.get("document") or prompts.get("passage") or ""


def _load(name: str) -> SentenceTransformer:
    try:
        model = SentenceTransformer(name, device="cpu")
    except Exception as error:  # whatever a third-party loader raises
        raise ModelUnusable(f"无法载入模型 {name}:{error}") from error
    if getattr(model.tokenizer, "backend_tokenizer", None) is None:
        raise ModelUnusable(f"模型 {name} 没有 tokenizer.json 形式的分词器,无法换用")
    return model.eval()


def _write(model: SentenceTransformer, card: ModelCard, path: Path) -> ModelCard:
    """Write graph and tokenizer; return the card with fingerprint and digests."""
    model.tokenizer.backend_tokenizer.save(str(path / TOKENIZER_FILE))
    _export(model, path / GRAPH_FILE)
    exact = _agreement(model, card, path)
    if exact < AGREEMENT:
        raise ModelUnusable(f"模型 {card.name} 导出后结果不一致(余弦 {exact:.3f}),无法换用")
    _shrink(path / GRAPH_FILE, lambda: _agreement(model, card, path))
    card = replace(card, digests=file_digests(path))
    about = json.dumps([card.digests, card.query_prefix, card.passage_prefix, card.max_tokens])
    return replace(card, fingerprint=hashlib.sha256(about.encode()).hexdigest()[:16])


def _export(model: SentenceTransformer, target: Path) -> None:
    tokens = torch.tensor([model.tokenizer(_SAMPLES[0])["input_ids"]])
    try:
        with warnings.catch_warnings():
            # The exporter that needs no further package announces its end; torch is pinned.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _UnitEmbedding(model),
                (tokens,),
                str(target),
                input_names=["input_ids"],
                output_names=["embedding"],
                dynamic_axes={"input_ids": {1: "tokens"}},
                opset_version=_OPSET,
                dynamo=False,
            )
    except Exception as error:  # whatever the exporter raises on a network it does not know
        raise ModelUnusable(f"模型无法导出为 ONNX:{error}") from error


def _shrink(graph: Path, agreement: Callable[[], float]) -> None:
    """Replace a float32 graph by one in 8 bits if the embeddings stay what they are."""
    exact = graph.rename(graph.with_suffix(".exact"))
    quantize_dynamic(exact, graph, per_channel=True, weight_type=QuantType.QInt8)
    found = agreement()
    if found < AGREEMENT:
        _logger.info("8 位量化后余弦仅 %.3f,保留单精度", found)
        exact.replace(graph)
    exact.unlink(missing_ok=True)


def _agreement(model: SentenceTransformer, card: ModelCard, path: Path) -> float:
    """Return the least cosine between what the folder and what the model makes of samples."""
    encoder = Encoder(ModelFolder(path, card))
    texts = list(_SAMPLES)
    ours = np.concatenate([encoder.encode_queries(texts), encoder.encode_passages(texts)])
    theirs = np.concatenate(
        [
            model.encode(texts, prompt=prefix, normalize_embeddings=True, show_progress_bar=False)
            for prefix in (card.query_prefix, card.passage_prefix)
        ]
    )
    return float(np.einsum("nd,nd->n", ours, theirs).min())
