"""The questions that the assistant's small models learn from; none of evaluation/cases."""

import csv
import random
from dataclasses import dataclass
from importlib import resources

import yaml

from assistant.asked import Asked
from knowledge.tokenizer import normalize

SEED = 1
THINGS_EACH = 6  # how often each turn of phrase is filled
BARE = 3  # of a turn of phrase, how many come without words before or behind, at least


@dataclass(frozen=True, slots=True)
class TrainingQuestion:
    """A question with the kind of answer it asks for.

    `of_ours` is false for what has nothing to do with starting a business.
    """

    text: str
    asked: Asked
    of_ours: bool = True


def written_questions() -> list[TrainingQuestion]:
    """Read the questions written one by one about the shipped documents."""
    table = resources.files("evaluation.training").joinpath("questions.tsv").read_text("utf-8")
    rows = list(csv.reader(table.splitlines()[1:], delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        TrainingQuestion(
            normalize(text), Asked(asked) if asked != "off" else Asked.ANY, asked != "off"
        )
        for asked, text in rows
    ]


def made_up_questions() -> list[TrainingQuestion]:
    """Fill every turn of phrase with things of the field; the same questions every time."""
    text = resources.files("evaluation.training").joinpath("phrases.yaml").read_text("utf-8")
    data = yaml.safe_load(text)
    chance = random.Random(SEED)  # noqa: S311  # nothing secret
    made: list[TrainingQuestion] = []
    for asked, phrases in data["asked"].items():
        for phrase in phrases:
            for number in range(THINGS_EACH):
                filled = phrase.replace("{x}", chance.choice(data["things"]))
                if number >= BARE:
                    filled = chance.choice(data["before"]) + filled + chance.choice(data["after"])
                made.append(TrainingQuestion(normalize(filled), Asked(asked)))
    return made
