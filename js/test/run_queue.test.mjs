import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as later } from 'node:timers/promises';

import { RunQueue } from '../run_queue.js';

/** A job that ends when told to. */
function controlled() {
  /** @type {{ started: boolean, finish: (value: any) => void, break: (error: Error) => void, job: () => Promise<any> }} */
  const control = { started: false, finish: () => {}, break: () => {}, job: () => new Promise((resolve, reject) => Object.assign(control, { started: true, finish: resolve, break: reject })) };
  return control;
}

test('a job starts at once, the next one only when it has ended', async () => {
  const queue = new RunQueue();
  const [one, two] = [controlled(), controlled()];
  const answers = [queue.push(1, one.job), queue.push(2, two.job)];
  assert.deepEqual([one.started, two.started], [true, false]);
  one.finish('first');
  assert.equal(await answers[0], 'first');
  for (let turns = 0; !two.started && turns < 100; turns++) await later();
  two.finish('second');
  assert.equal(await answers[1], 'second');
});

test('never two at a time, always in order', async () => {
  const queue = new RunQueue();
  let running = 0;
  /** @type {number[]} */
  const order = [];
  await Promise.all(Array.from({ length: 50 }, (_, id) => queue.push(id, async () => {
    assert.equal(++running, 1);
    order.push(id);
    if (id % 3) await later();
    running--;
  })));
  assert.deepEqual(order, Array.from({ length: 50 }, (_, id) => id));
});

test('a job that fails does not stop the queue', async () => {
  const queue = new RunQueue();
  const bad = queue.push(1, async () => { throw new Error('no'); });
  const good = queue.push(2, async () => 'yes');
  await assert.rejects(bad, /no/);
  assert.equal(await good, 'yes');
});

test('cancel drops a job that waits, and leaves alone the one that runs and those that have ended', async () => {
  const queue = new RunQueue();
  const one = controlled();
  const answers = [queue.push(1, one.job), queue.push(2, async () => assert.fail('it was cancelled'))];
  queue.cancel(1);
  queue.cancel(2);
  queue.cancel(3);
  await assert.rejects(answers[1], { code: 'cancelled', message: /run 2 was cancelled/ });
  one.finish('done');
  assert.equal(await answers[0], 'done');
});

test('who adds a job hears of its end once, and before the next one starts', async () => {
  const queue = new RunQueue();
  /** @type {string[]} */
  const heard = [];
  const failed = (/** @type {any} */ error) => { heard.push(`failed: ${error.message}`); };
  /** @param {number} id @param {() => Promise<any>} job @param {(result: any) => void} [done] */
  const add = (id, job, done = result => { heard.push(result); }) => queue.add({ id, job, done, failed });
  add(1, async () => 'one');
  add(2, () => { throw new Error('thrown at once'); });
  add(3, async () => 'three', () => { throw new Error('thrown by done'); });
  const last = controlled();
  add(4, last.job);
  for (let turns = 0; !last.started && turns < 1000; turns++) await later();
  assert.deepEqual(heard.splice(0), ['one', 'failed: thrown at once', 'failed: thrown by done']);
  queue.fail(new Error('over'));
  queue.fail(new Error('over again'));
  last.finish('too late');
  add(5, async () => assert.fail('the queue has failed'));
  await later();
  assert.deepEqual(heard, ['failed: over', 'failed: over again']);
});

test('a job that has ended does not fail with the queue', async () => {
  const queue = new RunQueue();
  await new Promise(done => queue.add({ id: 1, job: async () => 1, done, failed: () => assert.fail('it has ended well') }));
  queue.fail(new Error('too late for the first'));  // while it listens for cancels
  await later();
});

/** @param {number} milliseconds */
const spin = milliseconds => {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
};

test('a cancel that comes while jobs never wait for anything is heard between them', async () => {
  const queue = new RunQueue();
  const answers = Array.from({ length: 3 }, (_, id) => queue.push(id, async () => spin(6)));
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { queue.cancel(2); port1.close(); };
  port2.postMessage(null);
  assert.deepEqual((await Promise.allSettled(answers)).map(({ status }) => status), ['fulfilled', 'fulfilled', 'rejected']);
});

test('a failure of the queue ends every job, even one that never answers, and every later one', async () => {
  const queue = new RunQueue();
  const stuck = controlled();
  const answers = [queue.push(1, stuck.job), queue.push(2, async () => assert.fail('the queue has failed'))];
  queue.fail(new Error('the device is gone'));
  for (const answer of [...answers, queue.push(3, async () => {})]) await assert.rejects(answer, /the device is gone/);
});
