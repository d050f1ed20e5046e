import assert from 'node:assert/strict';
import { test } from 'node:test';

import { importModules } from '../modules.js';

const script = (/** @type {string} */ text) => `data:text/javascript,${encodeURIComponent(text)}`;

/** What is complained of when the pool's list is this one. @param {() => Promise<Response>} answer */
async function complaintsWith(answer) {
  const fetched = globalThis.fetch;
  globalThis.fetch = answer;
  /** @type {[string, string][]} */
  const complaints = [];
  try {
    await importModules((source, words) => complaints.push([source, words]));
  } finally {
    globalThis.fetch = fetched;
  }
  return complaints;
}

test('modules are imported in order, and those that fail are told and left out', async () => {
  const record = (/** @type {string} */ name) => script(`(globalThis.imported ??= []).push('${name}');`);
  const broken = script('throw new Error("broken");');
  const complaints = await complaintsWith(async () => Response.json([record('one'), broken, record('two')]));
  assert.deepEqual(/** @type {any} */ (globalThis).imported, ['one', 'two']);
  assert.deepEqual(complaints, [[broken, 'broken']]);
});

test('a pool without a list has no modules', async () => {
  assert.deepEqual(await complaintsWith(async () => new Response('no', { status: 404 })), []);
  assert.deepEqual(await complaintsWith(async () => { throw new TypeError('the pool is gone'); }), []);
});
