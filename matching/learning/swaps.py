"""What other weights would have swapped in past lists, and how often each side was chosen.

The last place of many lists was drawn, each candidate with a logged chance. So the drawn
items are a fair sample of all that the list left out: those that the new weights would
have put among the best tell how such items fare (SNIPS, and doubly robust with a model of
the choice), beside the items that would have had to make room for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.learning.counterfactual import Estimate, Floats, doubly_robust, snips
from matching.learning.outcome import ADOPTED, MatchOutcome
from matching.learning.scikit import scikit_learn
from matching.learning.weight_version import LearningSubject
from matching.recommending.impression import Impression, RecommendationList

ENOUGH_EVENTS = 20
FOLDS = 5
MODEL_PENALTY = 0.1
MOST_LISTS = 20_000


@dataclass(frozen=True, slots=True)
class Shown:
    """One item of a past list: its terms, the chance of its place, whether it was taken up."""

    terms: Mapping[str, float]
    propensity: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class DrawnList:
    """A past list whose last item was drawn; `person` groups the lists of one person."""

    person: str
    best: tuple[Shown, ...]
    drawn: Shown


@dataclass(frozen=True, slots=True)
class Swaps:
    """What the new weights swap in and out, and how often each was taken up."""

    lists: int
    swapped: int
    in_rate: Estimate
    in_rate_robust: Estimate
    out_rate: Estimate

    @property
    def enough(self) -> bool:
        """Whether there is enough to say anything."""
        return self.in_rate.effective_events >= ENOUGH_EVENTS

    @property
    def verdict(self) -> str:
        """What follows, in a sentence for staff."""
        if not self.enough:
            return (
                f"抽样还太少：会换进来的只抽到 {self.swapped} 次，"
                f"至少要 {ENOUGH_EVENTS} 次才能判断。"
            )
        low = min(self.in_rate.low, self.in_rate_robust.low)
        high = max(self.in_rate.high, self.in_rate_robust.high)
        if low > self.out_rate.high:
            return "有把握地说，换进来的比换下去的更常被选中。"
        if high < self.out_rate.low:
            return "换进来的反而比换下去的更少被选中，建议不要发布。"
        return "两者的差别在误差之内，还分不出高下。"


def drawn_lists(db: Session, since: datetime) -> list[DrawnList]:
    """Return the past lists with a drawn last place, of people who did not have them erased."""
    rows = db.execute(
        select(Impression, RecommendationList.person, RecommendationList.shown_at)
        .join(RecommendationList, RecommendationList.id == Impression.list_id)
        .where(RecommendationList.shown_at >= since, RecommendationList.person != "")
        .where(
            Impression.list_id.in_(
                select(Impression.list_id)
                .where(Impression.propensity < 1.0)
                .order_by(Impression.list_id.desc())
                .limit(MOST_LISTS)
            )
        )
        .order_by(Impression.list_id, Impression.position)
    )
    taken = _taken_up(db, since)
    found: dict[int, tuple[str, list[Shown]]] = {}
    for item, person, shown_at in rows:
        last = taken.get((person, item.project_code))
        chosen = last is not None and last >= shown_at
        _, items = found.setdefault(item.list_id, (person, []))
        items.append(Shown(item.terms, item.propensity, chosen))
    return [
        DrawnList(person, tuple(items[:-1]), items[-1])
        for person, items in found.values()
        if len(items) > 1 and items[-1].propensity < 1.0
    ]


def compare_swaps(lists: Sequence[DrawnList], weights: Mapping[str, float]) -> Swaps | None:
    """Estimate what the weights would have swapped; None without any list of their terms."""
    lists = [
        one
        for one in lists
        if all(set(item.terms) == set(weights) for item in (*one.best, one.drawn))
    ]
    if not lists:
        return None

    def score(item: Shown) -> float:
        return fsum(weight * item.terms[name] for name, weight in weights.items())

    leaving = [min(one.best, key=score) for one in lists]
    enters = np.array(
        [score(one.drawn) > score(left) for one, left in zip(lists, leaving, strict=True)]
    )
    rewards = np.array([one.drawn.chosen for one in lists], dtype=np.float64)
    logged = np.array([one.drawn.propensity for one in lists], dtype=np.float64)
    out = np.array(
        [left.chosen for left, enter in zip(leaving, enters, strict=True) if enter],
        dtype=np.float64,
    )
    # As a policy for the drawn place: one of those that enter, each alike. That its mean
    # ratio is one makes the doubly robust sum a mean.
    share = float((enters / logged).sum() / (1 / logged).sum())
    target = np.minimum(logged * enters / share, 1.0) if share else enters.astype(np.float64)
    predicted = _predicted(lists, list(weights))
    entering = predicted[enters].mean() if enters.any() else 0.0
    robust = doubly_robust(rewards, logged, target, predicted, np.full(len(lists), entering))
    ones = np.ones(len(out))
    return Swaps(
        len(lists),
        int(enters.sum()),
        _as_share(snips(rewards, logged, target)),
        _as_share(robust),
        _as_share(snips(out, ones, ones)),
    )


def _taken_up(db: Session, since: datetime) -> dict[tuple[str, str], datetime]:
    rows = db.execute(
        select(MatchOutcome.person, MatchOutcome.code, MatchOutcome.happened_at).where(
            MatchOutcome.subject == LearningSubject.PROJECTS,
            MatchOutcome.kind == ADOPTED,
            MatchOutcome.happened_at >= since,
        )
    )
    return {(person, code): at for person, code, at in rows}


def _predicted(lists: Sequence[DrawnList], names: Sequence[str]) -> Floats:
    """Return each drawn item's chance to be chosen by a model that never saw its person; (n,)."""
    people = np.unique([one.person for one in lists], return_inverse=True)[1]
    features = np.array([[one.drawn.terms[name] for name in names] for one in lists])
    chosen = np.array([one.drawn.chosen for one in lists])
    rate = np.full(len(lists), chosen.mean())
    folds = min(FOLDS, int(people.max()) + 1)
    if folds < 2:
        return rate
    for seen, unseen in (
        scikit_learn().model_selection.GroupKFold(folds).split(features, chosen, people)
    ):
        if 0 < chosen[seen].sum() < len(seen):
            model = scikit_learn().linear_model.LogisticRegression(
                C=MODEL_PENALTY, solver="newton-cholesky", max_iter=200
            )
            model.fit(features[seen], chosen[seen])
            rate[unseen] = model.predict_proba(features[unseen])[:, 1]
        else:
            rate[unseen] = chosen[seen].mean()
    return rate


def _as_share(estimate: Estimate) -> Estimate:
    low, value, high = (
        float(np.clip(one, 0.0, 1.0)) for one in (estimate.low, estimate.value, estimate.high)
    )
    return Estimate(value, low, high, estimate.effective_events)
