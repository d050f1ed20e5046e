"""Small convolutional networks in NumPy: layers, Adam and a training loop.

Activations are float32 arrays ordered [channel, batch, height, width], so that
a convolution over a whole batch is one matrix product. Each layer has
`forward`, `backward` and `export`; the last adds the same layer to an
`onnxfile.Graph`.
"""
import numpy as np


class Conv:
    """2-D convolution with a square kernel, zero padding of kernel // 2 and a bias."""

    def __init__(self, rng, inputs, outputs, kernel, stride):
        fan_in = inputs * kernel * kernel
        weight = rng.normal(0, np.sqrt(2 / fan_in), (outputs, inputs, kernel, kernel))
        self.parameters = [weight.astype(np.float32), np.zeros(outputs, np.float32)]
        self.kernel, self.stride, self.pad = kernel, stride, kernel // 2

    def windows(self, padded):
        """Yield (row, column, view): the padded pixels under each tap of the kernel."""
        height, width = self.size
        for row in range(self.kernel):
            for column in range(self.kernel):
                rows = slice(row, row + height * self.stride, self.stride)
                columns = slice(column, column + width * self.stride, self.stride)
                yield row, column, padded[:, :, rows, columns]

    def forward(self, x):
        weight, bias = self.parameters
        pad = ((0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad))
        padded = np.pad(x, pad)
        self.padded_shape = padded.shape
        self.size = [(n - self.kernel) // self.stride + 1 for n in padded.shape[2:]]
        taps = np.empty((x.shape[0], self.kernel, self.kernel, x.shape[1], *self.size), np.float32)
        for row, column, view in self.windows(padded):
            taps[:, row, column] = view
        self.taps = taps.reshape(weight[0].size, -1)
        y = weight.reshape(len(weight), -1) @ self.taps + bias[:, None]
        return y.reshape(len(weight), x.shape[1], *self.size)

    def backward(self, gradient):
        weight = self.parameters[0]
        flat = gradient.reshape(len(weight), -1)
        self.gradients = [(flat @ self.taps.T).reshape(weight.shape), flat.sum(1)]
        taps = (weight.reshape(len(weight), -1).T @ flat).reshape(
            -1, self.kernel, self.kernel, gradient.shape[1], *self.size)
        padded = np.zeros(self.padded_shape, np.float32)
        for row, column, view in self.windows(padded):
            view += taps[:, row, column]
        end = -self.pad if self.pad else None
        return padded[:, :, self.pad:end, self.pad:end]

    def export(self, graph, x):
        weight, bias = (graph.constant(p) for p in self.parameters)
        return graph.node("Conv", x, weight, bias, kernel_shape=[self.kernel] * 2,
                          strides=[self.stride] * 2, pads=[self.pad] * 4)


class Relu:
    parameters = []

    def forward(self, x):
        self.positive = x > 0
        return x * self.positive

    def backward(self, gradient):
        return gradient * self.positive

    def export(self, graph, x):
        return graph.node("Relu", x)


class Flatten:
    """[channel, batch, height, width] to [batch, channel * height * width]."""
    parameters = []

    def forward(self, x):
        self.shape = x.shape
        return x.transpose(1, 0, 2, 3).reshape(x.shape[1], -1)

    def backward(self, gradient):
        channels, batch, height, width = self.shape
        return gradient.reshape(batch, channels, height, width).transpose(1, 0, 2, 3)

    def export(self, graph, x):
        channels, _, height, width = self.shape
        return graph.reshape(x, [-1, channels * height * width])


class Dropout:
    """Zero a share of the values while training; the identity afterwards."""
    parameters = []

    def __init__(self, rng, share):
        self.rng, self.share, self.training = rng, share, False

    def forward(self, x):
        if not self.training:
            return x
        self.scale = (self.rng.random(x.shape) >= self.share) / np.float32(1 - self.share)
        return x * self.scale

    def backward(self, gradient):
        return gradient * self.scale

    def export(self, graph, x):
        return x


class Linear:
    """[batch, inputs] to [batch, outputs]."""

    def __init__(self, rng, inputs, outputs):
        weight = rng.normal(0, np.sqrt(1 / inputs), (inputs, outputs))
        self.parameters = [weight.astype(np.float32), np.zeros(outputs, np.float32)]

    def forward(self, x):
        self.x = x
        return x @ self.parameters[0] + self.parameters[1]

    def backward(self, gradient):
        self.gradients = [self.x.T @ gradient, gradient.sum(0)]
        return gradient @ self.parameters[0].T

    def export(self, graph, x):
        weight, bias = (graph.constant(p) for p in self.parameters)
        return graph.node("Gemm", x, weight, bias)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Classifier:
    """Layers in sequence, then softmax. Pictures are [batch, 1, height, width]."""

    def __init__(self, layers):
        self.layers = layers

    def logits(self, pictures):
        x = np.ascontiguousarray(pictures.transpose(1, 0, 2, 3))
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def probabilities(self, pictures):
        parts = [self.logits(pictures[i:i + 256]) for i in range(0, len(pictures), 256)]
        return softmax(np.concatenate(parts))

    def gradients(self, pictures, labels):
        """Mean cross-entropy loss, and its gradient for every parameter array."""
        p = softmax(self.logits(pictures))
        rows = np.arange(len(labels))
        loss = -np.log(p[rows, labels] + 1e-9).mean()
        p[rows, labels] -= 1
        gradient = p / np.float32(len(labels))
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return loss, [g for layer in self.layers if layer.parameters for g in layer.gradients]

    def export(self, graph, x):
        for layer in self.layers:
            x = layer.export(graph, x)
        return x

    def set_training(self, on):
        for layer in self.layers:
            layer.training = on


def train(network, batch, steps, rate=2e-3):
    """Adam with a cosine decay; `batch(step)` returns (pictures, labels)."""
    parameters = [p for layer in network.layers for p in layer.parameters]
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    network.set_training(True)
    for step in range(steps):
        loss, gradients = network.gradients(*batch(step))
        now = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        now *= np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        for p, g, m, v in zip(parameters, gradients, first, second):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= np.float32(now) * m / (np.sqrt(v) + 1e-8)
        if step % 200 == 0 or step == steps - 1:
            print(f"step {step:5d}  loss {loss:.4f}", flush=True)
    network.set_training(False)
