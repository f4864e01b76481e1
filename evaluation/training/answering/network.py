"""The upper layers of the encoder in torch: over one text, and over question and sentence."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from knowledge.encoder import States
from knowledge.weights.answering_graph import FEATURES
from knowledge.weights.graph import LOWER_LAYERS
from knowledge.weights.packaged import PackagedWeights

Floats = NDArray[np.float32]
Pair = tuple[NDArray[np.float16], NDArray[np.float16], Floats]  # states, states, nearness

MATRICES = ("q", "k", "v", "ao", "fi", "fo")
NORMS = ("aln", "oln")
DROPPED = 0.1
TOGETHER = 21  # texts or pairs of like length that are computed at once
RANK = 32  # of the changes of a matrix that are kept


Differences = Mapping[str, NDArray[np.float16]]


class UpperLayers(nn.Module):
    """The layers above those that are kept; start as the encoder's."""

    def __init__(self, weights: PackagedWeights) -> None:
        super().__init__()
        self.shape = weights.shape
        hidden = weights.shape.hidden
        self.start: dict[str, Tensor] = {}
        for layer in range(LOWER_LAYERS, weights.shape.layers):
            for part in MATRICES:
                columns = weights.shape.feed_forward if part == "fo" else hidden
                dense = weights.matrix(f"l{layer}.{part}.w", columns).dense()
                self.start[f"l{layer}.{part}.w"] = torch.from_numpy(dense)
            for name in [f"l{layer}.{p}.b" for p in (*MATRICES, *NORMS)]:
                self.start[name] = torch.from_numpy(weights.vector(name).copy())
            for name in [f"l{layer}.{p}.w" for p in NORMS]:
                self.start[name] = torch.from_numpy(weights.vector(name).copy())
        trained = {_key(name): nn.Parameter(t.clone()) for name, t in self.start.items()}
        self.trained = nn.ParameterDict(trained)

    def changes(self) -> dict[str, NDArray[np.float16]]:
        """Return what knowledge/weights/trained.py reads: thin factors, differences."""
        found: dict[str, Tensor] = {}
        for name, start in self.start.items():
            change = self.trained[_key(name)].detach() - start
            if change.ndim == 1:
                found[name] = change
                continue
            left, sizes, right = torch.linalg.svd(change, full_matrices=False)
            root = sizes[:RANK].sqrt()
            found[f"{name}.up"] = left[:, :RANK] * root
            found[f"{name}.down"] = root[:, None] * right[:RANK]
        return {name: t.detach().numpy().astype(np.float16) for name, t in found.items()}

    def take(self, changes: Differences) -> None:
        """Go on from what `changes` returned of an earlier training."""
        with torch.no_grad():
            for name, start in self.start.items():
                change = (
                    _told(changes, name)
                    if start.ndim == 1
                    else _told(changes, f"{name}.up") @ _told(changes, f"{name}.down")
                )
                self.trained[_key(name)].copy_(start + change)

    def _read(self, x: Tensor, read: Tensor) -> Tensor:
        for layer in range(LOWER_LAYERS, self.shape.layers):
            x = self._layer(x, read, f"l{layer}")
        return x

    def _layer(self, x: Tensor, read: Tensor, layer: str) -> Tensor:
        rows, tokens, hidden = x.shape
        heads = self.shape.heads

        def split(part: str) -> Tensor:
            projected = self._linear(x, f"{layer}.{part}")
            return projected.view(rows, tokens, heads, hidden // heads).transpose(1, 2)

        seen = functional.scaled_dot_product_attention(
            split("q"), split("k"), split("v"), attn_mask=read[:, None, None, :]
        )
        seen = seen.transpose(1, 2).reshape(rows, tokens, hidden)
        x = self._normalized(x + self._linear(seen, f"{layer}.ao"), f"{layer}.aln")
        wide = functional.gelu(self._linear(x, f"{layer}.fi"))
        return self._normalized(x + self._linear(wide, f"{layer}.fo"), f"{layer}.oln")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(
            x, self.trained[_key(name + ".w")], self.trained[_key(name + ".b")]
        )

    def _normalized(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self.trained[_key(name + ".w")], self.trained[_key(name + ".b")]
        return functional.layer_norm(x, x.shape[-1:], weight, bias, self.shape.epsilon)


class MeaningNetwork(UpperLayers):
    """Gives one text a vector; starts as the encoder."""

    def forward(self, texts: Sequence[States]) -> Tensor:
        """Return the vectors of texts, each of length 1, (n, hidden)."""
        order, back = _by_length([len(text) for text in texts])
        return torch.cat([self._some([texts[i] for i in part]) for part in order])[back]

    def _some(self, texts: Sequence[States]) -> Tensor:
        x = torch.zeros(len(texts), max(map(len, texts)), self.shape.hidden)
        read = torch.zeros(x.shape[:2], dtype=torch.bool)
        for row, text in enumerate(texts):
            x[row, : len(text)] = torch.from_numpy(text.astype(np.float32))
            read[row, : len(text)] = True
        x = self._read(functional.dropout(x, DROPPED, self.training), read)
        return functional.normalize(_mean(x, read), dim=-1)


class JointNetwork(UpperLayers):
    """Scores pairs; starts as the encoder, with nearness alone deciding."""

    def __init__(self, weights: PackagedWeights) -> None:
        super().__init__(weights)
        hidden = weights.shape.hidden
        self.sides = nn.Parameter(torch.zeros(2, hidden))
        self.compare = nn.Linear(2 * hidden, hidden)
        self.score = nn.Linear(hidden + FEATURES, 1)
        with torch.no_grad():
            self.score.weight[0, hidden:] = torch.tensor([2.0, 1.0, 2.0])
            self.score.bias.fill_(-2.5)

    def forward(self, pairs: Sequence[Pair]) -> Tensor:
        """Return the log odds of each pair, (n,)."""
        order, back = _by_length([len(question) + len(s) for question, s, _ in pairs])
        return torch.cat([self._some([pairs[i] for i in part]) for part in order])[back]

    def changes(self) -> dict[str, NDArray[np.float16]]:
        """Return what knowledge/weights/answering_graph.py reads."""
        own = {name: t.detach().numpy().astype(np.float16) for name, t in self._own().items()}
        return super().changes() | own

    def take(self, changes: Differences) -> None:
        """Go on from what `changes` returned of an earlier training."""
        super().take(changes)
        with torch.no_grad():
            for name, tensor in self._own().items():
                tensor.copy_(_told(changes, name))

    def _own(self) -> dict[str, Tensor]:
        return {
            "sides": self.sides,
            "compare.w": self.compare.weight,
            "compare.b": self.compare.bias,
            "score.w": self.score.weight,
            "score.b": self.score.bias,
        }

    def _some(self, pairs: Sequence[Pair]) -> Tensor:
        sizes = [len(question) + len(sentence) for question, sentence, _ in pairs]
        x = torch.zeros(len(pairs), max(sizes), self.shape.hidden)
        side = torch.full((len(pairs), max(sizes)), -1)
        for row, (question, sentence, _) in enumerate(pairs):
            both = np.concatenate([question, sentence]).astype(np.float32)
            x[row, : len(both)] = torch.from_numpy(both)
            side[row, : len(question)] = 0
            side[row, len(question) : len(both)] = 1
        x = functional.dropout(x + self.sides[side.clamp(min=0)], DROPPED, self.training)
        x = self._read(x, side >= 0)
        means = [_mean(x, side == which) for which in (0, 1)]
        hidden = torch.tanh(self.compare(torch.cat(means, dim=-1)))
        hidden = functional.dropout(hidden, DROPPED, self.training)
        near = torch.from_numpy(np.stack([nearness for _, _, nearness in pairs]))
        score: Tensor = self.score(torch.cat([hidden, near], dim=-1))
        return score[:, 0]


def _mean(x: Tensor, chosen: Tensor) -> Tensor:
    share = chosen.float()[..., None]
    return (x * share).sum(1) / share.sum(1)


def _by_length(lengths: Sequence[int]) -> tuple[list[list[int]], Tensor]:
    """Return groups of indices of like length, and where each index came to stand."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order, dtype=torch.long)] = torch.arange(len(order))
    return [order[k : k + TOGETHER] for k in range(0, len(order), TOGETHER)], back


def _told(changes: Differences, name: str) -> Tensor:
    return torch.from_numpy(np.asarray(changes[name], np.float32))


def _key(name: str) -> str:
    return name.replace(".", "_")  # torch allows no dots in names
