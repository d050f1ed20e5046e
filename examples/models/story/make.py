"""Train a character decoder on one short story until it knows it by heart, write story.onnx.

The model has the inputs and outputs of exported decoders: a cache of keys and values per layer
goes in and comes out longer. A character is a token: its ASCII code less 32, and the newline is 95.
"""
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import onnxfile
from nets import softmax, train

LAYERS, WIDTH, HEADS, HIDDEN = 2, 48, 4, 192
HEAD = WIDTH // HEADS
VOCABULARY, NEWLINE = 96, 95
CONTEXT = 128            # positions that there are vectors for
MASKED = 1e4             # subtracted from the attention scores of what is not to be seen
EPSILON = 1e-5           # of the layer normalisations

STORY = (HERE / "story.txt").read_text()


def tokens(text):
    return np.array([NEWLINE if c == "\n" else ord(c) - 32 for c in text])


def windows():
    """As many tokens as the context and one more, from the beginning of each line on, round and round."""
    starts = [0] + [i + 1 for i, c in enumerate(STORY[:-1]) if c == "\n"]
    round_and_round = tokens(STORY * 3)
    return np.stack([round_and_round[i:i + CONTEXT + 1] for i in starts])


def normalise(x):
    centred = x - x.mean(-1, keepdims=True)
    scale = 1 / np.sqrt((centred ** 2).mean(-1, keepdims=True) + np.float32(EPSILON))
    return centred * scale, scale


def normalise_back(gradient, y, scale):
    return scale * (gradient - gradient.mean(-1, keepdims=True) - y * (gradient * y).mean(-1, keepdims=True))


def heads(x):
    return x.reshape(*x.shape[:2], HEADS, HEAD).transpose(0, 2, 1, 3)


def joined(x):
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], -1, WIDTH)


def product_back(x, gradient):
    return x.reshape(-1, x.shape[-1]).T @ gradient.reshape(-1, gradient.shape[-1])


class Attention:
    def __init__(self, rng):
        self.parameters = [normal(rng, WIDTH, WIDTH) for _ in range(4)]  # query, key, value, mix

    def forward(self, x):
        query, key, value, mix = self.parameters
        self.x, self.scale = normalise(x)
        self.q, self.k, self.v = (heads(self.x @ each) for each in (query, key, value))
        scores = self.q @ self.k.transpose(0, 1, 3, 2) * np.float32(HEAD ** -0.5)
        later = np.triu(np.ones(scores.shape[-2:], np.float32), 1)
        self.p = softmax(scores - later * np.float32(MASKED))
        self.mixed = joined(self.p @ self.v)
        return x + self.mixed @ mix

    def backward(self, gradient):
        query, key, value, mix = self.parameters
        from_mix = heads(gradient @ mix.T)
        p = from_mix @ self.v.transpose(0, 1, 3, 2)
        scores = self.p * (p - (p * self.p).sum(-1, keepdims=True)) * np.float32(HEAD ** -0.5)
        q, k, v = (joined(each) for each in (scores @ self.k, scores.transpose(0, 1, 3, 2) @ self.q,
                                              self.p.transpose(0, 1, 3, 2) @ from_mix))
        self.gradients = [product_back(self.x, each) for each in (q, k, v)] + [product_back(self.mixed, gradient)]
        return gradient + normalise_back(q @ query.T + k @ key.T + v @ value.T, self.x, self.scale)


class FeedForward:
    def __init__(self, rng):
        self.parameters = [normal(rng, WIDTH, HIDDEN), normal(rng, HIDDEN, WIDTH)]

    def forward(self, x):
        up, down = self.parameters
        self.x, self.scale = normalise(x)
        self.hidden = np.maximum(self.x @ up, 0)
        return x + self.hidden @ down

    def backward(self, gradient):
        up, down = self.parameters
        hidden = gradient @ down.T * (self.hidden > 0)
        self.gradients = [product_back(self.x, hidden), product_back(self.hidden, gradient)]
        return gradient + normalise_back(hidden @ up.T, self.x, self.scale)


class Ends:
    """The vectors of tokens and positions that go in, and the matrix that gives logits."""

    def __init__(self, rng):
        self.parameters = [normal(rng, VOCABULARY, WIDTH, 4), normal(rng, CONTEXT, WIDTH, 4),
                           normal(rng, WIDTH, VOCABULARY)]


def normal(rng, rows, columns, size=1.0):
    return rng.normal(0, size / np.sqrt(rows), (rows, columns)).astype(np.float32)


class Decoder:
    """What `nets.train` trains. Texts are [batch, length] tokens from position 0 on."""

    def __init__(self, rng):
        self.ends = Ends(rng)
        self.blocks = [part(rng) for _ in range(LAYERS) for part in (Attention, FeedForward)]
        self.layers = [self.ends, *self.blocks]

    def set_training(self, on):
        pass

    def logits(self, ids):
        token, position, out = self.ends.parameters
        x = token[ids] + position[:ids.shape[1]]
        for block in self.blocks:
            x = block.forward(x)
        self.last, self.scale = normalise(x)
        return self.last @ out

    def gradients(self, texts):
        token, position, out = self.ends.parameters
        ids, following = texts[:, :-1], texts[:, 1:]
        p = softmax(self.logits(ids))
        place = (*np.indices(ids.shape), following)
        loss = -np.log(p[place] + 1e-9).mean()
        p[place] -= 1
        gradient = p / np.float32(ids.size)
        of_out = product_back(self.last, gradient)
        gradient = normalise_back(gradient @ out.T, self.last, self.scale)
        for block in reversed(self.blocks):
            gradient = block.backward(gradient)
        of_token = np.zeros_like(token)
        np.add.at(of_token, ids, gradient)
        self.ends.gradients = [of_token, gradient.sum(0), of_out]
        return loss, [g for layer in self.layers for g in layer.gradients]

    def round(self):
        """To what the file stores."""
        for layer in self.layers:
            layer.parameters = [p.astype(np.float16).astype(np.float32) for p in layer.parameters]


