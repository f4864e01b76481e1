"""What a reader has to know of the documents that an answer rests on: one short line each.

A sentence stands word for word in its document and still misleads where the document has ended,
was changed in part, is only a frame for local rules or another place's example. The lines say
what the administrators and the dates state of a document; they are no sentences of the answer.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from assistant.answer import Answer, AnswerStatus
from knowledge.corpus import Corpus
from knowledge.document import PolicyDocument
from knowledge.succession import AMENDED

MOST_NOTES = 3
MOST_TITLES = 2  # named in one line; of more only the number
_PARTS = re.compile(r"[。；;]")  # noqa: RUF001
_ADVICE = re.compile(r"为准|参考|核对|核实|不能|修[改订]")
_SAID_BELOW = re.compile(r"原文为准$")  # the label of every answer says so
_USED = frozenset({AnswerStatus.ANSWERED, AnswerStatus.PARTLY_ANSWERED})


def with_notes(answer: Answer, corpus: Corpus, today: date) -> Answer:
    """Return an answer with what has to be said of the documents it cites.

    First what has ended, then what was changed in part, then what else is to be minded.
    """
    documents = _cited(answer, corpus)
    ends = {d.title: _end(d, corpus, today) for d in documents}
    others = [d for d in documents if ends[d.title] is None]
    lines = _said((title, end) for title, end in ends.items() if end is not None)
    lines += _said((d.title, part) for d in others for part in _parts(d) if AMENDED in part)
    if answer.status in _USED:
        lines += _said(((d.title, _advice(d)) for d in others), "：")
    return replace(answer, notes=tuple(dict.fromkeys(lines))[:MOST_NOTES])


def _said(pairs: Iterable[tuple[str, str]], mark: str = "") -> list[str]:
    """Say of each document what is to be said, once for all of which the same is said."""
    titles: dict[str, list[str]] = {}
    for title, said in pairs:
        if said:
            titles.setdefault(said, []).append(title)
    lines = []
    for said, named in titles.items():
        shown = "".join(f"《{title}》" for title in named[:MOST_TITLES])
        more = f"等{len(named)}份文件" if len(named) > MOST_TITLES else ""
        lines.append(f"{shown}{more}{mark}{said}。")
    return lines


def _cited(answer: Answer, corpus: Corpus) -> list[PolicyDocument]:
    ids = dict.fromkeys(citation.document_id for citation in answer.citations)
    return [corpus.documents[i] for i in ids]


def _end(document: PolicyDocument, corpus: Corpus, today: date) -> str | None:
    """Say that a document no longer holds or soon will not, and what takes its place; or None."""
    ended = document.ended_before(today)
    if not ended and document.replaced_on is None:
        return None
    later = (d for d in corpus.documents.values() if d.supersedes_id == document.id)
    by = next((_by(d, document) for d in later), "")
    if ended:
        return f"已经失效，后来{by}" if by else "已经失效，不能作为现在办理的依据"
    on = document.replaced_on
    since = f"自{on.year}年{on.month}月{on.day}日起" if on else ""
    return f"{since}{by or '不再适用'}"


def _by(later: PolicyDocument, document: PolicyDocument) -> str:
    same = later.title == document.title
    return "由新的版本代替" if same else f"由《{later.title}》代替"


def _advice(document: PolicyDocument) -> str:
    """Return the part of a caveat that tells what to mind, "" where the label says it already."""
    own = [p for p in _parts(document) if AMENDED not in p and not _SAID_BELOW.search(p)]
    return next((part for part in own if _ADVICE.search(part)), own[0] if own else "")


def _parts(document: PolicyDocument) -> list[str]:
    return [part.strip() for part in _PARTS.split(document.caveat or "") if part.strip()]
