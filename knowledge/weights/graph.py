"""The network as an ONNX graph with 8-bit weights, built without torch.

Input: input_ids and attention_mask, int64 (texts, tokens). Output: embedding, float32
(texts, hidden), the mean over the tokens, scaled to length 1.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from knowledge.weights.packaged import FloatArray, PackagedWeights
from knowledge.weights.vocabulary import Vocabulary

_OPSET = 20
_IR_VERSION = 10  # what the oldest supported runtime reads
_MASKED = 1e9  # subtracted from the attention scores of padding


class _Graph:
    """Collects nodes and constants; every method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, values: Any) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def ints(self, *values: int) -> str:
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def float(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def node(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        result = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [result], **attributes))
        return result

    def quantize(self, x: str) -> tuple[str, str, str]:
        """Quantise activations by their own range: levels, scale, zero point."""
        outputs = [f"{x}_{part}" for part in ("levels", "scale", "zero")]
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], outputs))
        return outputs[0], outputs[1], outputs[2]

    def linear(
        self, x: tuple[str, str, str], name: str, weight: FloatArray, bias: FloatArray
    ) -> str:
        """Multiply quantised activations with an 8-bit matrix (outputs, inputs), add the bias."""
        levels, scales = quantize_rows(weight)
        w = self.constant(name + ".w", levels.T)
        zero = self.constant(name + ".zero", np.zeros(len(scales), np.int8))
        product = self.node("MatMulInteger", x[0], w, x[2], zero)
        product = self.node("Cast", product, to=TensorProto.FLOAT)
        scale = self.node("Mul", x[1], self.constant(name + ".scale", scales))
        product = self.node("Mul", product, scale)
        return self.node("Add", product, self.constant(name + ".b", bias))


def quantize_rows(matrix: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    """Return 8-bit levels (rows, columns) and one scale per row: value = level * scale."""
    scales = np.abs(matrix).max(axis=1) / 127
    scales[scales == 0] = 1
    levels = np.rint(matrix / scales[:, None]).astype(np.int8)
    return levels, scales.astype(np.float32)


class _Network:
    """Writes the layers of the packaged model into a graph."""

    def __init__(self, weights: PackagedWeights, vocabulary: Vocabulary) -> None:
        self.graph = _Graph()
        self.weights = weights
        self.vocabulary = vocabulary
        self.hidden = weights.shape.hidden

    def dense(self, name: str, columns: int) -> FloatArray:
        return self.weights.matrix(name, columns).dense()

    def normalized(self, x: str, name: str) -> str:
        w = self.graph.constant(name + ".w", self.weights.vector(name + ".w"))
        b = self.graph.constant(name + ".b", self.weights.vector(name + ".b"))
        return self.graph.node(
            "LayerNormalization", x, w, b, axis=-1, epsilon=self.weights.shape.epsilon
        )

    def embedded(self) -> str:
        """Word, position and type embeddings of input_ids, (texts, tokens, hidden)."""
        g, w, hidden = self.graph, self.weights, self.hidden
        table = w.matrix("emb.word", hidden).rows(self.vocabulary.rows).dense()
        levels, scales = quantize_rows(table)
        words = g.node("Gather", g.constant("words.levels", levels), "input_ids")
        words = g.node("Cast", words, to=TensorProto.FLOAT)
        scale = g.node("Gather", g.constant("words.scales", scales[:, None]), "input_ids")
        words = g.node("Mul", words, scale)
        place = w.vector("emb.pos").reshape(-1, hidden) + w.vector("emb.type")[:hidden]
        tokens = g.node("Gather", g.node("Shape", "input_ids"), g.ints(1))
        place_name = g.node("Slice", g.constant("places", place), g.ints(0), tokens, g.ints(0))
        return self.normalized(g.node("Add", words, place_name), "emb.ln")

    def attention(self, x: str, layer: str, bias: str) -> str:
        g, hidden = self.graph, self.hidden
        heads = self.weights.shape.heads
        shape = g.ints(0, 0, heads, hidden // heads)
        shrink = np.float32((hidden // heads) ** -0.5)
        quantized = g.quantize(x)
        parts = []
        for part, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
            name = f"{layer}.{part}"
            factor = shrink if part == "q" else np.float32(1)
            weight = self.dense(name + ".w", hidden) * factor
            y = g.linear(quantized, name, weight, self.weights.vector(name + ".b") * factor)
            parts.append(g.node("Transpose", g.node("Reshape", y, shape), perm=order))
        scores = g.node("Add", g.node("MatMul", parts[0], parts[1]), bias)
        mixed = g.node("MatMul", g.node("Softmax", scores, axis=-1), parts[2])
        mixed = g.node("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = g.node("Reshape", mixed, g.ints(0, 0, hidden))
        return self.projected(mixed, f"{layer}.ao", hidden)

    def projected(self, x: str, name: str, columns: int) -> str:
        return self.graph.linear(
            self.graph.quantize(x),
            name,
            self.dense(name + ".w", columns),
            self.weights.vector(name + ".b"),
        )

    def layer(self, x: str, layer: str, bias: str) -> str:
        g = self.graph
        x = self.normalized(g.node("Add", x, self.attention(x, layer, bias)), layer + ".aln")
        wide = g.node("Gelu", self.projected(x, layer + ".fi", self.hidden))
        narrow = self.projected(wide, layer + ".fo", self.weights.shape.feed_forward)
        return self.normalized(g.node("Add", x, narrow), layer + ".oln")

    def pooled(self, x: str, mask: str) -> None:
        """Mean over the tokens that are not padding, scaled to length 1."""
        g = self.graph
        weight = g.node("Unsqueeze", mask, g.ints(2))
        total = g.node("ReduceSum", g.node("Mul", x, weight), g.ints(1), keepdims=0)
        mean = g.node("Div", total, g.node("ReduceSum", weight, g.ints(1), keepdims=0))
        length = g.node("ReduceL2", mean, g.ints(-1), keepdims=1)
        g.node("Div", mean, length, output="embedding")


def build_graph(weights: PackagedWeights, vocabulary: Vocabulary) -> onnx.ModelProto:
    """Return the whole network over a vocabulary."""
    network = _Network(weights, vocabulary)
    g = network.graph
    mask = g.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    absent = g.node("Sub", g.node("Unsqueeze", mask, g.ints(1, 2)), g.float("one", 1))
    bias = g.node("Mul", absent, g.float("masked", _MASKED))
    x = network.embedded()
    for number in range(weights.shape.layers):
        x = network.layer(x, f"l{number}", bias)
    network.pooled(x, mask)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info(
        "embedding", TensorProto.FLOAT, ["texts", weights.shape.hidden]
    )
    graph = helper.make_graph(
        g.nodes, "encoder", inputs, [output], initializer=list(g.constants.values())
    )
    opset = helper.make_opsetid("", _OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
