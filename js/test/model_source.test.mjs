import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { fetchModel } from '../model_source.js';
import { sha256 } from '../sha256.js';

const whole = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const model = { name: 'm', sha256: await sha256(whole), bytes: whole.length, url: '/models/m' };
const { fetch } = globalThis;
afterEach(() => { globalThis.fetch = fetch; });

/** A body that gives these bytes, and then breaks. @param {Uint8Array} bytes @param {boolean} breaks */
const body = (bytes, breaks) => new ReadableStream({
  start(controller) { controller.enqueue(bytes); },
  pull(controller) { breaks ? controller.error(new TypeError('network error')) : controller.close(); },
}, { highWaterMark: 0 });

/**
 * Answers each request by one of the functions, in order; the ranges that were asked for.
 * @param {((from: number) => Response)[]} answers
 */
function serve(...answers) {
  /** @type {(string | null)[]} */
  const ranges = [];
  globalThis.fetch = async (_, options) => {
    const range = new Headers(options?.headers).get('Range');
    ranges.push(range);
    return /** @type {(from: number) => Response} */ (answers.shift())(Number(range?.match(/\d+/)?.[0] ?? 0));
  };
  return ranges;
}
const part = (/** @type {number} */ end) => (/** @type {number} */ from) => new Response(body(whole.subarray(from, end), end < 1000), { status: from ? 206 : 200 });

test('a download that breaks goes on where it ended', async () => {
  const ranges = serve(part(300), part(301), part(1000));
  /** @type {number[]} */
  const seen = [];
  const { bytes, fromCache } = await fetchModel(model, done => seen.push(done));
  assert.deepEqual(bytes, whole);
  assert.equal(fromCache, false);
  assert.deepEqual(ranges, [null, 'bytes=300-', 'bytes=301-']);
  assert.equal(seen.at(-1), 1000);
});

test('where ranges are not known, it begins anew', async () => {
  const ranges = serve(part(300), () => new Response(body(whole, false)));
  assert.deepEqual((await fetchModel(model, () => {})).bytes, whole);
  assert.deepEqual(ranges, [null, 'bytes=300-']);
});

test('three tries in a row that bring nothing end it with the last reason', async () => {
  const ranges = serve(part(300), part(300), part(300));
  await assert.rejects(fetchModel(model, () => {}), { code: 'fetch_failed', message: '/models/m could not be fetched: network error' });
  assert.deepEqual(ranges, [null, 'bytes=300-', 'bytes=300-']);
});

test('what another try would not change is not tried again', async () => {
  for (const [answer, why] of /** @type {[() => Response, string][]} */ ([
    [() => new Response('no', { status: 404 }), 'HTTP 404'], [() => new Response(new Uint8Array(1001)), 'there are more than the 1000 bytes announced'],
  ])) {
    const ranges = serve(answer);
    await assert.rejects(fetchModel(model, () => {}), { code: 'fetch_failed', message: `/models/m could not be fetched: ${why}` });
    assert.equal(ranges.length, 1);
  }
  serve(() => new Response(new Uint8Array(1000)));
  await assert.rejects(fetchModel(model, () => {}), { code: 'hash_mismatch' });
});

test('a load that is given up stops fetching', async () => {
  const ranges = serve(part(300), part(300));
  await assert.rejects(fetchModel(model, () => {}, AbortSignal.abort()), { code: 'fetch_failed' });
  assert.equal(ranges.length, 1);
});
