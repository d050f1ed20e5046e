import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openSessions } from '../backends/registry.js';
import { typedArrayOf } from '../tensors.js';
import { noisy, verify } from '../verification.js';

/** @typedef {import('../protocol.js').WireTensor} WireTensor */

const times = { upload: 0, compute: 0, download: 0 };
const floats = (/** @type {number[]} */ values) => ({ name: 'x', datatype: 'FP32', shape: [values.length], data: new Float32Array(values) });

/** A session that computes this of the values. @param {(values: number[]) => number[]} compute @returns {any} */
const session = compute => ({
  run: async (/** @type {WireTensor[]} */ [{ data }]) => ({ outputs: [{ ...floats(compute([...typedArrayOf({ datatype: 'FP32', data, name: 'x', shape: [] })])), name: 'y' }], times }),
});
const sum = session(values => [values.reduce((a, b) => a + b)]);

test('noise keeps shapes, and what may be an index', () => {
  const index = { name: 'i', datatype: 'INT64', shape: [1], data: new BigInt64Array([1n]) };
  const half = { name: 'h', datatype: 'FP16', shape: [3], data: new Uint16Array(3) };
  const [x, i, h] = noisy([floats([0, 0, 0, 0]), index, half]);
  assert.equal(i, index);
  const values = [...typedArrayOf(x)];
  assert.ok(new Set(values).size === 4 && values.every(value => value >= 0 && value < 1));
  assert.ok([...typedArrayOf(h)].every(bits => bits >= 0x3800 && bits < 0x3c00));
  assert.deepEqual([...typedArrayOf(noisy([floats([0, 0, 0, 0])])[0])], values);  // the same each time
});

test('a session that agrees is good, one that differs is not, on noise or on what it ran', async () => {
  assert.equal(await verify(sum, sum, [floats([0, 0])]), undefined);
  const product = session(values => [values.reduce((a, b) => a * b)]);
  await assert.rejects(verify(product, sum, [floats([0, 0])]), /^Error: it computes something else than WASM: "y"\[0\] is .* and not .*; 1 of 1 elements differ$/);
  const tied = session(values => values[0] === values[1] ? [7] : [values[0] + values[1]]);
  await assert.rejects(verify(tied, sum, [floats([1, 1])]), /is 7 and not 2/);
});

test('what draws random numbers, or takes nothing, can not be verified', async () => {
  let draws = 0;
  assert.equal(await verify(sum, session(() => [draws++]), [floats([1, 1])]), 'the model draws random numbers');
  const refusing = session(() => { throw new Error('no'); });
  assert.equal(await verify(sum, refusing, [floats([1, 1])]), 'WASM refuses the inputs');
  const noNoise = session(values => { if (values[0] % 1) throw new Error('whole numbers only'); return [values[0] + values[1]]; });
  assert.equal(await verify(sum, noNoise, [floats([1, 1])]), undefined);
  await assert.rejects(verify(refusing, sum, [floats([1, 1])]), { message: 'no' });
});

test('a model that is large, or runs on nothing made up, is loaded unverified', async () => {
  const takes = (/** @type {() => Promise<any>} */ run) => ({ name: 'gpu', create: async () => ({ inputs: [], outputs: [], details: { deviceType: null, cpuFallback: false }, run, dispose: async () => {} }) });
  const open = (/** @type {any} */ backend, /** @type {number} */ length) =>
    openSessions([{ name: 'm', bytes: new Uint8Array(length) }], [{ name: 'gpu' }], { freeDimensions: {}, deviceLost: () => {}, verify: true }, () => {}, [backend]);
  const large = await open(takes(async () => ({ outputs: [], times })), 2 ** 26 + 1);
  assert.deepEqual([large.verified, large.remarks], [false, ['not verified: it has 67108865 bytes, more than 67108864']]);
  const picky = await open(takes(async () => { throw new Error('no such index'); }), 1);
  assert.deepEqual([picky.verified, picky.remarks.at(-1)], [false, 'not verified: no made-up inputs run']);
});
