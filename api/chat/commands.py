"""qichuang ask: one question on the command line."""

import json
from datetime import date, datetime
from typing import Annotated, Any

import typer

from api.chat.language_model import language_model
from api.chat.thread import REPHRASED_LABEL, SOURCE_LABEL
from api.console import load_settings
from api.policies.validity import today
from api.startup import bring_in_pack, open_database, open_snapshot
from assistant.answer import Answer, Question
from assistant.notes import with_notes
from assistant.rephraser import rephrase


def ask(
    question: Annotated[str, typer.Argument(help="用平常的话写的问题。")],
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="按哪一天的有效文件回答，默认今天。"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """问一个问题；只回答，不计入咨询记录。"""
    settings = load_settings()
    database = open_database(settings.database_url)
    bring_in_pack(database)
    snapshot = open_snapshot(database, settings.data_dir)
    database.close()
    asked = Question(question, as_of.date() if as_of else today())
    answer, model = snapshot.answer(asked), language_model(settings)
    if model is not None:
        answer = rephrase(asked, answer, model.complete)
    # The rules of an earlier day were asked for; what came after is said all the same.
    answer = with_notes(answer, snapshot.corpus, today())
    if as_json:
        typer.echo(json.dumps(_as_json(answer), ensure_ascii=False, indent=1))
    else:
        typer.echo(_as_text(answer))


def _as_json(answer: Answer) -> dict[str, Any]:
    def iso(day: date | None) -> str | None:
        return day.isoformat() if day else None

    return {
        "status": answer.status,
        "text": answer.full_text,
        "notes": list(answer.notes),
        "citations": [
            {
                "document": citation.document,
                "doc_number": citation.doc_number,
                "address": citation.address,
                "quote": citation.quote,
                "department": citation.department,
                "effective_on": iso(citation.effective_on),
                "expires_on": iso(citation.expires_on),
            }
            for citation in answer.citations
        ],
        "offices": [
            {
                "name": office.name,
                "unit": office.unit,
                "details": dict(office.details),
                "updated_on": iso(office.updated_on),
            }
            for office in answer.offices
        ],
        "suggestions": list(answer.suggestions),
    }


def _as_text(answer: Answer) -> str:
    sources = [
        f"[{number}] 《{citation.document}》{citation.address}：{citation.quote}"
        for number, citation in enumerate(answer.citations, start=1)
    ]
    label = REPHRASED_LABEL if answer.rephrased else SOURCE_LABEL
    return "\n".join(
        [answer.full_text, *(["", "依据：", *sources] if sources else []), f"（{label}）"]
    )
