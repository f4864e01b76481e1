"""qichuang encoder: another language model for meaning, and back."""

from typing import Annotated

import typer

from api.console import load_settings
from api.progress import say
from knowledge.encoder_choice import reset_model, use_model

encoder_app = typer.Typer(help="换用语义模型。", no_args_is_help=True)


@encoder_app.command("use")
def use_encoder(
    name: Annotated[str, typer.Argument(help="模型文件夹，或 sentence-transformers 的模型名。")],
) -> None:
    """换用另一个模型，下次启动生效，索引会重新建立。"""
    say("正在检查并转换模型…")
    model = use_model(name, load_settings().data_dir)
    typer.echo(f"已换用 {model.card.name}（{model.card.dimension} 维），下次启动生效。")


@encoder_app.command("reset")
def reset_encoder() -> None:
    """恢复默认模型，下次启动生效。"""
    reset_model(load_settings().data_dir)
    typer.echo("已恢复默认模型，下次启动生效。")
