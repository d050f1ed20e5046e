import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Incoming, Refusal } from '../incoming.js';
import { sha256 } from '../sha256.js';

const whole = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const streamOf = (/** @type {Uint8Array[]} */ ...parts) => new ReadableStream({
  start(controller) {
    for (const part of parts) controller.enqueue(part);
    controller.close();
  },
});

/** Makes the page one that has no hash of the browser's. @param {import('node:test').TestContext} t */
function beInsecure(t) {
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
  t.after(() => Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true }));
}

test('bytes that come in parts, and begin anew, are one file with one hash, whoever computes that', async t => {
  const expected = await sha256(whole);
  for (const secure of [true, false]) {
    if (!secure) beInsecure(t);
    const incoming = new Incoming(1000);
    await incoming.take(streamOf(new Uint8Array(300)), () => {});
    assert.equal(incoming.done, 300);
    incoming.restart();
    await incoming.take(streamOf(whole.subarray(0, 77), whole.subarray(77, 400)), () => {});
    await incoming.take(streamOf(whole.subarray(400)), () => {});
    assert.equal(incoming.done, 1000);
    assert.deepEqual(incoming.bytes, whole);
    assert.equal(await incoming.sha256(), expected);
  }
});

test('progress is told now and then, and not of the end', async () => {
  /** @type {number[]} */
  const seen = [];
  await new Incoming(1000).take(streamOf(whole.subarray(0, 10), whole.subarray(10)), done => seen.push(done));
  assert.deepEqual(seen, [10]);
});

test('more bytes than were announced are refused, and more than the tab can hold, by name', async () => {
  await assert.rejects(new Incoming(999).take(streamOf(whole), () => {}), error => error instanceof Refusal && error.message === 'there are more than the 999 bytes announced');
  assert.throws(() => new Incoming(2 ** 52), error => error instanceof Refusal && error.message.startsWith(`this tab has no room for ${2 ** 52} bytes in one array: `));
});
