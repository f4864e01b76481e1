"""What the network thought of each sentence, and which limit decided, in words for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp

from assistant.evidence import Evidence
from assistant.judging import (
    CERTAIN,
    CLOSE,
    DOUBTFUL,
    HARDLY,
    LIKELY,
    NOTHING,
    SCOPE,
    SURELY,
    Fate,
    Judged,
)
from knowledge.corpus import Corpus

# Read by administrators beside the odds; what decides stands in assistant/judging.py.
LIMITS = (
    (SURELY, "规则选中的句子达到它，就直接采用，不再看别的句子。"),
    (NOTHING, "总把握低于它，读过的句子都不作为答复。"),
    (DOUBTFUL, "总把握低于它，采用，但向群众说明只是最接近的规定。"),
    (LIKELY, "规则没有选中时，句子达到它才能作答；放在旁边的句子也要达到它。"),
    (HARDLY, "规则选中的一句低于它，让位给更像的一句。"),
    (SCOPE, "问题里没有一个政策用词时，总把握达到它才作答。"),
    (CERTAIN, "句子里没有问到的那类内容（例如金额、日期）时，达到它才作答。"),
)
_FATES = {
    Fate.SAID: "作为答复",
    Fate.BESIDE: f"和最高的相差不超过 {CLOSE:g}，放在旁边",
    Fate.BEHIND: f"比最高的低 {CLOSE:g} 以上，不用",
    Fate.UNLIKELY: "不像是答案，不用",
    Fate.UNFIT: "够高，但说的是另一件事，或没有问到的那类内容，不用",
    Fate.OUT_OF_SCOPE: "够高，但问题里没有政策用词，不用",
}
OF_SEVERAL = "这个问题要由几句话一起回答，网络一次只读一句，所以由规则决定。"


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """One sentence with its odds and what became of it."""

    text: str
    document: str
    address: str
    clause_id: int
    odds: str  # +0.83
    percent: int  # the same as a probability
    chosen: bool  # by rules
    fate: str


@dataclass(frozen=True, slots=True)
class JudgedView:
    """One question, what was decided, and the sentences read, the likeliest first."""

    question: str
    decided: str
    lines: tuple[JudgedLine, ...]


def judged_views(judgements: Iterable[Judged], corpus: Corpus) -> tuple[JudgedView, ...]:
    """Prepare the judgements of one answer for the page; a message may ask several things."""
    return tuple(
        JudgedView(
            judged.question,
            _decided(judged),
            tuple(_line(item, odds, judged, corpus) for item, odds in judged.odds),
        )
        for judged in judgements
    )


def _decided(judged: Judged) -> str:
    if not judged.odds:
        return OF_SEVERAL
    sure = _signed(judged.sure)
    if judged.verdict is None:
        return "规则没有选中句子，网络也没有找到能用的，按查不到处理。"
    if not judged.verdict.answering:
        refused = "规则选中的一句也被否定，" if judged.chosen else ""
        return f"总把握 {sure} 低于 {_signed(NOTHING)}：{refused}都不作为答复。"
    if judged.verdict.in_doubt:
        return f"总把握 {sure} 低于 {_signed(DOUBTFUL)}：采用，但说明只是最接近的规定。"
    if judged.chosen is None:
        return "规则没有选中句子，由网络找到，采用。"
    kept = judged.chosen in judged.verdict.answering
    return "采用。" if kept else "规则选中的一句被否定，改用网络找到的。"


def _line(item: Evidence, odds: float, judged: Judged, corpus: Corpus) -> JudgedLine:
    fate = judged.fate(item)
    return JudgedLine(
        text=item.statement.text,
        document=corpus.document_of(item.clause).title,
        address=item.clause.address,
        clause_id=item.clause.id,
        odds=_signed(odds),
        percent=round(100 / (1 + exp(-odds))),
        chosen=item == judged.chosen,
        fate=_FATES[fate],
    )


def _signed(odds: float) -> str:
    return f"{odds:+.2f}".replace("-", "\u2212")


def limits() -> list[tuple[str, str]]:
    """Return every limit with what it decides."""
    return [(_signed(value), meaning) for value, meaning in LIMITS]
