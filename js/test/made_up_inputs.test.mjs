import assert from 'node:assert/strict';
import { test } from 'node:test';

import { madeUpInputs, runOnMadeUp } from '../made_up_inputs.js';
import { byteSize } from '../protocol.js';
import { typedArrayOf } from '../tensors.js';
import { NoAnswer } from '../timing.js';

const inputs = [
  { name: 'image', datatype: 'FP32', shape: [-1, 3, -1, 48] }, { name: 'sound', datatype: 'FP16', shape: [-1, -1] }, { name: 'h', datatype: 'FP32', shape: [2, -1, 128] },
  { name: 'ids', datatype: 'INT64', shape: [-1, -1] }, { name: 'sr', datatype: 'INT64', shape: [] }, { name: 'steps', datatype: 'INT32', shape: [-1] },
];

test('the first inputs are zeros of the smallest size, the second ones ones of a likely size', () => {
  const [zeros, likely] = madeUpInputs(inputs);
  assert.deepEqual(zeros.map(({ shape }) => shape), [[1, 3, 1, 48], [1, 1], [2, 1, 128], [1, 1], [], [1]]);
  assert.ok(zeros.every(tensor => typedArrayOf(tensor).every((/** @type {number | bigint} */ value) => Number(value) === 0)));
  assert.deepEqual(likely.map(({ shape }) => shape), [[1, 3, 64, 48], [1, 512], [2, 16, 128], [1, 8], [], [8]]);
  assert.deepEqual(likely.map(tensor => typedArrayOf(tensor)[0]), [1, 0x3c00, 1, 1n, 16_000n, 1]);
  for (const { datatype, shape, data } of [...zeros, ...likely]) assert.equal(data.byteLength, byteSize(datatype, shape));
});

test('a model that refuses the first inputs is asked once more', async () => {
  /** @type {number[][]} */
  const asked = [];
  const picky = async (/** @type {import('../protocol.js').WireTensor[]} */ feeds) => {
    asked.push(feeds[0].shape);
    if (feeds[0].shape[2] < 3) throw new Error('smaller than the kernel');
  };
  const taken = await runOnMadeUp(inputs, picky);
  assert.deepEqual(asked, [[1, 3, 1, 48], [1, 3, 64, 48]]);
  assert.deepEqual(taken[0].shape, [1, 3, 64, 48]);
});

test('what was wrong with the first inputs is told, and what hangs is not asked again', async () => {
  let runs = 0;
  await assert.rejects(runOnMadeUp(inputs, async () => { throw new Error(`failure ${++runs}`); }), { message: 'failure 1' });
  assert.equal(runs, 2);
  await assert.rejects(runOnMadeUp(inputs, async () => { runs++; throw new NoAnswer('it did not answer'); }), NoAnswer);
  assert.equal(runs, 3);
});
