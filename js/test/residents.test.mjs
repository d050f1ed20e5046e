import assert from 'node:assert/strict';
import { test } from 'node:test';

import { onHost, Residents } from '../residents.js';

const wire = (/** @type {string} */ name, /** @type {number[]} */ ...values) => ({ name, datatype: 'FP32', shape: [values.length], data: new Float32Array(values) });

/** Counts what is given back. @param {string} name @param {number[]} released */
const onDevice = (name, released, /** @type {number} */ mark) => ({
  name, datatype: 'FP32', shape: [1], buffer: /** @type {GPUBuffer} */ (/** @type {unknown} */ ({ mark })), read: async () => new Uint8Array([mark, 0, 0, 0]), release: () => { released.push(mark); },
});

test('what stays is told of and not sent, and comes back under the name of the input', async () => {
  const residents = new Residents();
  const { outputs, kept } = await residents.keep([wire('a', 1), wire('b', 2, 3)], [{ name: 'b', tensor: 9 }]);
  assert.deepEqual(outputs, [wire('a', 1)]);
  assert.deepEqual(kept, [{ name: 'b', datatype: 'FP32', shape: [2], tensor: 9 }]);
  const [input] = residents.inputs([{ name: 'x', tensor: 9 }]);
  assert.deepEqual(await onHost(input), { name: 'x', datatype: 'FP32', shape: [2], data: new Uint8Array(new Float32Array([2, 3]).buffer) });
  assert.equal((await residents.fetch(9)).name, 'tensor');
});

test('what is on the device is not read, but to travel or where a backend has no use for it', async () => {
  /** @type {number[]} */
  const released = [];
  const residents = new Residents();
  const { outputs, kept } = await residents.keep([onDevice('a', released, 5), onDevice('b', released, 6)], [{ name: 'a', tensor: 1 }]);
  assert.deepEqual(outputs, [{ name: 'b', datatype: 'FP32', shape: [1], data: new Uint8Array([6, 0, 0, 0]) }]);
  assert.deepEqual(kept, [{ name: 'a', datatype: 'FP32', shape: [1], tensor: 1 }]);
  const [input] = residents.inputs([{ name: 'x', tensor: 1 }]);
  assert.ok('buffer' in input);
  assert.deepEqual((await onHost(input)).data, new Uint8Array([5, 0, 0, 0]));
  residents.release([1, 1, 77]);
  assert.deepEqual(released, [5], 'once, and what was never here is no error');
  assert.throws(() => residents.inputs([{ name: 'x', tensor: 1 }]), { code: 'tensor_lost', message: 'this worker has no tensor 1' });
  await assert.rejects(residents.fetch(1), { code: 'tensor_lost' });
});

test('with nothing to keep, everything travels', async () => {
  assert.deepEqual(await new Residents().keep([wire('a', 1)], []), { outputs: [wire('a', 1)] });
});
