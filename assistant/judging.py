"""Which sentence answers a question, as the trained network judges: see knowledge/answering.py.

Rules on words and kinds of content choose a sentence or none. The network, which has learned from
questions that a near sentence does and does not answer, takes back what hardly answers and
finds what the words do not reach. What both doubt is not answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from assistant.asked import Asked
from assistant.evidence import Evidence, is_note, nearest_of_all
from assistant.fit import in_scope, may_answer, off_topic_odds
from assistant.lookup import Lookup
from knowledge.answering import nearness_features, sentence_in_place
from knowledge.knowledge_base import Knowledge, introduces
from knowledge.statement import Statement

# Log odds; chosen on questions that were not learned from (docs/decisions/0023).
SURELY = 0.0  # what rules have chosen stands, and nothing else is looked at
NOTHING = -0.85  # how sure it has to be that anything answers: below, nothing does
DOUBTFUL = -0.3  # said, and said to be only the nearest that is stated
HARDLY = -1.5  # what rules have chosen gives way to what answers
LIKELY = -1.6  # it answers, though the rules found nothing
CERTAIN = 2.0  # it answers, though it does not hold the kind of content that words ask for
SCOPE = -0.2  # it answers, though the words name nothing of the policies
CLOSE = 1.0  # behind the likeliest: said beside it
# How sure it is that anything answers: made by `python -m evaluation.training.confidence`.
WEIGHTS = (1.15, 0.31, 0.40, 0.40, 0.22)  # of 1 and of `figures_of`
LEAST_ODDS = -4.0  # where there is no such sentence
NEAREST_JUDGED = 3
BEST_JUDGED = 2  # by words and kind of content, where these are not among the nearest


class Fate(StrEnum):
    """What became of a sentence that was judged."""

    SAID = "said"
    BESIDE = "beside"  # nearly as likely as the likeliest
    UNLIKELY = "unlikely"  # less likely than anything that is said
    BEHIND = "behind"  # too far behind the likeliest
    UNFIT = "unfit"  # likely, but speaks of something else or lacks what words ask for
    OUT_OF_SCOPE = "out_of_scope"  # likely, but the words name nothing that policies speak of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What answers, best first: sentences, or none where the policies do not say it."""

    answering: tuple[Evidence, ...]
    in_doubt: bool = False  # more likely than not none of them answers
    refused: tuple[Evidence, ...] = ()  # where nothing answers: what was read, likeliest first


@dataclass(frozen=True, slots=True)
class Judged:
    """One judgement with its grounds, for whoever wants to see them."""

    question: str
    odds: tuple[tuple[Evidence, float], ...]  # the likeliest first; empty: not judged
    chosen: Evidence | None  # by rules
    verdict: Verdict | None  # None: the rules found nothing, and no sentence is likely enough
    in_scope: bool = True

    @property
    def sure(self) -> float:
        """How sure it is that anything answers, log odds."""
        return confidence(self.odds)

    def fate(self, item: Evidence) -> Fate:
        """Return what became of a sentence, and by which limit."""
        odds = dict(self.odds)
        answering = self.verdict.answering if self.verdict else ()
        if item in answering:
            return Fate.SAID if item == answering[0] else Fate.BESIDE
        if odds[item] < LIKELY or (self.verdict and not answering):
            return Fate.UNLIKELY
        if odds[item] < self.odds[0][1] - CLOSE:
            return Fate.BEHIND
        return Fate.UNFIT if self.in_scope else Fate.OUT_OF_SCOPE


def figures_of(odds: Sequence[tuple[Evidence, float]]) -> tuple[float, float, float, float]:
    """Return what tells whether anything answers, of sentences with their odds, likeliest first.

    The odds of the two likeliest, how far the nearest in meaning stands out, and the odds of
    the likeliest that holds the kind of content asked for.
    """
    values = [value for _, value in odds]
    near = sorted((item.nearness for item, _ in odds), reverse=True)
    of_kind = max((value for item, value in odds if item.fills), default=LEAST_ODDS)
    second, stands_out = (values[1], near[0] - near[1]) if len(odds) > 1 else (LEAST_ODDS, 0.0)
    return values[0], max(second, LEAST_ODDS), stands_out, max(of_kind, LEAST_ODDS)


def confidence(odds: Sequence[tuple[Evidence, float]]) -> float:
    """Return how sure it is that any of the sentences answers, log odds; likeliest first."""
    base, *weights = WEIGHTS
    return base + sum(w * f for w, f in zip(weights, figures_of(odds), strict=True))


