"""The extra [transformers]: the converted folder as a standard model, and other models."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from knowledge import transformers_export
from knowledge.encoder import Encoder, load_encoder
from knowledge.encoder_choice import ModelUnusable, TransformersMissing, reset_model, use_model
from knowledge.weights.model_folder import GRAPH_FILE, ModelDamaged
from knowledge.weights.standard_folder import write_standard_folder

QUESTIONS = [
    "创业担保贷款怎么申请?",
    "刚毕业没钱,想开个奶茶店,政府有啥补助没有",
    "個體工商戶登記要帶什麼材料",
    "2026年第三季度指导人次要达到多少?",
    "how do I register a company 公司注册",
    "贷",
]
PASSAGES = [
    "区人力资源和社会保障局负责牵头组织实施,会同财政局、市场监管局等部门落实创业扶持政策。",
    "对符合条件的初创企业,给予一次性创业补贴8000元;吸纳就业的,每人再给予1000元,总额不超过3万元。",
    "第十二条 申请人应当自收到通知之日起15个工作日内,提交下列材料:(一)身份证明;(二)营业执照副本。",
    "街道 | 指标 | 完成时限\n建设路街道 | 50人次 | 12月底",
    "各部门要加强宣传,营造良好的创业氛围。" * 60,
]
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "创",
    "业",
    "贷",
    "款",
    "政",
    "策",
    "补",
    "贴",
    "怎",
    "么",
    "申",
    "请",
    "的",
    ",",
    "。",
]


def _cosines(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("nd,nd->n", ours, theirs))


@pytest.fixture(scope="module")
def one_thread() -> None:
    """Leave the other core to the tests that run beside these."""
    torch.set_num_threads(1)


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    """A folder with a small BERT of random weights and mean pooling, with a prompt."""
    torch.manual_seed(5)
    tokens = Tokenizer(
        models.WordLevel({token: i for i, token in enumerate(VOCABULARY)}, unk_token="[UNK]")
    )
    tokens.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokens.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    source, folder = tmp_path / "bert", tmp_path / "tiny"
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokens,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    ).save_pretrained(source)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(source)
    transformer = Transformer(str(source))
    model = SentenceTransformer(
        modules=[transformer, Pooling(32)], prompts={"query": "创业", "document": ""}, device="cpu"
    )
    model.save(str(folder))
    return folder


@pytest.mark.usefixtures("one_thread")
def test_sentence_transformers_loads_the_converted_folder_and_agrees(
    encoder: Encoder, tmp_path: Path
) -> None:
    write_standard_folder(tmp_path / "e5")
    model = SentenceTransformer(str(tmp_path / "e5"), device="cpu")
    queries = _cosines(encoder.encode_queries(QUESTIONS), model.encode_query(QUESTIONS))
    passages = _cosines(encoder.encode_passages(PASSAGES), model.encode_document(PASSAGES))
    assert queries.min() > 0.997
    assert passages.min() > 0.997
    with pytest.raises(FileExistsError, match="不是空的"):
        write_standard_folder(tmp_path / "e5")


@pytest.mark.usefixtures("one_thread")
def test_another_model_can_be_switched_to_and_back(
    encoder: Encoder, encoder_data_dir: Path, tiny_model: Path, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    (data_dir / "encoder").mkdir(parents=True)
    default = encoder_data_dir / "encoder" / encoder.fingerprint
    (data_dir / "encoder" / encoder.fingerprint).symlink_to(default)
    use_model(str(tiny_model), data_dir)
    other = load_encoder(data_dir)
    assert other.dimension == 32
    assert other.fingerprint != encoder.fingerprint
    original = SentenceTransformer(str(tiny_model), device="cpu")
    texts = ["贷款怎么申请", "创业补贴的政策,", "创业" * 500]
    theirs = original.encode_query(texts, normalize_embeddings=True)
    assert _cosines(other.encode_queries(texts), theirs).min() > 0.99

    use_model(str(tiny_model), data_dir, query_prefix="政策", passage_prefix="补贴")
    assert load_encoder(data_dir).fingerprint not in (other.fingerprint, encoder.fingerprint)

    reset_model(data_dir)
    assert load_encoder(data_dir).fingerprint == encoder.fingerprint


@pytest.mark.usefixtures("one_thread")
def test_a_model_that_changes_in_8_bits_stays_exact(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreements = iter([1.0, 0.9])  # exported, then in 8 bits
    monkeypatch.setattr(transformers_export, "_agreement", lambda *_: next(agreements))
    exact = use_model(str(tiny_model), tmp_path)
    monkeypatch.undo()
    smaller = use_model(str(tiny_model), tmp_path)
    assert exact.card.fingerprint != smaller.card.fingerprint
    sizes = [(folder.path / GRAPH_FILE).stat().st_size for folder in (exact, smaller)]
    assert sizes[0] != sizes[1]
    assert sorted(path.name for path in exact.path.iterdir()) == [
        "encoder.json",
        "model.onnx",
        "tokenizer.json",
    ]


@pytest.mark.usefixtures("one_thread")
def test_a_model_that_changes_in_the_export_is_refused(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformers_export, "_agreement", lambda *_: 0.5)
    with pytest.raises(ModelUnusable, match="不一致"):
        use_model(str(tiny_model), tmp_path / "data")
    assert [path.name for path in (tmp_path / "data" / "encoder").iterdir()] == [".lock"]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ModelUnusable, match="无法载入模型"):
        use_model(str(empty), tmp_path / "data")


def test_a_damaged_choice_says_what_to_do(tmp_path: Path) -> None:
    root = tmp_path / "encoder"
    root.mkdir()
    for text in ("", "[]", '{"fingerprint": "gone"}'):
        (root / "active.json").write_text(text)
        with pytest.raises(ModelDamaged, match="qichuang encoder reset"):
            load_encoder(tmp_path)


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "knowledge.transformers_export")
    with pytest.raises(TransformersMissing, match="pip install torch"):
        use_model("any", tmp_path)
