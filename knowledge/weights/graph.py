"""The network as an ONNX graph with 8-bit weights, built without torch.

Input: input_ids, int64 (1, tokens). Outputs: embedding, float32 (1, hidden), the mean over the
tokens, scaled to length 1; states, float32 (1, tokens, hidden), what the lower layers make of
each token (see answering_graph.py). One text at a time: activations are quantised by the range
of the whole input, so beside other texts a text would get another embedding (cosine 0.997).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from knowledge.weights.packaged import FloatArray, PackagedWeights
from knowledge.weights.vocabulary import Vocabulary

_OPSET = 20
_IR_VERSION = 10  # what the oldest supported runtime reads
LOWER_LAYERS = 8  # read question and sentence apart; those above may read them together
_OUTLIER = 5.0  # times the usual largest weight of an output


class Graph:
    """Collects nodes and constants; every method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, values: Any) -> str:
        """Add a constant."""
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def ints(self, *values: int) -> str:
        """Add a list of integers, once."""
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def node(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add an operation."""
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

    def model(
        self, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """Return everything collected as one model."""
        constants = list(self.constants.values())
        graph = helper.make_graph(self.nodes, name, inputs, outputs, initializer=constants)
        opset = helper.make_opsetid("", _OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)


def outlier_inputs(matrix: FloatArray) -> NDArray[np.int64]:
    """Return the columns whose largest weight is far above what is usual for a row.

    Such inputs carry values as large as their weights, one in most layers. With them in 8 bits
    the steps are too coarse for all others (LLM.int8(), Dettmers et al. 2022).
    """
    sizes = np.abs(matrix)
    return np.flatnonzero(sizes.max(axis=0) > _OUTLIER * np.median(sizes.max(axis=1)))


def quantize_rows(matrix: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    """Return 8-bit levels (rows, columns) and one scale per row: value = level * scale."""
    scales = np.abs(matrix).max(axis=1) / 127
    scales[scales == 0] = 1
    levels = np.rint(matrix / scales[:, None]).astype(np.int8)
    return levels, scales.astype(np.float32)


class Network:
    """Writes the layers of the packaged model into a graph."""

    def __init__(self, weights: PackagedWeights) -> None:
        self.graph = Graph()
        self.weights = weights
        self.hidden = weights.shape.hidden

    def dense(self, name: str, columns: int) -> FloatArray:
        """Return the weights of a layer, float32 (outputs, columns)."""
        return self.weights.matrix(name, columns).dense()

    def vector(self, name: str) -> FloatArray:
        """Return a bias, or a weight of a normalisation."""
        return self.weights.vector(name)

    def normalized(self, x: str, name: str) -> str:
        """Normalise each token."""
        w = self.graph.constant(name + ".w", self.vector(name + ".w"))
        b = self.graph.constant(name + ".b", self.vector(name + ".b"))
        return self.graph.node(
            "LayerNormalization", x, w, b, axis=-1, epsilon=self.weights.shape.epsilon
        )

    def embedded(self, vocabulary: Vocabulary) -> str:
        """Word, position and type embeddings of input_ids, (1, tokens, hidden)."""
        g, w, hidden = self.graph, self.weights, self.hidden
        table = w.matrix("emb.word", hidden).rows(vocabulary.rows).dense()
        levels, scales = quantize_rows(table)
        words = g.node("Gather", g.constant("words.levels", levels), "input_ids")
        words = g.node("Cast", words, to=TensorProto.FLOAT)
        scale = g.node("Gather", g.constant("words.scales", scales[:, None]), "input_ids")
        words = g.node("Mul", words, scale)
        place = w.vector("emb.pos").reshape(-1, hidden) + w.vector("emb.type")[:hidden]
        tokens = g.node("Gather", g.node("Shape", "input_ids"), g.ints(1))
        place_name = g.node("Slice", g.constant("places", place), g.ints(0), tokens, g.ints(0))
        return self.normalized(g.node("Add", words, place_name), "emb.ln")

    def attention(self, x: str, layer: str) -> str:
        """Let every token look at every other."""
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
            y = g.linear(quantized, name, weight, self.vector(name + ".b") * factor)
            parts.append(g.node("Transpose", g.node("Reshape", y, shape), perm=order))
        shares = g.node("Softmax", g.node("MatMul", parts[0], parts[1]), axis=-1)
        mixed = g.node("MatMul", shares, parts[2])
        mixed = g.node("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = g.node("Reshape", mixed, g.ints(0, 0, hidden))
        return self.projected(mixed, f"{layer}.ao", hidden)

    def projected(self, x: str, name: str, columns: int) -> str:
        """Multiply with an 8-bit matrix."""
        weight, bias = self.dense(name + ".w", columns), self.vector(name + ".b")
        return self.graph.linear(self.graph.quantize(x), name, weight, bias)

    def projected_exactly(self, x: str, name: str, columns: int) -> str:
        """Multiply with a matrix whose outlier inputs stay in float32 and the rest in 8 bits."""
        g = self.graph
        weight = self.dense(name + ".w", columns)
        outliers = outlier_inputs(weight)
        if not len(outliers):
            return self.projected(x, name, columns)
        large = g.node("Gather", x, g.constant(name + ".outliers", outliers), axis=-1)
        exact = g.node("MatMul", large, g.constant(name + ".exact", weight[:, outliers].T))
        usual = np.ones(columns, np.float32)
        usual[outliers] = 0
        small = g.quantize(g.node("Mul", x, g.constant(name + ".usual", usual)))
        rest = g.linear(small, name, weight * usual, self.vector(name + ".b"))
        return g.node("Add", rest, exact)

    def layer(self, x: str, layer: str) -> str:
        """Add one layer, named l0 and so on."""
        g = self.graph
        x = self.normalized(g.node("Add", x, self.attention(x, layer)), layer + ".aln")
        wide = g.node("Gelu", self.projected(x, layer + ".fi", self.hidden))
        narrow = self.projected_exactly(wide, layer + ".fo", self.weights.shape.feed_forward)
        return self.normalized(g.node("Add", x, narrow), layer + ".oln")

    def pooled(self, x: str) -> None:
        """Mean over the tokens, scaled to length 1."""
        g = self.graph
        mean = g.node("ReduceMean", x, g.ints(1), keepdims=0)
        length = g.node("ReduceL2", mean, g.ints(-1), keepdims=1)
        g.node("Div", mean, length, output="embedding")


def build_graph(
    weights: PackagedWeights, vocabulary: Vocabulary, progress: Callable[[float], None]
) -> onnx.ModelProto:
    """Return the whole network over a vocabulary; `progress` is told the share built, 0 to 1."""
    network = Network(weights)
    x = network.embedded(vocabulary)
    for number in range(weights.shape.layers):
        progress((number + 1) / (weights.shape.layers + 1))
        x = network.layer(x, f"l{number}")
        if number + 1 == LOWER_LAYERS:
            x = network.graph.node("Identity", x, output="states")
    network.pooled(x)
    tokens = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])
    embedding = helper.make_tensor_value_info(
        "embedding", TensorProto.FLOAT, [1, weights.shape.hidden]
    )
    states = helper.make_tensor_value_info(
        "states", TensorProto.FLOAT, [1, "tokens", weights.shape.hidden]
    )
    return network.graph.model("encoder", [tokens], [embedding, states])