def judge(look: Lookup, evidence: list[Evidence], chosen: Evidence | None) -> Verdict | None:
    """Judge what the rules have chosen, or that they have chosen nothing.

    Returns None where there is nothing to judge by, and the rules alone decide.
    """
    said = [e for e in evidence if not e.statement.is_heading]
    if look.knowledge.answering is None or not said:
        return None
    judged = _judge(look, evidence, said, chosen)
    look.note("judged", judged)
    return judged.verdict


def read_ahead(knowledge: Knowledge) -> None:
    """Have the network read the sentences of a corpus; the first to ask about one would wait."""
    if knowledge.answering is not None:
        said = (s for s in knowledge.register.statements if not (s.is_heading or is_note(s)))
        knowledge.answering.read_ahead(_in_place(s, knowledge) for s in said)


def _in_place(statement: Statement, knowledge: Knowledge) -> str:
    clause = knowledge.corpus.clauses[statement.clause_id]
    return sentence_in_place(knowledge.heading_path(clause), statement.text)


def _judge(
    look: Lookup, evidence: list[Evidence], said: list[Evidence], chosen: Evidence | None
) -> Judged:
    question = look.reading.text
    if chosen is not None and _is_of_several(chosen, look):
        return Judged(question, (), chosen, Verdict((chosen,)))
    nearest = max(e.nearness for e in said)
    if chosen is not None and (odd := _odds(look, [chosen], nearest)[0]) >= SURELY:
        return Judged(question, ((chosen, odd),), chosen, Verdict((chosen,)))
    picked = _picked(look, said, chosen)
    odds = dict(zip(picked, _odds(look, picked, nearest), strict=True))
    ranked = sorted(picked, key=lambda e: (-odds[e], e.statement.document_id, e.statement.start))
    likeliest = odds[ranked[0]]
    pairs = tuple((e, odds[e]) for e in ranked)
    sure = confidence(pairs)
    if sure < NOTHING:
        return Judged(question, pairs, chosen, Verdict((), refused=tuple(ranked)))
    beside = [e for e in ranked if odds[e] >= max(LIKELY, likeliest - CLOSE)]
    if chosen is None:
        fit = tuple(e for e in beside if may_answer(e, look, of_kind=odds[e] < CERTAIN))
        inside = sure >= SCOPE + off_topic_odds(look) or in_scope(look, evidence)
        return Judged(question, pairs, None, Verdict(fit) if fit and inside else None, inside)
    others = [e for e in beside if e != chosen]
    instead = tuple(e for e in others if may_answer(e, look))
    if odds[chosen] < HARDLY and instead:
        return Judged(question, pairs, chosen, Verdict(instead, sure < DOUBTFUL))
    verdict = Verdict((chosen, *others), sure < DOUBTFUL)
    return Judged(question, pairs, chosen, verdict)


def _picked(look: Lookup, said: list[Evidence], chosen: Evidence | None) -> list[Evidence]:
    """Return the few sentences worth judging: the nearest, the best by words, the chosen one."""
    known = {e.statement for e in said}
    more = nearest_of_all(look.reading, look.knowledge, look.documents)
    said = said + [e for e in more if e.statement not in known]
    said = [e for e in said if not is_note(e.statement)]
    picked = sorted(said, key=lambda e: -e.nearness)[:NEAREST_JUDGED]
    picked += [e for e in said if e not in picked][:BEST_JUDGED]
    if chosen is not None and chosen not in picked:
        picked.append(chosen)
    return picked


def _is_of_several(chosen: Evidence, look: Lookup) -> bool:
    """Whether more than one sentence is the answer; the network reads one at a time."""
    return look.reading.asked is Asked.LIST or introduces(chosen.statement)


def _odds(look: Lookup, items: Sequence[Evidence], nearest: float) -> list[float]:
    """Return the log odds that each sentence answers the question."""
    scorer = look.knowledge.answering
    if scorer is None or not items:
        return []
    question = look.reading.text
    texts = [item.statement.text for item in items]
    near = np.array([item.nearness for item in items], np.float32)
    features = nearness_features(question, texts, near, max(nearest, float(near.max())))
    places = [_in_place(item.statement, look.knowledge) for item in items]
    return [float(o) for o in scorer.scores(question, places, features)]
