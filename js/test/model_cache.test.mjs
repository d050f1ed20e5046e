import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { ModelCache } from '../model_cache.js';
import { sha256 } from '../sha256.js';
import { FakeCache, install } from './caches.mjs';

/** @param {number} content @param {number} [size] */
const model = async (content, size = 100) => {
  const bytes = new Uint8Array(size).fill(content);
  return { hash: await sha256(bytes), bytes };
};
const [a, b, c, d] = await Promise.all([1, 2, 3, 4].map(content => model(content)));
const paths = (/** @type {{ hash: string }[]} */ ...models) => models.map(({ hash }) => `/models/${hash}`).sort();

/** Time goes on by one with each question. */
const { now } = Date;
beforeEach(() => { let time = 1000; Date.now = () => time++; });
afterEach(() => {
  Date.now = now;
  Reflect.deleteProperty(globalThis, 'caches');
  Reflect.deleteProperty(globalThis, 'navigator');
});

/** A worker's view of the cache. @param {FakeCache} fake @param {number} limit */
async function open(fake, limit) {
  install(fake);
  const cache = /** @type {ModelCache} */ (await ModelCache.open(limit));
  return { store: (/** @type {typeof a} */ { hash, bytes }) => cache.store(hash, bytes), read: (/** @type {typeof a} */ { hash, bytes }) => cache.read(hash, bytes.length) };
}

/** Web Locks: one holder at a time. */
function installLocks() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  const request = (/** @type {string} */ _, /** @type {() => Promise<void>} */ work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
  Object.defineProperty(globalThis, 'navigator', { value: { locks: { request } }, configurable: true });
}

test('what was stored is read again, by content', async () => {
  const { store, read } = await open(new FakeCache(), 1000);
  assert.equal(await read(a), undefined);
  await store(a);
  assert.deepEqual(await read(a), a.bytes);
  assert.equal(await read(b), undefined);
});

test('what was not used for longest leaves first', async () => {
  const fake = new FakeCache();
  const { store, read } = await open(fake, 250);
  await store(a);
  await store(b);
  await read(a);
  await store(c);
  assert.deepEqual(fake.models, paths(a, c));
  await store(d);
  assert.deepEqual(fake.models, paths(c, d));
  assert.equal(fake.entries.size, 4, 'a note for each, and none of those that left');
});

test('one that is stored again takes no more room', async () => {
  const fake = new FakeCache();
  const { store } = await open(fake, 200);
  for (const each of [a, b, a, b]) await store(each);
  assert.deepEqual(fake.models, paths(a, b));
});

test('a large model puts out as many as it needs, and one above the limit none', async () => {
  const fake = new FakeCache();
  const { store } = await open(fake, 300);
  for (const each of [a, b, c]) await store(each);
  const large = await model(9, 150);
  await store(large);
  assert.deepEqual(fake.models, paths(c, large));
  await store(await model(8, 301));
  assert.deepEqual(fake.models, paths(c, large));
});

test('a limit that has become smaller counts from the next model on', async () => {
  const fake = new FakeCache();
  const wide = await open(fake, 1000);
  for (const each of [a, b, c]) await wide.store(each);
  await (await open(fake, 200)).store(d);
  assert.deepEqual(fake.models, paths(c, d));
});

test('without a limit nothing leaves, with a limit of 0 and without caches there is none', async () => {
  const fake = new FakeCache();
  const { store } = await open(fake, Infinity);
  for (const each of [a, b, c]) await store(each);
  assert.equal(fake.models.length, 3);
  assert.equal(await ModelCache.open(0), undefined);
  Reflect.deleteProperty(globalThis, 'caches');
  assert.equal(await ModelCache.open(1000), undefined);
  Object.assign(globalThis, { caches: { open: async () => { throw new Error('a private window'); } } });
  assert.equal(await ModelCache.open(1000), undefined);
});

test('when the disk is full before the limit, the oldest leave and it is tried once more', async () => {
  const fake = new FakeCache(400);  // with the notes, three models are too many
  const { store, read } = await open(fake, 10_000);
  await store(a);
  await store(b);
  await read(a);
  const large = await model(7, 150);
  await store(large);
  assert.deepEqual(fake.models, paths(large));
  fake.quota = 0;
  await store(c);  // and then it goes on without
  assert.equal(await read(c), undefined);
});

test('what fails for another reason puts nothing out', async () => {
  const fake = new FakeCache();
  const { store } = await open(fake, 1000);
  await store(a);
  fake.put = async () => { throw new Error('no'); };
  await store(b);
  assert.deepEqual(fake.models, paths(a));
  fake.keys = async () => { throw new Error('no'); };
  await store(c);
});

test('bytes that are damaged are forgotten', async () => {
  const fake = new FakeCache();
  const { store, read } = await open(fake, 1000);
  await store(a);
  fake.entries.set(`/models/${a.hash}`, new Uint8Array(100));
  assert.equal(await read(a), undefined);
  assert.equal(fake.entries.size, 0);
});

test('a read succeeds also where its time cannot be noted', async () => {
  const fake = new FakeCache();
  const { store, read } = await open(fake, 1000);
  await store(a);
  fake.put = async () => { throw Object.assign(new Error('full'), { name: 'QuotaExceededError' }); };
  assert.deepEqual(await read(a), a.bytes);
});

test('models without a note and notes without a model, as a worker leaves them that ends at the wrong moment, are put in order', async () => {
  const fake = new FakeCache();
  const { store } = await open(fake, 250);
  await store(a);
  fake.entries.set(`/models/${b.hash}`, b.bytes);
  fake.entries.set(`/models/${d.hash}?note`, new TextEncoder().encode('{"bytes":100,"used":99999}'));
  fake.entries.set(`/models/${a.hash}?note`, new TextEncoder().encode('{"bytes":'));
  await store(c);
  assert.deepEqual(fake.models.length, 2);
  assert.ok(fake.models.includes(paths(c)[0]));
  assert.ok(!fake.entries.has(`/models/${d.hash}?note`));
});

test('workers that store at once never pass the limit where there are locks', async () => {
  installLocks();
  const fake = new FakeCache();
  const models = await Promise.all(Array.from({ length: 20 }, (_, i) => model(i)));
  let most = 0;
  const { put } = fake;
  fake.put = async (path, response) => {
    await put.call(fake, path, response);
    most = Math.max(most, fake.models.length);
  };
  const workers = await Promise.all(models.map(() => open(fake, 300)));
  await Promise.all(models.map((each, i) => workers[i].store(each)));
  assert.equal(most, 3);
  assert.equal(fake.models.length, 3);
});

test('without locks a race may pass the limit, and the next model ends that', async () => {
  const fake = new FakeCache();
  const models = await Promise.all(Array.from({ length: 10 }, (_, i) => model(i)));
  const workers = await Promise.all(models.map(() => open(fake, 300)));
  await Promise.all(models.map((each, i) => workers[i].store(each)));
  await workers[0].store(await model(99));
  assert.equal(fake.models.length, 3);
  assert.equal(fake.entries.size, 6);
});
