// Whether two backends' outputs of one run agree.

import { typedArrayOf } from './tensors.js';

/** @typedef {import('./protocol.js').WireTensor} WireTensor */

/**
 * An element b of the reference and a of the other backend agree if |a - b| <= share * (|b| + the largest magnitude in the tensor). ONNX's backend tests and
 * ONNX Runtime Web's own allow 1e-3 of |b| in FP32; the tensor's magnitude stands in for what sums of many terms lose where they cancel out. Of 11 bits of
 * precision in FP16, half may go. What was quantised to 8 bits may round the other way, by one step. Other integers and booleans are equal, but for one
 * element in a hundred: where two values are almost equal, ArgMax may take either.
 */
const shares = /** @type {Record<string, number>} */ ({ FP16: 2e-2, FP32: 1e-3, FP64: 1e-3 });
const steps = /** @type {Record<string, number>} */ ({ INT8: 1, UINT8: 1 });
const mayDiffer = 0.01;

/** Of a half-precision number's bits. @param {number} bits */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction / 1024 * 2 ** -14);
}

/** @param {WireTensor} tensor @returns {(i: number) => number} */
function valuesOf(tensor) {
  const array = typedArrayOf(tensor);
  return tensor.datatype === 'FP16' ? i => fromHalf(array[i]) : i => Number(array[i]);
}

/** @param {WireTensor} given @param {WireTensor} wanted of the same datatype and shape @returns {string | undefined} */
function differenceOf(given, wanted) {
  const { name, datatype, shape } = wanted, share = shares[datatype] ?? 0, step = steps[datatype] ?? 0;
  const count = shape.reduce((product, size) => product * size, 1), valueOf = valuesOf(given), referenceOf = valuesOf(wanted);
  let largest = 0;
  for (let i = 0; i < count; i++) {
    const magnitude = Math.abs(referenceOf(i));
    if (magnitude > largest && magnitude < Infinity) largest = magnitude;
  }
  let different = 0, worst = -1, distance = 0;
  for (let i = 0; i < count; i++) {
    const a = valueOf(i), b = referenceOf(i), far = Math.abs(a - b);
    if (Object.is(a, b) || Number.isFinite(b) && far <= share * (Math.abs(b) + largest) + step) continue;
    different++;
    if (worst < 0 || far > distance || Number.isNaN(far)) [worst, distance] = [i, far];
  }
  if (!different || (!share && different <= mayDiffer * count)) return undefined;
  return `"${name}"[${worst}] is ${valueOf(worst)} and not ${referenceOf(worst)}; ${different} of ${count} elements differ`;
}

/** How outputs differ from those of the reference; undefined if they agree. @param {WireTensor[]} given @param {WireTensor[]} reference @returns {string | undefined} */
export function disagreement(given, reference) {
  for (const wanted of reference) {
    const { name, datatype, shape } = wanted;
    const same = given.find(each => each.name === name);
    if (!same || same.datatype !== datatype || same.shape.join() !== shape.join()) {
      return `"${name}" is ${same ? `${same.datatype} [${same.shape.join(', ')}]` : 'missing'} and not ${datatype} [${shape.join(', ')}]`;
    }
    const difference = differenceOf(same, wanted);
    if (difference) return difference;
  }
  return undefined;
}
