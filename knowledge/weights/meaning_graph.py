"""The network that places questions beside the sentences that answer them, as an ONNX graph.

The encoder's upper layers, trained further on questions and the sentences that answer them
(evaluation/training/meaning), over the states that its lower layers have made of one text.

Input: states, float32 (1, tokens, hidden). Output: embedding, float32 (1, hidden), of length 1.
"""

import onnx
from onnx import TensorProto, helper

from knowledge.weights.graph import LOWER_LAYERS
from knowledge.weights.packaged import PackagedWeights
from knowledge.weights.trained import Changes, TrainedNetwork


def build_meaning_graph(weights: PackagedWeights, changes: Changes) -> onnx.ModelProto:
    """Return the upper layers over the states of one text."""
    network = TrainedNetwork(weights, changes)
    x = "states"
    for number in range(LOWER_LAYERS, weights.shape.layers):
        x = network.layer(x, f"l{number}")
    network.pooled(x)
    hidden = weights.shape.hidden
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "tokens", hidden])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, hidden])
    return network.graph.model("meaning", [states], [embedding])
