"""Write encoder.onnx, a transformer text encoder with seeded random weights.

Nothing is trained. A token keeps most of its own embedding through the layers,
because every attention and feed-forward branch is small next to the residual,
so texts that share words get similar vectors.
"""
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import onnxfile
from tokenizer import LENGTH, VOCABULARY, tokenize

LAYERS, WIDTH, HEADS, HIDDEN = 4, 256, 4, 1024
HEAD = WIDTH // HEADS
EMBEDDING = 128          # width of the token table; a projection widens it to WIDTH
BRANCH = 0.25            # size of a branch's output next to its input
POSITION = 0.1           # size of the position vectors next to the token vectors
MASKED = 1e4             # subtracted from the attention scores of padding
EPSILON = 1e-5           # of the layer normalisations
TINY = 1e-6              # least length divided by; a text without words gives zeros

SENTENCES = """
How do I run a neural network in the browser?
Running neural networks inside a web browser
The harbour was quiet and the fishing boats had gone
Our train to the mountains leaves at seven in the morning
She planted tomatoes and beans behind the old house
The museum is closed on Mondays and public holidays
""".strip().splitlines()


def normal(rng, rows, columns, size=1.0):
    """A [rows, columns] matrix that keeps the size of a vector, times `size`; float16 values."""
    matrix = rng.normal(0, size / np.sqrt(rows), (rows, columns))
    return matrix.astype(np.float16).astype(np.float32)


def weights(seed=3):
    rng = np.random.default_rng(seed)
    layers = []
    for _ in range(LAYERS):
        layer = {name: normal(rng, WIDTH, WIDTH) for name in ("query", "key", "value")}
        layer["mix"] = normal(rng, WIDTH, WIDTH, BRANCH)
        layer["up"] = normal(rng, WIDTH, HIDDEN)
        down = rng.normal(0, 2 * BRANCH / np.sqrt(HIDDEN), (HIDDEN, WIDTH))
        down -= down.mean(0)          # an activation's mean then adds nothing common to all tokens
        layer["down"] = down.astype(np.float16).astype(np.float32)
        layers.append(layer)
    return {"tokens": normal(rng, VOCABULARY, EMBEDDING, np.sqrt(VOCABULARY)),
            "widen": normal(rng, EMBEDDING, WIDTH),
            "positions": normal(rng, LENGTH, WIDTH, POSITION * np.sqrt(LENGTH)),
            "layers": layers}


def normalise(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + np.float32(EPSILON))


def heads(x):
    return x.reshape(-1, LENGTH, HEADS, HEAD).transpose(0, 2, 1, 3)


def attend(layer, x, bias):
    query, key = heads(x @ layer["query"]), heads(x @ layer["key"])
    scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(np.float32(HEAD)) + bias
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = scores / scores.sum(-1, keepdims=True) @ heads(x @ layer["value"])
    return mixed.transpose(0, 2, 1, 3).reshape(-1, LENGTH, WIDTH) @ layer["mix"]


def feed_forward(layer, x):
    hidden = x @ layer["up"]
    return hidden / (1 + np.exp(-1.702 * hidden)) @ layer["down"]


def encode(w, ids):
    """The model in NumPy: [batch, LENGTH] ids to [batch, WIDTH] unit vectors."""
    mask = (ids > 0).astype(np.float32)
    bias = (mask[:, None, None] - 1) * np.float32(MASKED)
    x = w["tokens"][ids] @ w["widen"] + w["positions"]
    for layer in w["layers"]:
        x = x + attend(layer, normalise(x), bias)
        x = x + feed_forward(layer, normalise(x))
    pooled = (normalise(x) * mask[:, :, None]).sum(1) / np.maximum(mask.sum(1, keepdims=True), 1)
    return pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), np.float32(TINY))


