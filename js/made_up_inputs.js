// Inputs for runs that nobody asked for, made up from what a model says of itself. Whether a model takes them says nothing about the model: it may want
// an index that exists, a step that is not 0, or a picture that is larger than its kernels.

import { byteSize } from './protocol.js';
import { typedArrayOf, zerosFor } from './tensors.js';
import { NoAnswer } from './timing.js';

/** @typedef {import('./protocol.js').TensorInfo} TensorInfo @typedef {import('./protocol.js').WireTensor} WireTensor */

/** As FP16 a number is its bits. @type {Record<string, number | bigint>} */
const one = { FP16: 0x3c00, INT64: 1n, UINT64: 1n };
const sampleRate = /^(sr|sample_?rate)$/i;

/** Sizes that most models with such an input take: a small picture, half a second or so of sound in frames, a short text. @param {TensorInfo} input */
function likelyShape({ datatype, shape }) {
  const free = !datatype.startsWith('FP') ? 8 : shape.length > 3 ? 64 : 512;
  return shape.map((size, axis) => size >= 0 ? size : axis === 0 && shape.length > 1 ? 1 : axis === shape.length - 1 || shape.length > 3 ? free : 16);
}

/** Ones, and for a sample rate the most usual one. @param {TensorInfo} input @returns {WireTensor} */
function likely(input) {
  const { name, datatype } = input, shape = likelyShape(input);
  const tensor = { name, datatype, shape, data: new Uint8Array(byteSize(datatype, shape)) };
  const wide = typeof one[datatype] === 'bigint';
  typedArrayOf(tensor).fill(sampleRate.test(name) ? wide ? 16_000n : 16_000 : one[datatype] ?? 1);
  return tensor;
}

/** Sets of inputs to try in turn, the cheapest first. @param {TensorInfo[]} inputs @returns {WireTensor[][]} */
export const madeUpInputs = inputs => [zerosFor(inputs), inputs.map(likely)];

/**
 * A first run. Gives back the inputs that the model took; throws what was wrong with the first ones if it took none, or `NoAnswer` as soon as it hangs.
 * @param {TensorInfo[]} inputs @param {(feeds: WireTensor[]) => Promise<unknown>} run @returns {Promise<WireTensor[]>}
 */
export async function runOnMadeUp(inputs, run) {
  /** @type {unknown[]} */
  const errors = [];
  for (const feeds of madeUpInputs(inputs)) {
    try {
      await run(feeds);
      return feeds;
    } catch (error) {
      if (error instanceof NoAnswer) throw error;
      errors.push(error);
    }
  }
  throw errors[0];
}
