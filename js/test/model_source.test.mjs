import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { fetchModel } from '../model_source.js';
import { sha256 } from '../sha256.js';
import { FakeCache, install } from './caches.mjs';

const whole = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const model = { name: 'm', sha256: await sha256(whole), bytes: whole.length, url: '/models/m' };
const { fetch } = globalThis;
afterEach(() => { globalThis.fetch = fetch; Reflect.deleteProperty(globalThis, 'caches'); });

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

test('what the pool says of bytes that it can\'t read is tried again, and then told', async () => {
  const failed = () => new Response('the disk is in trouble', { status: 500 });
  assert.deepEqual((serve(part(300), failed, part(1000)), (await fetchModel(model, () => {})).bytes), whole);
  const ranges = serve(part(300), failed, failed);
  await assert.rejects(fetchModel(model, () => {}), { code: 'fetch_failed', message: '/models/m could not be fetched: the disk is in trouble' });
  assert.equal(ranges.length, 3);
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
  await assert.rejects(fetchModel(model, () => {}, { signal: AbortSignal.abort() }), { code: 'fetch_failed' });
  assert.equal(ranges.length, 1);
});

test('what was fetched is in the cache the next time, unless the limit is too small for it', async () => {
  const cache = new FakeCache();
  install(cache);
  for (const [limit, requests] of [[999, 2], [0, 2], [1000, 1]]) {
    const ranges = serve(part(1000), part(1000));
    assert.equal((await fetchModel(model, () => {}, { cacheBytes: limit })).fromCache, false);
    assert.equal((await fetchModel(model, () => {}, { cacheBytes: limit })).fromCache, requests === 1);
    assert.equal(ranges.length, requests);
  }
});

test('what has the wrong hash is not kept', async () => {
  const cache = new FakeCache();
  install(cache);
  serve(() => new Response(new Uint8Array(1000)));
  await assert.rejects(fetchModel(model, () => {}), { code: 'hash_mismatch' });
  assert.equal(cache.entries.size, 0);
});

test('files beside a model come at once, count as one, and are called by their names in errors', async () => {
  const files = await Promise.all([1, 2].map(async (content, i) => {
    const bytes = new Uint8Array(500).fill(content);
    return { path: `part ${i}.bin`, sha256: await sha256(bytes), bytes: 500, url: `/models/part${i}`, content: bytes };
  }));
  /** @type {Record<string, Uint8Array>} */
  const served = { '/models/m': whole, '/models/part0': files[0].content, '/models/part1': files[1].content };
  let open = 0, most = 0;
  const serveAll = async (/** @type {any} */ url) => {
    most = Math.max(most, ++open);
    await new Promise(resolve => { setTimeout(resolve, 5); });
    open--;
    return new Response(/** @type {any} */ (served[url]));
  };
  globalThis.fetch = serveAll;
  const external = files.map(({ content, ...file }) => file);
  /** @type {number[][]} */
  const seen = [];
  const result = await fetchModel({ ...model, external }, (...given) => seen.push(given));
  assert.equal(most, 3);
  assert.deepEqual(result.bytes, whole);
  assert.deepEqual(result.external, files.map(({ path, content }) => ({ path, data: content })));
  assert.deepEqual(seen.at(-1), [2000, 2000]);
  assert.ok(seen.every(([done, total], i) => total === 2000 && (i === 0 || done >= seen[i - 1][0])));

  served['/models/part1'] = new Uint8Array(500);
  await assert.rejects(fetchModel({ ...model, external }, () => {}), { code: 'hash_mismatch', message: /^"part 1\.bin" \(\/models\/part1\) has the SHA-256 / });
  globalThis.fetch = async url => url === '/models/part0' ? new Response('', { status: 404 }) : serveAll(url);
  await assert.rejects(fetchModel({ ...model, external }, () => {}), { code: 'fetch_failed', message: '"part 0.bin" (/models/part0) could not be fetched: HTTP 404' });
});

test('a model is from the cache when all of its files are', async () => {
  const cache = new FakeCache();
  install(cache);
  const content = new Uint8Array(50).fill(5);
  const external = [{ path: 'w', sha256: await sha256(content), bytes: 50, url: '/models/w' }];
  globalThis.fetch = async url => new Response(url === '/models/w' ? content : whole);
  assert.equal((await fetchModel({ ...model, external }, () => {})).fromCache, false);
  assert.equal((await fetchModel({ ...model, external }, () => {})).fromCache, true);
  cache.entries.delete(`/models/${external[0].sha256}`);
  const again = await fetchModel({ ...model, external }, () => {});
  assert.equal(again.fromCache, false);
  assert.deepEqual(again.external, [{ path: 'w', data: content }]);
});

test('workers that want one model at the same time fetch it once where there are locks, and each where the cache takes none', async t => {
  /** @type {Map<string, Promise<unknown>>} */
  const held = new Map();
  const request = (/** @type {string} */ name, /** @type {() => Promise<unknown>} */ work) => {
    const mine = (held.get(name) ?? Promise.resolve()).then(work);
    held.set(name, mine.catch(() => {}));
    return mine;
  };
  Object.defineProperty(globalThis, 'navigator', { value: { locks: { request } }, configurable: true });
  t.after(() => Reflect.deleteProperty(globalThis, 'navigator'));
  install(new FakeCache());
  for (const [cacheBytes, requests] of [[1000, 1], [999, 3], [0, 3]]) {
    const ranges = serve(part(1000), part(1000), part(1000));
    const results = await Promise.all([1, 2, 3].map(() => fetchModel(model, () => {}, { cacheBytes })));
    for (const { bytes } of results) assert.deepEqual(bytes, whole);
    assert.equal(ranges.length, requests);
    assert.equal(results.filter(({ fromCache }) => fromCache).length, 3 - requests);
    install(new FakeCache());
  }
  const ranges = serve(part(300), part(300), part(300), part(1000));  // the first gives up, and the next tries for itself
  const ends = await Promise.allSettled([1, 2].map(() => fetchModel(model, () => {})));
  assert.deepEqual(ends.map(({ status }) => status), ['rejected', 'fulfilled']);
  assert.equal(ranges.length, 4);
});

test('what is told of the importance goes with each request', async () => {
  /** @type {unknown[]} */
  const seen = [];
  globalThis.fetch = async (_, options) => {
    seen.push(/** @type {any} */ (options).priority);
    return new Response(whole);
  };
  await fetchModel(model, () => {}, { importance: 'low' });
  await fetchModel(model, () => {});
  assert.deepEqual(seen, ['low', undefined]);
});