class Encoder:
    """Adds the same model to an `onnxfile.Graph`."""

    def __init__(self, graph):
        self.graph, self.add = graph, graph.node
        self.one = graph.constant(np.ones(WIDTH, np.float32))
        self.zero = graph.constant(np.zeros(WIDTH, np.float32))

    def scalar(self, value):
        return self.graph.constant(np.float32(value))

    def matmul(self, x, matrix):
        return self.add("MatMul", x, self.graph.half(matrix))

    def normalise(self, x):
        return self.add("LayerNormalization", x, self.one, self.zero, axis=-1, epsilon=EPSILON)

    def heads(self, x, order):
        return self.add("Transpose", self.graph.reshape(x, [-1, LENGTH, HEADS, HEAD]), perm=order)

    def attend(self, layer, x, bias):
        query = self.heads(self.matmul(x, layer["query"]), [0, 2, 1, 3])
        key = self.heads(self.matmul(x, layer["key"]), [0, 2, 3, 1])
        value = self.heads(self.matmul(x, layer["value"]), [0, 2, 1, 3])
        scores = self.add("Mul", self.add("MatMul", query, key), self.scalar(HEAD ** -0.5))
        scores = self.add("Softmax", self.add("Add", scores, bias), axis=-1)
        mixed = self.add("Transpose", self.add("MatMul", scores, value), perm=[0, 2, 1, 3])
        return self.matmul(self.graph.reshape(mixed, [-1, LENGTH, WIDTH]), layer["mix"])

    def feed_forward(self, layer, x):
        hidden = self.matmul(x, layer["up"])
        gate = self.add("Sigmoid", self.add("Mul", hidden, self.scalar(1.702)))
        return self.matmul(self.add("Mul", hidden, gate), layer["down"])

    def mask(self, ids):
        """1 for tokens and 0 for padding, [batch, LENGTH]."""
        values = self.add("Cast", ids, to=TensorProto.FLOAT)
        return self.add("Clip", values, self.scalar(0), self.scalar(1))

    def pool(self, x, mask):
        """Mean over the tokens that are not padding, scaled to unit length."""
        total = self.add("MatMul", self.graph.reshape(mask, [-1, 1, LENGTH]), x)
        ones = self.graph.constant(np.ones((LENGTH, 1), np.float32))
        count = self.add("Clip", self.add("MatMul", mask, ones), self.scalar(1))
        mean = self.add("Div", self.graph.reshape(total, [-1, WIDTH]), count)
        length = self.add("Clip", self.add("ReduceL2", mean, axes=[1], keepdims=1), self.scalar(TINY))
        return self.add("Div", mean, length, output="pooled")

    def encode(self, w, ids):
        ids = self.add("Cast", ids, to=TensorProto.INT32)
        mask = self.mask(ids)
        bias = self.add("Mul", self.add("Sub", mask, self.scalar(1)), self.scalar(MASKED))
        bias = self.graph.reshape(bias, [-1, 1, 1, LENGTH])
        x = self.add("Gather", self.graph.half(w["tokens"]), ids, axis=0)
        x = self.add("Add", self.matmul(x, w["widen"]), self.graph.half(w["positions"]))
        for layer in w["layers"]:
            x = self.add("Add", x, self.attend(layer, self.normalise(x), bias))
            x = self.add("Add", x, self.feed_forward(layer, self.normalise(x)))
        self.pool(self.normalise(x), mask)


def main():
    w = weights()
    graph = onnxfile.Graph()
    Encoder(graph).encode(w, "ids")
    path = HERE / "encoder.onnx"
    graph.save(path, [("ids", TensorProto.INT64, ["batch", LENGTH])],
               [("pooled", TensorProto.FLOAT, ["batch", WIDTH])], "Text encoder with random weights")
    ids = np.array([tokenize(sentence) for sentence in SENTENCES + [""]])
    vectors = encode(w, ids)
    onnxfile.check(path, vectors, 1e-4, ids=ids)
    for sentence, vector in zip(SENTENCES[1:], vectors[1:]):
        print(f"{vector @ vectors[0]:6.3f}  {sentence}")
    (HERE / "sentences.txt").write_text("\n".join(SENTENCES) + "\n")


if __name__ == "__main__":
    main()
