import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { fastestThreads } from '../backends/threads.js';
import { FakeCache, install } from './caches.mjs';

afterEach(() => { Reflect.deleteProperty(globalThis, 'caches'); });

const trial = { model: new Uint8Array(), freeDimensions: {} };

/** A device on which a run takes so long with each number of threads; an error is thrown. @param {Record<number, number | Error>} times @param {{ cores?: number, isolated?: boolean }} [page] */
function device(times, page = {}) {
  /** @type {number[]} */
  const tried = [];
  const time = async (/** @type {unknown} */ _, /** @type {number} */ threads) => {
    tried.push(threads);
    const answer = times[threads];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { tried, choose: (key = 'm') => fastestThreads(trial, key, { cores: 8, isolated: true, time, ...page }) };
}

test('the faster number of threads is kept, with the time of the other', async () => {
  assert.deepEqual(await device({ 1: 30, 4: 10 }).choose(), { threads: 4, passedOver: ['1 thread: slower: a run on made-up inputs takes 30.0 ms, with 4 threads 10.0 ms'] });
  assert.deepEqual(await device({ 1: 10, 4: 30 }).choose(), { threads: 1, passedOver: ['4 threads: slower: a run on made-up inputs takes 30.0 ms, with 1 thread 10.0 ms'] });
  assert.equal((await device({ 1: 10, 4: 10 }).choose()).threads, 1);
});

test('no more threads are tried than there are cores', async () => {
  const two = device({ 1: 20, 2: 15 }, { cores: 2 });
  assert.equal((await two.choose()).threads, 2);
  assert.deepEqual(two.tried, [1, 2]);
});

test('a page that may have one thread tries none', async () => {
  for (const page of [{ isolated: false }, { cores: 1 }, { cores: 0 }]) {
    const { tried, choose } = device({}, page);
    assert.deepEqual(await choose(), { threads: 1, passedOver: [] });
    assert.deepEqual(tried, []);
  }
});

test('threads that fail or never start are passed over, and the reason is kept', async () => {
  assert.deepEqual(await device({ 1: 10, 4: new Error('a run on made-up inputs did not answer in 20 s') }).choose(),
    { threads: 1, passedOver: ['4 threads: could not be compared: with 4 threads: a run on made-up inputs did not answer in 20 s'] });
  assert.deepEqual(await device({ 1: new Error('no kernel'), 4: 5 }).choose(), { threads: 1, passedOver: ['4 threads: could not be compared: with 1 thread: no kernel'] });
});

test('what was measured is remembered by content and number of threads', async () => {
  const cache = new FakeCache();
  install(cache);
  await device({ 1: 30, 4: 10 }).choose('a');
  const again = device({ 1: 10, 4: 30 });
  assert.equal((await again.choose('a')).threads, 4);
  assert.deepEqual(again.tried, []);
  assert.equal((await again.choose('b')).threads, 1);
  assert.deepEqual(again.tried, [1, 4]);
  const other = device({ 1: 10, 2: 30 }, { cores: 2 });
  assert.equal((await other.choose('a')).threads, 1);
  cache.entries.set('/threads/4/a', new TextEncoder().encode('{"threads"'));
  assert.equal((await device({ 1: 10, 4: 30 }).choose('a')).threads, 1);
});

test('without a cache it is measured each time', async () => {
  const { tried, choose } = device({ 1: 10, 4: 30 });
  await choose();
  await choose();
  assert.deepEqual(tried, [1, 4, 1, 4]);
});
