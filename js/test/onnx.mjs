// Writes small ONNX models, so that the tests need no files: just enough of the format (opset 17) for that.

/** In a shape, "" is a free dimension without a name. A value of a `sequence` of tensors has no shape. @typedef {{ name: string, type: number, shape?: (number | string)[], sequence?: boolean }} Value @typedef {{ op: string, inputs: string[], outputs: string[], ints?: Record<string, number> }} Node */

export const FLOAT = 1, INT64 = 7, STRING = 8, FLOAT16 = 10, BFLOAT16 = 16;

/** @param {number} value -1 is the only one below 0 @returns {number[]} */
const varint = value => value === -1 ? [...Array(9).fill(255), 1] : value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))];
const number = (/** @type {number} */ field, /** @type {number} */ value) => Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (/** @type {number} */ field, /** @type {Uint8Array | string} */ content) => {
  const body = Buffer.from(/** @type {any} */ (content));
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(body.length)]), body]);
};
const message = (/** @type {number} */ field, /** @type {Buffer[]} */ ...parts) => bytes(field, Buffer.concat(parts));

/** @param {Omit<Value, 'name'>} value */
const tensorType = ({ type, shape }) => message(1, number(1, type),
  ...shape ? [message(2, ...shape.map(dimension => message(1, typeof dimension === 'number' ? number(1, dimension) : dimension ? bytes(2, dimension) : Buffer.of())))] : []);
/** @param {number} field @param {Value} value */
const valueInfo = (field, { name, sequence, ...value }) => message(field, bytes(1, name), message(2, sequence ? message(4, message(1, tensorType(value))) : tensorType(value)));

/** @param {Node} node */
const nodeOf = ({ op, inputs, outputs, ints = {} }) => message(1, ...inputs.map(name => bytes(1, name)), ...outputs.map(name => bytes(2, name)), bytes(4, op),
  ...Object.entries(ints).map(([name, value]) => message(5, bytes(1, name), number(3, value), number(20, 2))));

/** @param {{ name: string, shape: number[], values: number[] }} weights */
const initializer = ({ name, shape, values }) => message(5, ...shape.map(dimension => number(1, dimension)), number(2, FLOAT), bytes(8, name), bytes(9, new Uint8Array(new Float32Array(values).buffer)));

/** @param {{ nodes: Node[], inputs: Value[], outputs: Value[], weights?: { name: string, shape: number[], values: number[] }[] }} graph @returns {Uint8Array} */
export const onnxModel = ({ nodes, inputs, outputs, weights = [] }) => Buffer.concat([number(1, 8),
  message(7, ...nodes.map(nodeOf), bytes(2, 'test'), ...weights.map(initializer), ...inputs.map(value => valueInfo(11, value)), ...outputs.map(value => valueInfo(12, value))),
  message(8, number(2, 17))]);

const weights = [
  { name: 'w', shape: [4, 3], values: [0.5, -1, 2, 1.5, 0.25, -0.75, -2, 1, 0.125, 3, -0.5, 1] },
  { name: 'b', shape: [3], values: [0.1, -0.2, 0.3] },
];

/** A classifier over rows of four numbers. @param {number | string} batch a size, or the name of a free dimension */
export const classifier = batch => onnxModel({
  nodes: [{ op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['scores'] }, { op: 'Softmax', inputs: ['scores'], outputs: ['probabilities'] }],
  inputs: [{ name: 'x', type: FLOAT, shape: [batch, 4] }], weights,
  outputs: [{ name: 'scores', type: FLOAT, shape: [batch, 3] }, { name: 'probabilities', type: FLOAT, shape: [batch, 3] }],
});

/** Has a node (Det) that ONNX Runtime computes on the CPU only. */
export const determinant = () => onnxModel({
  nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['positive'] }, { op: 'Det', inputs: ['positive'], outputs: ['y'] }],
  inputs: [{ name: 'x', type: FLOAT, shape: [3, 3] }], outputs: [{ name: 'y', type: FLOAT, shape: [] }],
});

/** Fours in a row: takes a number of values that is a multiple of 4, and so no made-up one. */
export const fours = () => onnxModel({
  nodes: [{ op: 'Flatten', inputs: ['x'], outputs: ['row'], ints: { axis: 0 } }, { op: 'MatMul', inputs: ['row', 'w'], outputs: ['y'] }],
  inputs: [{ name: 'x', type: FLOAT, shape: ['n'] }], outputs: [{ name: 'y', type: FLOAT, shape: [1, 'm'] }],
  weights: [{ name: 'w', shape: [4, 1], values: [1, 1, 1, 1] }],
});

/** Takes rows of a table by index. */
export const lookup = () => onnxModel({
  nodes: [{ op: 'Gather', inputs: ['table', 'indices'], outputs: ['y'] }],
  inputs: [{ name: 'indices', type: INT64, shape: ['n'] }], outputs: [{ name: 'y', type: FLOAT, shape: ['n', 2] }],
  weights: [{ name: 'table', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] }],
});

/** The last of the largest in each row; what WebNN gives is the first one. */
export const lastLargest = () => onnxModel({
  nodes: [{ op: 'ArgMax', inputs: ['x'], outputs: ['y'], ints: { axis: 1, keepdims: 0, select_last_index: 1 } }],
  inputs: [{ name: 'x', type: FLOAT, shape: [2, 4] }], outputs: [{ name: 'y', type: INT64, shape: [2] }],
});

/** Doubles halves, and rounds them to 64-bit integers. */
export const halves = () => onnxModel({
  nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }, { op: 'Cast', inputs: ['y'], outputs: ['z'], ints: { to: INT64 } }],
  inputs: [{ name: 'x', type: FLOAT16, shape: [2, 3] }], outputs: [{ name: 'y', type: FLOAT16, shape: [2, 3] }, { name: 'z', type: INT64, shape: [2, 3] }],
});

/** Relu, beside outputs that the wire can't carry. */
export const mixed = () => onnxModel({
  nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['label'], ints: { to: STRING } }, { op: 'Cast', inputs: ['x'], outputs: ['brain'], ints: { to: BFLOAT16 } }, { op: 'SequenceConstruct', inputs: ['x', 'x'], outputs: ['twice'] }, { op: 'Relu', inputs: ['x'], outputs: ['y'] }],
  inputs: [{ name: 'x', type: FLOAT, shape: [3] }],
  outputs: [{ name: 'label', type: STRING, shape: [3] }, { name: 'brain', type: BFLOAT16, shape: [3] }, { name: 'twice', type: FLOAT, sequence: true }, { name: 'y', type: FLOAT, shape: [3] }],
});

/** No runtime knows its operator. */
export const nonsense = () => onnxModel({
  nodes: [{ op: 'Frobnicate', inputs: ['x'], outputs: ['y'] }],
  inputs: [{ name: 'x', type: FLOAT, shape: [1] }], outputs: [{ name: 'y', type: FLOAT, shape: [1] }],
});

/** Enough work that a queue of runs takes a while: repeated products of square matrices. */
export const slow = (side = 256, depth = 24) => onnxModel({
  nodes: Array.from({ length: depth }, (_, i) => [
    { op: 'MatMul', inputs: [i ? `t${i - 1}` : 'x', 'x'], outputs: [`m${i}`] }, { op: 'Tanh', inputs: [`m${i}`], outputs: [`t${i}`] }]).flat(),
  inputs: [{ name: 'x', type: FLOAT, shape: [side, side] }], outputs: [{ name: `t${depth - 1}`, type: FLOAT, shape: [side, side] }],
});
