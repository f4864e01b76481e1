"""The closed list of what mentors help with, and how people say it."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

from knowledge.yaml_text import read_yaml


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing a mentor can help with, and the words that mean it."""

    name: str
    words: tuple[str, ...]


@cache
def load_topics() -> tuple[Topic, ...]:
    """Read the shipped topics, in the order in which a form lists them."""
    data = read_yaml((resources.files("matching.mentors") / "topics.yaml").read_text("utf-8"))
    return tuple(Topic(entry["name"], tuple(entry["words"])) for entry in data["topics"])


def topic_names() -> tuple[str, ...]:
    """Return the names of all topics."""
    return tuple(topic.name for topic in load_topics())


def topics_in(text: str) -> tuple[str, ...]:
    """Return the topics that a text speaks of, in the order of their first words in it."""
    text = text.lower()
    found: dict[str, int] = {}
    for topic in load_topics():
        places = [text.find(word) for word in (topic.name, *topic.words)]
        if hits := [place for place in places if place >= 0]:
            found[topic.name] = min(hits)
    return tuple(sorted(found, key=lambda name: found[name]))
