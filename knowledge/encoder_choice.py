"""Which encoder is active: the default one, or a model that somebody switched to."""

import importlib
import json
from pathlib import Path

from knowledge.weights.model_folder import ModelDamaged, ModelFolder, open_model_folder

_CHOICE_FILE = "active.json"
_EXPORT_MODULE = "knowledge.transformers_export"


class TransformersMissing(LookupError):
    """The packages that another model needs are not installed."""


class ModelUnusable(ValueError):
    """A model cannot be loaded, exported, or does not survive the export."""


def encoder_root(data_dir: Path) -> Path:
    """Return the folder that holds the converted encoders."""
    return data_dir / "encoder"


def chosen_model(root: Path) -> ModelFolder | None:
    """Return the model that was switched to, or None for the default. Raises ModelDamaged."""
    choice = root / _CHOICE_FILE
    if not choice.exists():
        return None
    try:
        return open_model_folder(root / str(json.loads(choice.read_text("utf-8"))["fingerprint"]))
    except (ModelDamaged, ValueError, KeyError, TypeError) as error:
        raise ModelDamaged(
            f"换上的语义模型无法使用：{error}。请重新运行 qichuang encoder use，"
            "或运行 qichuang encoder reset 恢复默认模型"
        ) from error


def choose_model(root: Path, model: ModelFolder) -> None:
    """Make a model below `root` the active encoder, from the next start on."""
    fresh = root / (_CHOICE_FILE + ".new")
    text = json.dumps({"fingerprint": model.card.fingerprint, "name": model.card.name})
    fresh.write_text(text + "\n", "utf-8")
    fresh.replace(root / _CHOICE_FILE)


def use_model(
    name: str,
    data_dir: Path,
    query_prefix: str | None = None,
    passage_prefix: str | None = None,
) -> ModelFolder:
    """Make any model that sentence-transformers loads the active encoder, from the next start on.

    `name` is a folder or a model name. The prefixes are the model's own prompts unless given.
    Indexes are built anew, as the fingerprint differs.
    Raises TransformersMissing, ModelUnusable.
    """
    try:
        # torch takes seconds and 400 MB, and is not installed by default.
        export = importlib.import_module(_EXPORT_MODULE)
    except ModuleNotFoundError as error:
        raise TransformersMissing(
            f"换用其他模型还需要 {error.name}，请运行 "
            "pip install torch==2.13.0 'qichuang[transformers]'"
        ) from error
    root = encoder_root(data_dir)
    model: ModelFolder = export.export_model(name, root, query_prefix, passage_prefix)
    choose_model(root, model)
    return model


def reset_model(data_dir: Path) -> None:
    """Make the default encoder the active one again, from the next start on."""
    (encoder_root(data_dir) / _CHOICE_FILE).unlink(missing_ok=True)
