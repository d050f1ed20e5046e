import assert from 'node:assert/strict';
import { test } from 'node:test';

import { disagreement } from '../agreement.js';

const arrays = { FP32: Float32Array, FP16: Uint16Array, INT64: BigInt64Array, UINT8: Uint8Array, BOOL: Uint8Array, INT32: Int32Array };
/** @param {keyof typeof arrays} datatype @param {any[]} values */
const tensor = (datatype, values, shape = [values.length], name = 'y') => ({ name, datatype, shape, data: new arrays[datatype](values) });
/** @param {keyof typeof arrays} datatype @param {any[]} given @param {any[]} wanted */
const between = (datatype, given, wanted) => disagreement([tensor(datatype, given)], [tensor(datatype, wanted)]);

test('floating-point numbers may differ by a share of their own size and of the largest in the tensor', () => {
  assert.equal(between('FP32', [1, 0.0009, 100], [1, 0, 100]), undefined);
  assert.equal(between('FP32', [1.0015, 0.5], [1, 0.5]), undefined);
  assert.equal(between('FP32', [1, 0.64], [1, 0.8]), '"y"[1] is 0.6399999856948853 and not 0.800000011920929; 1 of 2 elements differ');
  assert.equal(between('FP32', [0, 0], [0, 0]), undefined);
  assert.match(between('FP32', [1e-9, 0], [0, 0]) ?? '', /1 of 2/);  // where everything is 0, nothing else is almost 0
});

test('what is not a number agrees with itself alone', () => {
  assert.equal(between('FP32', [NaN, Infinity, -Infinity], [NaN, Infinity, -Infinity]), undefined);
  assert.match(between('FP32', [NaN, 1], [2, 1]) ?? '', /^"y"\[0\] is NaN and not 2/);
  assert.match(between('FP32', [1e30, 1], [Infinity, 1]) ?? '', /1 of 2/);
  assert.match(between('FP32', [1, 3], [NaN, 3]) ?? '', /is 1 and not NaN/);
});

test('half precision is compared by value, more coarsely', () => {
  assert.equal(between('FP16', [0x3c00, 0x8000, 0x0001], [0x3c0a, 0x0000, 0x0002]), undefined);  // 1 and 1.0098, -0 and 0, the smallest two
  assert.match(between('FP16', [0x3c00], [0x3d00]) ?? '', /is 1 and not 1.25/);
  assert.match(between('FP16', [0x7c00], [0x7bff]) ?? '', /is Infinity and not 65504/);
});

test('integers are equal but for one in a hundred, and 8 bits may be one step off', () => {
  const many = Array.from({ length: 200 }, (_, i) => BigInt(i));
  assert.equal(between('INT64', many.map(each => each < 2n ? each + 7n : each), many), undefined);
  assert.match(between('INT64', many.map(each => each < 3n ? each + 7n : each), many) ?? '', /3 of 200/);
  assert.match(between('INT32', [4], [5]) ?? '', /is 4 and not 5/);
  assert.equal(between('UINT8', [4, 255], [5, 254]), undefined);
  assert.match(between('UINT8', [3], [5]) ?? '', /is 3 and not 5/);
});

test('outputs have the names, datatypes and shapes of the reference', () => {
  const wanted = [tensor('FP32', [1, 2], [1, 2]), tensor('BOOL', [1], [], 'z')];
  assert.equal(disagreement([wanted[1], wanted[0]], wanted), undefined);
  assert.equal(disagreement([wanted[0]], wanted), '"z" is missing and not BOOL []');
  assert.equal(disagreement([tensor('FP32', [1, 2], [2, 1]), wanted[1]], wanted), '"y" is FP32 [2, 1] and not FP32 [1, 2]');
  assert.equal(disagreement([tensor('INT32', [1, 2], [1, 2]), wanted[1]], wanted), '"y" is INT32 [1, 2] and not FP32 [1, 2]');
});