class Export:
    """Adds the same model, with its cache, to an `onnxfile.Graph`."""

    def __init__(self, graph):
        self.graph, self.add = graph, graph.node
        self.one = graph.constant(np.ones(WIDTH, np.float32))
        self.zero = graph.constant(np.zeros(WIDTH, np.float32))

    def scalar(self, value):
        return self.graph.constant(np.float32(value))

    def matmul(self, x, matrix, **output):
        return self.add("MatMul", x, self.graph.half(matrix), **output)

    def normalise(self, x):
        return self.add("LayerNormalization", x, self.one, self.zero, axis=-1, epsilon=EPSILON)

    def integers(self, name):
        return self.add("Cast", name, to=TensorProto.INT32)

    def bias(self):
        """0 where a token sees another one, else -MASKED; [batch, 1, sequence, total]. A token's place is the number of
        those before it that the mask does not leave out, which is what position_ids has."""
        mask = self.add("Cast", self.integers("attention_mask"), to=TensorProto.FLOAT)
        places = self.add("CumSum", mask, self.graph.constant(np.array(1, np.int64)))
        own = self.add("Add", self.add("Cast", self.integers("position_ids"), to=TensorProto.FLOAT), self.scalar(2))
        before = self.add("Sub", self.graph.reshape(own, [0, 1, -1, 1]), self.graph.reshape(places, [0, 1, 1, -1]))
        seen = self.add("Clip", before, self.scalar(0), self.scalar(1))
        seen = self.add("Mul", seen, self.graph.reshape(mask, [0, 1, 1, -1]))
        return self.add("Mul", self.add("Sub", seen, self.scalar(1)), self.scalar(MASKED))

    def heads(self, x, matrix):
        parts = self.graph.reshape(self.matmul(x, matrix), [0, 0, HEADS, HEAD])
        return self.add("Transpose", parts, perm=[0, 2, 1, 3])

    def attention(self, layer, block, x, bias):
        query, key, value, mix = block.parameters
        inner = self.normalise(x)
        keys = self.add("Concat", f"past_key_values.{layer}.key", self.heads(inner, key), axis=2, output=f"present.{layer}.key")
        values = self.add("Concat", f"past_key_values.{layer}.value", self.heads(inner, value), axis=2, output=f"present.{layer}.value")
        scores = self.add("MatMul", self.heads(inner, query), self.add("Transpose", keys, perm=[0, 1, 3, 2]))
        scores = self.add("Add", self.add("Mul", scores, self.scalar(HEAD ** -0.5)), bias)
        mixed = self.add("MatMul", self.add("Softmax", scores, axis=-1), values)
        mixed = self.graph.reshape(self.add("Transpose", mixed, perm=[0, 2, 1, 3]), [0, 0, WIDTH])
        return self.add("Add", x, self.matmul(mixed, mix))

    def feed_forward(self, block, x):
        up, down = block.parameters
        return self.add("Add", x, self.matmul(self.add("Relu", self.matmul(self.normalise(x), up)), down))

    def decoder(self, model):
        token, position, out = (self.graph.half(p) for p in model.ends.parameters)
        x = self.add("Add", self.add("Gather", token, self.integers("input_ids"), axis=0),
                     self.add("Gather", position, self.integers("position_ids"), axis=0))
        bias = self.bias()
        for layer in range(LAYERS):
            x = self.attention(layer, model.blocks[2 * layer], x, bias)
            x = self.feed_forward(model.blocks[2 * layer + 1], x)
        self.add("MatMul", self.normalise(x), out, output="logits")


def write_model(path, model):
    graph = onnxfile.Graph()
    Export(graph).decoder(model)
    whole, half = TensorProto.INT64, TensorProto.FLOAT
    cache = [f"{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]
    graph.save(path,
               [("input_ids", whole, ["batch", "sequence"]), ("attention_mask", whole, ["batch", "total"]),
                ("position_ids", whole, ["batch", "sequence"]),
                *((f"past_key_values.{each}", half, ["batch", HEADS, "past", HEAD]) for each in cache)],
               [("logits", half, ["batch", "sequence", VOCABULARY]),
                *((f"present.{each}", half, ["batch", HEADS, "total", HEAD]) for each in cache)],
               "A decoder that knows one short story", {"context_length": str(CONTEXT)})


def main():
    texts = windows()
    model = Decoder(np.random.default_rng(1))
    train(model, lambda _: (texts,), steps=300, rate=4e-3)
    model.round()
    ids = texts[:, :-1]
    logits = model.logits(ids)
    best, second = np.sort(logits[:, 24:])[..., :-3:-1].transpose(2, 0, 1)
    right = logits.argmax(-1) == texts[:, 1:]
    print(f"{100 * right[:, 24:].mean():.1f} % of the characters after the 24th are right; "
          f"the best of them leads by at least {(best - second).min():.2f}")
    path = HERE / "story.onnx"
    write_model(path, model)
    places = np.broadcast_to(np.arange(CONTEXT), ids.shape)
    past = np.zeros((len(ids), HEADS, 0, HEAD), np.float32)
    onnxfile.check(path, logits, 1e-3, input_ids=ids, attention_mask=np.ones_like(ids), position_ids=places,
                   **{f"past_key_values.{layer}.{part}": past for layer in range(LAYERS) for part in ("key", "value")})


if __name__ == "__main__":
    main()
