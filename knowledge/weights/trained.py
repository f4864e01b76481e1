"""What trainings changed in the upper layers of the packaged network: small shipped files."""

from hashlib import sha256
from importlib.resources import files
from io import BytesIO

import numpy as np

from knowledge.weights.graph import Network
from knowledge.weights.packaged import FloatArray, PackagedWeights

ANSWERING_CHANGES = "answering.npz"
MEANING_CHANGES = "meaning.npz"


class Changes:
    """What training changed: for a matrix two thin factors, for a vector the difference."""

    def __init__(self, tensors: dict[str, FloatArray], digest: str) -> None:
        self.tensors = tensors
        self.digest = digest

    def matrix(self, name: str) -> FloatArray:
        """Return the difference of a matrix, float32 (outputs, inputs)."""
        change: FloatArray = self.tensors[f"{name}.up"] @ self.tensors[f"{name}.down"]
        return change


def read_changes(name: str) -> Changes:
    """Return the changes in a shipped file, float16 there."""
    data = files("knowledge.weights").joinpath(name).read_bytes()
    with np.load(BytesIO(data), allow_pickle=False) as file:
        tensors = {name: file[name].astype(np.float32) for name in file.files}
    return Changes(tensors, sha256(data).hexdigest()[:16])


class TrainedNetwork(Network):
    """The upper layers with the changes of a training."""

    def __init__(self, weights: PackagedWeights, changes: Changes) -> None:
        super().__init__(weights)
        self.changes = changes

    def dense(self, name: str, columns: int) -> FloatArray:
        """Return the weights of a layer as trained."""
        return super().dense(name, columns) + self.changes.matrix(name)

    def vector(self, name: str) -> FloatArray:
        """Return a bias or a normalisation as trained."""
        return super().vector(name) + self.changes.tensors[name]
