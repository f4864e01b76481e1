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
from knowledge.document import DocumentStatus, PolicyDocument
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
    by = corpus.documents.get(document.replaced_by_id or 0)
    if by is None:
        now = "" if ended else "不再适用"
    elif document.status is DocumentStatus.REVOKED:
        now = f"由《{by.title}》废止"
    else:
        now = "由新的版本代替" if by.title == document.title else f"由《{by.title}》代替"
    if not ended:
        on = document.replaced_on
        return f"自{on.year}年{on.month}月{on.day}日起{now}" if on else now
    follower = corpus.follower(document, today)
    if follower is not None and by is not None and follower.title not in {by.title, document.title}:
        now += f"，现在的规定见《{follower.title}》"
    return f"已经失效，{'后来' if now else '不能作为现在办理的依据'}{now}"


def _advice(document: PolicyDocument) -> str:
    """Return the part of a caveat that tells what to mind, "" where the label says it already."""
    own = [p for p in _parts(document) if AMENDED not in p and not _SAID_BELOW.search(p)]
    return next((part for part in own if _ADVICE.search(part)), own[0] if own else "")


def _parts(document: PolicyDocument) -> list[str]:
    return [part.strip() for part in _PARTS.split(document.caveat or "") if part.strip()]
