import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { serveSpawns } from '../spawner.js';

/** What the page sees of a worker. */
class FakeWorker extends EventTarget {
  /** @type {FakeWorker[]} */ static all = [];
  /** @type {unknown[]} */ received = [];
  ended = false;

  /** @param {URL | string} [script] @param {{ name?: string }} [options] */
  constructor(script = '', options = {}) {
    super();
    this.script = String(script);
    this.name = options.name;
    FakeWorker.all.push(this);
  }

  postMessage(/** @type {unknown} */ message) { this.received.push(message); }
  terminate() { this.ended = true; }
  /** The worker says this to the page. @param {unknown} data */
  say(data) { this.dispatchEvent(new MessageEvent('message', { data })); }
}

const { Worker } = globalThis;
beforeEach(() => {
  FakeWorker.all = [];
  Object.assign(globalThis, { Worker: FakeWorker });
});
afterEach(() => { Object.assign(globalThis, { Worker }); });

const spawn = (/** @type {number} */ child) => ({ event: 'spawn', child, script: `/child-${child}.js`, name: `child ${child}`, port: `port ${child}` });

/** A served worker that has started two, the first of which has started one. */
function family() {
  const parent = new FakeWorker();
  const end = serveSpawns(/** @type {any} */ (parent));
  parent.say(spawn(0));
  parent.say(spawn(1));
  FakeWorker.all[1].say(spawn(0));
  return { parent, end, ended: () => FakeWorker.all.map(each => each.ended) };
}

test('a worker is started with its name, and is told what to import and where to speak', () => {
  family();
  const [, first, second, grandchild] = FakeWorker.all;
  assert.deepEqual([first.name, second.name, grandchild.name], ['child 0', 'child 1', 'child 0']);
  assert.ok(first.script.endsWith('/spawned.js'));
  assert.deepEqual(second.received, [{ script: '/child-1.js', port: 'port 1' }]);
});

test('a worker ends with the one that started it, and with the one before that', () => {
  const { parent, end, ended } = family();
  parent.say({ event: 'end_spawned', child: 0 });
  assert.deepEqual(ended(), [false, true, false, true]);
  parent.say({ event: 'end_spawned', child: 0 });  // ends what is not there any more
  end();
  assert.deepEqual(ended(), [true, true, true, true]);
});

test('a worker that has ended starts nothing', () => {
  const { parent, end } = family();
  end();
  parent.say(spawn(2));
  assert.equal(FakeWorker.all.length, 4);
});

test('other reports start nothing', () => {
  const { parent } = family();
  parent.say({ event: 'started' });
  assert.equal(FakeWorker.all.length, 4);
});
