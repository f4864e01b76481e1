"""How likely a message is no matter of the desk at all: a recipe, the weather, small talk.

A linear judge over the vector of the message. It knows what people talk about elsewhere, not
what documents hold: it speaks only where the words of a message name nothing of the policies.
"""

from importlib.resources import files
from io import BytesIO

import numpy as np

from knowledge.encoder import Encoder

OFF_TOPIC_FILE = "off_topic.npz"


class OffTopic:
    """The judge for one encoder, the one that it was trained with."""

    def __init__(self, encoder: Encoder) -> None:
        """Read the shipped weights; made by evaluation/training/off_topic.py."""
        data = files("knowledge.weights").joinpath(OFF_TOPIC_FILE).read_bytes()
        with np.load(BytesIO(data), allow_pickle=False) as file:
            self._weights, self._bias = file["weights"], float(file["bias"])
        self._encoder = encoder

    def odds(self, message: str) -> float:
        """Return the log odds that a message is no matter of the desk."""
        return float(self._weights @ self._encoder.read_query(message).embedding) + self._bias
