"""Programmes by a name that no policy holds: people ask for what they heard of elsewhere.

The nearest rule would be taken for the programme; so it is said first that none has the name.
"""

import re
from dataclasses import replace

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Intent, Sentence
from knowledge.knowledge_base import Knowledge
from knowledge.tokenizer import segments

MAX_NEARBY = 2
_POINTS = re.compile("[那这哪某]|之类|一般|普通")
# What a name may end with, and what is looked for in its place.
_KINDS = {
    "贷": "贷款",
    "计划": "创业扶持",
    "工程": "创业扶持",
    "行动": "创业扶持",
    "券": "补贴",
    "补贴": "补贴",
    "补助": "补贴",
    "基金": "资金扶持",
    "奖励": "奖励",
}


def unknown_name(text: str, knowledge: Knowledge) -> tuple[str, str] | None:
    """Return the name of a programme that no document holds, and the question without it."""
    match = patterns.PROGRAMME.search(text)
    if match is None:
        return None
    name = match["quoted"] or match["named"]
    if match["named"] and _POINTS.search(name):
        return None  # 企业那种创业贷: told by what it is, not by a name
    if any(name in document.text for document in knowledge.corpus.documents.values()):
        return None
    kind = next(kind for kind in _KINDS if name.endswith(kind))
    words = [word for word in segments(name.removesuffix(kind)) if len(word) > 1]
    if words and all(knowledge.lexicon.knows(word) for word in words):
        return None  # 贷款计划, 小额贷: words of the matter, and no name of its own
    return name, text.replace(match["whole"] or name, _KINDS[kind])


def no_such_name(name: str, nearest: Answer) -> Answer:
    """Say that no policy has a programme of that name, and what is stated nearest to it."""
    lead = Sentence(wording.NO_SUCH_NAME.format(name=name))
    stated = [replace(s, bullet=True) for s in nearest.sentences if s.citations][:MAX_NEARBY]
    near = (Sentence(wording.NEARBY), *stated) if stated else (Sentence(wording.SCOPE_HINT),)
    kept = sorted({place for s in stated for place in s.citations})
    moved = {place: new for new, place in enumerate(kept)}
    return Answer(
        AnswerStatus.NOT_IN_POLICY,
        Intent.POLICY,
        tuple(replace(s, citations=tuple(moved[p] for p in s.citations)) for s in (lead, *near)),
        tuple(nearest.citations[place] for place in kept),
    )
