"""The network that reads a question and a sentence together, as an ONNX graph without torch.

The lower layers of the encoder read each text apart, once; their states are kept. Its upper
layers, trained further (evaluation/training/answering.py), read both side by side and say how
likely the sentence answers the question: a cross-encoder that costs a third of a whole one
(DeFormer, Cao et al. 2020).

Inputs: question, sentence, float32 (1, tokens, hidden), states of the encoder; nearness,
float32 (3,), see knowledge/answering.py. Output: score, float32 (1,), the log odds.
"""

import onnx
from onnx import TensorProto, helper

from knowledge.weights.graph import LOWER_LAYERS
from knowledge.weights.packaged import PackagedWeights
from knowledge.weights.trained import Changes, TrainedNetwork

FEATURES = 3


class _JointNetwork(TrainedNetwork):
    """The upper layers over both texts."""

    def marked(self, text: str, side: int) -> str:
        """Tell the two texts apart: each has a vector of its own that is added to its tokens."""
        g, mark = self.graph, self.changes.tensors["sides"][side]
        return g.node("Add", text, g.constant(f"side{side}", mark))

    def scored(self, x: str) -> None:
        """Compare the means over the tokens of both texts, and join the nearness."""
        g, t = self.graph, self.changes.tensors
        border = g.node("Gather", g.node("Shape", "question"), g.ints(1))
        end = g.node("Gather", g.node("Shape", x), g.ints(1))
        means = [
            g.node("ReduceMean", g.node("Slice", x, *part, g.ints(1)), g.ints(1), keepdims=0)
            for part in ((g.ints(0), border), (border, end))
        ]
        both = g.node("Concat", *means, axis=-1)
        hidden = g.node("MatMul", both, g.constant("compare.w", t["compare.w"].T))
        hidden = g.node("Tanh", g.node("Add", hidden, g.constant("compare.b", t["compare.b"])))
        near = g.node("Unsqueeze", "nearness", g.ints(0))
        features = g.node("Concat", hidden, near, axis=-1)
        score = g.node("MatMul", features, g.constant("score.w", t["score.w"].T))
        score = g.node("Add", score, g.constant("score.b", t["score.b"]))
        g.node("Squeeze", score, g.ints(0), output="score")


def build_answering_graph(weights: PackagedWeights, changes: Changes) -> onnx.ModelProto:
    """Return the upper layers over both texts."""
    network = _JointNetwork(weights, changes)
    g = network.graph
    x = g.node("Concat", network.marked("question", 0), network.marked("sentence", 1), axis=1)
    for number in range(LOWER_LAYERS, weights.shape.layers):
        x = network.layer(x, f"l{number}")
    network.scored(x)

    def states(name: str) -> onnx.ValueInfoProto:
        shape = [1, f"{name}_tokens", weights.shape.hidden]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    near = helper.make_tensor_value_info("nearness", TensorProto.FLOAT, [FEATURES])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, [1])
    return g.model("answering", [states("question"), states("sentence"), near], [score])
