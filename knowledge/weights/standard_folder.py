"""The default encoder as a standard sentence-transformers folder, for training and comparison.

Serving does not need it and it takes 300 MB, so it is written when somebody asks for it. Written
without torch.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from knowledge.weights.conversion import NAME, PASSAGE_PREFIX, QUERY_PREFIX
from knowledge.weights.packaged import FloatArray, PackagedWeights, packaged_file
from knowledge.weights.vocabulary import (
    BEGIN,
    END,
    MASK,
    MAX_TOKENS,
    PAD,
    UNKNOWN,
    Vocabulary,
    build_tokenizer,
    pruned_vocabulary,
    whole_vocabulary,
)

_MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def write_standard_folder(folder: Path, whole: bool = False) -> None:
    """Write the default encoder so that sentence-transformers loads it from `folder`.

    It has the vocabulary that serving has; with `whole`, all 250,002 pieces.
    Raises WeightsNotFound, WeightsUnreadable, and FileExistsError if the folder is not empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"文件夹 {folder} 不是空的,请换一个")
    weights = PackagedWeights(packaged_file().read_bytes())
    vocabulary = whole_vocabulary(weights) if whole else pruned_vocabulary(weights)
    save_file(_state(weights, vocabulary), folder / "model.safetensors", {"format": "pt"})
    build_tokenizer(weights, vocabulary).save(str(folder / "tokenizer.json"), pretty=False)
    for name, content in _settings(weights, vocabulary).items():
        (folder / name).parent.mkdir(exist_ok=True)
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (folder / name).write_text(text + "\n", "utf-8")


def _state(weights: PackagedWeights, vocabulary: Vocabulary) -> dict[str, FloatArray]:
    """Return the tensors under the names of a BERT checkpoint."""
    hidden, wide = weights.shape.hidden, weights.shape.feed_forward
    embeddings = "embeddings."
    state = {
        embeddings + "word_embeddings.weight": (
            weights.matrix("emb.word", hidden).rows(vocabulary.rows).dense()
        ),
        embeddings + "position_embeddings.weight": weights.vector("emb.pos").reshape(-1, hidden),
        embeddings + "token_type_embeddings.weight": weights.vector("emb.type").reshape(-1, hidden),
        embeddings + "LayerNorm.weight": weights.vector("emb.ln.w"),
        embeddings + "LayerNorm.bias": weights.vector("emb.ln.b"),
    }
    for layer in range(weights.shape.layers):
        for short, name in (_MATRICES | _NORMS).items():
            source, target = f"l{layer}.{short}", f"encoder.layer.{layer}.{name}"
            columns = wide if short == "fo" else hidden
            state[target + ".weight"] = (
                weights.matrix(source + ".w", columns).dense()
                if short in _MATRICES
                else weights.vector(source + ".w")
            )
            state[target + ".bias"] = weights.vector(source + ".b")
    return {name: np.ascontiguousarray(tensor) for name, tensor in state.items()}


def _settings(weights: PackagedWeights, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the small files of the folder by name."""
    shape = weights.shape
    modules = "sentence_transformers.models."
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.token_types,
            "vocab_size": len(vocabulary.pieces),
            "layer_norm_eps": shape.epsilon,
            "pad_token_id": weights.pad,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": BEGIN,
            "cls_token": BEGIN,
            "eos_token": END,
            "sep_token": END,
            "unk_token": UNKNOWN,
            "pad_token": PAD,
            "mask_token": MASK,
            "model_max_length": MAX_TOKENS,
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": modules + "Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": modules + "Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": modules + "Normalize"},
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": QUERY_PREFIX, "document": PASSAGE_PREFIX},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
            "model_type": "SentenceTransformer",
            "name": NAME,
        },
    }
