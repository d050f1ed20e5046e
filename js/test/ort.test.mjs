import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { createSession } from '../backends/ort.js';

const { fetch } = globalThis;
afterEach(() => { globalThis.fetch = fetch; });

/** The words with which a session is refused, whose runtime says no. @param {number} status of its files @param {number} [bytes] of the file beside the model */
async function refusal(status, bytes) {
  globalThis.fetch = async () => new Response('', { status });
  const ort = /** @type {any} */ ({ InferenceSession: { create: async () => { throw new Error('Integer overflow'); } } });
  const external = bytes === undefined ? undefined : [{ path: 'w.bin', data: new Uint8Array(bytes) }];
  return createSession(ort, { script: '/ort/x.mjs', wasm: '/ort/x.wasm' }, new Uint8Array(100), { externalData: external }).then(() => assert.fail(), ({ message }) => message);
}

test('what the runtime refuses is told in its words, and with the limits where the model is beyond one', async () => {
  assert.equal(await refusal(200), 'Integer overflow');
  assert.equal(await refusal(200, 1000), 'Integer overflow');
  assert.equal(await refusal(200, 2 ** 31 - 100), `Integer overflow; its files have ${2 ** 31} bytes, and ONNX Runtime Web holds tensors of less than 2 GiB each, less than 4 GiB together`);
});

test('a runtime that is not there is told apart from a model that it does not take', async () => {
  assert.equal(await refusal(404, 1000), '/ort/x.wasm could not be fetched');
});
