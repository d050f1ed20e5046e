// Tensors of the wire and tensors of ONNX Runtime.

import { CodedError } from './errors.js';
import { byteSize, bytesOf } from './protocol.js';

/** @typedef {import('./protocol.js').TensorInfo} TensorInfo @typedef {import('./protocol.js').WireTensor} WireTensor */
/** @typedef {import('onnxruntime-common').Tensor.Type} OrtType */

/** FP16 is a Uint16Array, which ONNX Runtime accepts in browsers with and without Float16Array. @type {Record<string, { ort: OrtType, array: any }>} */
const types = {
  BOOL: { ort: 'bool', array: Uint8Array }, UINT8: { ort: 'uint8', array: Uint8Array }, UINT16: { ort: 'uint16', array: Uint16Array },
  UINT32: { ort: 'uint32', array: Uint32Array }, UINT64: { ort: 'uint64', array: BigUint64Array }, INT8: { ort: 'int8', array: Int8Array },
  INT16: { ort: 'int16', array: Int16Array }, INT32: { ort: 'int32', array: Int32Array }, INT64: { ort: 'int64', array: BigInt64Array },
  FP16: { ort: 'float16', array: Uint16Array }, FP32: { ort: 'float32', array: Float32Array }, FP64: { ort: 'float64', array: Float64Array },
};
/** @type {Record<string, string>} */
const datatypes = Object.fromEntries(Object.entries(types).map(([datatype, { ort }]) => [ort, datatype]));

const maxRank = 8;

/** Whether the wire carries tensors of this type of ONNX Runtime and of this many dimensions. @param {string} type @param {number} rank */
export const isCarried = (type, rank) => Object.hasOwn(datatypes, type) && rank <= maxRank;

/** The wire's name for a type of ONNX Runtime; throws for types that the wire doesn't carry. @param {string} type @param {string} name the tensor */
export function datatypeOf(type, name) {
  if (!datatypes[type]) throw new Error(`"${name}" is of type ${type}, which the pool's protocol does not carry`);
  return datatypes[type];
}

/** @param {string} datatype */
export const ortTypeOf = datatype => types[datatype].ort;

/** The data as the typed array of its datatype: the same memory if it is aligned, as in every received frame, otherwise a copy. @param {WireTensor} tensor */
export function typedArrayOf({ datatype, data }) {
  const { array } = types[datatype];
  const bytes = data.byteOffset % array.BYTES_PER_ELEMENT ? bytesOf(data).slice() : data;
  return new array(bytes.buffer, bytes.byteOffset, bytes.byteLength / array.BYTES_PER_ELEMENT);
}

/** Zeros for each input, with 1 for every free dimension. @param {TensorInfo[]} inputs @returns {WireTensor[]} */
export const zerosFor = inputs => inputs.map(({ name, datatype, shape }) => {
  const fixed = shape.map(dimension => dimension < 0 ? 1 : dimension);
  return { name, datatype, shape: fixed, data: new Uint8Array(byteSize(datatype, fixed)) };
});

const shapeText = (/** @type {number[]} */ shape) => `[${shape.map(dimension => dimension < 0 ? '?' : dimension).join(', ')}]`;
const namesOf = (/** @type {TensorInfo[]} */ list) => list.map(({ name }) => `"${name}"`).join(', ') || 'none';

/**
 * Throws CodedError `bad_input` unless these are the model's inputs and outputs. ONNX Runtime would report it less clearly, or only after the upload.
 * A scalar may have been given with the shape [1], as ONNX Runtime takes it; it is returned with [], so that what is computed from it has its declared shape.
 * @template {TensorInfo} T @param {{ inputs: TensorInfo[], outputs: TensorInfo[] }} model @param {T[]} given @param {string[]} wanted @returns {T[]} what to compute with
 */
export function checkRun(model, given, wanted) {
  /** @param {boolean} good @param {() => string} why */
  const must = (good, why) => { if (!good) throw new CodedError('bad_input', why()); };
  for (const { name } of given) must(model.inputs.some(input => input.name === name), () => `the model has no input "${name}"; its inputs are ${namesOf(model.inputs)}`);
  for (const name of wanted) must(model.outputs.some(output => output.name === name), () => `the model has no output "${name}"; its outputs are ${namesOf(model.outputs)}`);
  /** @type {string[]} */
  const scalars = [];
  for (const { name, datatype, shape } of model.inputs) {
    const matches = given.filter(tensor => tensor.name === name);
    must(matches.length === 1, () => matches.length ? `the input "${name}" was given ${matches.length} times` : `the input "${name}" is missing`);
    must(matches[0].datatype === datatype, () => `the input "${name}" must be ${datatype}, not ${matches[0].datatype}`);
    if (!shape.length && matches[0].shape.length === 1 && matches[0].shape[0] === 1) {
      scalars.push(name);
      continue;
    }
    const fits = matches[0].shape.length === shape.length && shape.every((dimension, i) => dimension < 0 || dimension === matches[0].shape[i]);
    must(fits, () => `the input "${name}" must have the shape ${shapeText(shape)}, not ${shapeText(matches[0].shape)}`);
  }
  return scalars.length ? given.map(tensor => scalars.includes(tensor.name) ? { ...tensor, shape: [] } : tensor) : given;
}
