"""Write ONNX files, and run them in NumPy to check what was written."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Collects nodes and constants; values are referred to by name."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def node(self, operator, *inputs, output=None, **attributes):
        """Append one operator and return the name of its output."""
        output = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def constant(self, array):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def half(self, array):
        """A constant stored as float16 and cast to float32 for use."""
        stored = self.constant(np.asarray(array, np.float16))
        return self.node("Cast", stored, to=TensorProto.FLOAT)

    def reshape(self, x, shape):
        return self.node("Reshape", x, self.constant(np.array(shape, np.int64)))

    def classify(self):
        """Call what the last operator gives `logits`, and add `probabilities`, their softmax; the outputs for `save`."""
        self.nodes[-1].output[0] = "logits"
        self.node("Softmax", "logits", output="probabilities", axis=-1)
        return [(name, TensorProto.FLOAT, ["batch", 10]) for name in ("probabilities", "logits")]

    def save(self, path, inputs, outputs, description, metadata={}):
        """Write the checked file; `inputs` and `outputs` are (name, type, shape)."""
        graph = helper.make_graph(
            self.nodes, path.stem,
            [helper.make_tensor_value_info(*i) for i in inputs],
            [helper.make_tensor_value_info(*o) for o in outputs], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)],
                                  producer_name="webpool-examples", doc_string=description)
        model.ir_version = 8
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        path.write_bytes(model.SerializeToString())
        print(f"{path.name}: {path.stat().st_size} bytes")


def conv(x, weight, bias=None, *, kernel_shape, strides, pads):
    rows, columns = kernel_shape
    x = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    view = np.lib.stride_tricks.sliding_window_view(x, (rows, columns), (2, 3))
    view = view[:, :, ::strides[0], ::strides[1]]
    y = np.einsum("ncyxij,ocij->noyx", view, weight, optimize=True)
    return y if bias is None else y + bias[:, None, None]


def layer_normalization(x, scale, bias, *, axis, epsilon):
    centred = x - x.mean(axis, keepdims=True)
    deviation = np.sqrt((centred ** 2).mean(axis, keepdims=True) + epsilon)
    return centred / deviation * scale + bias


def softmax(x, *, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


TYPES = {TensorProto.FLOAT: np.float32, TensorProto.INT32: np.int32}

OPERATORS = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide,
    "MatMul": np.matmul, "Log": np.log,
    "Cast": lambda x, to: x.astype(TYPES[to]),
    "Clip": lambda x, low, high=None: np.clip(x, low, high),
    "Concat": lambda *parts, axis: np.concatenate(parts, axis),
    "Conv": conv,
    "CumSum": lambda x, axis: x.cumsum(int(axis)),
    "Gather": lambda x, indices, axis: np.take(x, indices, axis),
    "Gemm": lambda a, b, c: a @ b + c,
    "LayerNormalization": layer_normalization,
    "ReduceL2": lambda x, axes, keepdims: np.sqrt((x * x).sum(tuple(axes), keepdims=keepdims)),
    "ReduceMean": lambda x, axes, keepdims: x.mean(tuple(axes), keepdims=keepdims),
    "Relu": lambda x: np.maximum(x, 0),
    "Reshape": lambda x, shape: x.reshape([n or x.shape[axis] for axis, n in enumerate(shape)]),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softmax": softmax,
    "Transpose": lambda x, perm: np.transpose(x, perm),
}


def run(path, **inputs):
    """Evaluate the first output of an ONNX file with the operators above."""
    graph = onnx.load(path).graph
    values = {c.name: numpy_helper.to_array(c) for c in graph.initializer} | inputs
    for node in graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        arguments = [values[name] for name in node.input]
        values[node.output[0]] = OPERATORS[node.op_type](*arguments, **attributes)
    return values[graph.output[0].name]


def check(path, reference, tolerance, **inputs):
    """Fail unless the file computes `reference`, for batches of 1 and of all rows."""
    one = run(path, **{name: value[:1] for name, value in inputs.items()})
    difference = max(np.abs(run(path, **inputs) - reference).max(),
                     np.abs(one - reference[:1]).max())
    print(f"{path.name}: largest difference from the NumPy model {difference:.1e}")
    if difference > tolerance:
        raise SystemExit(f"{path.name} differs from the NumPy model by more than {tolerance}")
