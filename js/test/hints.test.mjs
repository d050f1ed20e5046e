import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Hints } from '../hints.js';

/** @typedef {import('../hints.js').Page} Page */

/** A document that can be hidden and shown. */
class FakeDocument {
  /** @type {DocumentVisibilityState} */ visibilityState = 'visible';
  /** @type {(() => void)[]} */ listeners = [];
  addEventListener(/** @type {string} */ _, /** @type {any} */ listener) { this.listeners.push(listener); }
  become(/** @type {DocumentVisibilityState} */ state) {
    this.visibilityState = state;
    this.listeners.forEach(listener => listener());
  }
}

/** A sensor whose states the test tells. */
class FakeObserver {
  /** @type {FakeObserver | undefined} */ static last;
  observed = false;
  /** @param {(records: { state: string }[]) => void} heard */
  constructor(heard) { this.heard = heard; FakeObserver.last = this; }
  async observe() { this.observed = true; }
  disconnect() { this.observed = false; }
  say(/** @type {string[]} */ ...states) { this.heard(states.map(state => ({ state }))); }
}

const nothing = { visible: true, charging: undefined, battery: undefined, pressure: undefined, save_data: undefined };

test('what a browser does not tell is left out', async () => {
  const document = new FakeDocument();
  const hints = new Hints(/** @type {Page} */ ({ document, navigator: {} }));
  await undefined;
  assert.deepEqual(hints.read(), nothing);
  document.become('hidden');
  assert.deepEqual(hints.read(), { ...nothing, visible: false });
});

test('what it refuses to tell is left out too', async () => {
  const refuse = async () => { throw new Error('NotAllowedError'); };
  class Refusing extends FakeObserver {
    observe = refuse;
  }
  const hints = new Hints({ document: new FakeDocument(), navigator: { getBattery: refuse }, PressureObserver: Refusing });
  await new Promise(resolve => { setTimeout(resolve); });
  assert.deepEqual(hints.read(), nothing);
});

test('the battery and the wish to save traffic are told as they are now', async () => {
  const battery = { charging: true, level: 1 }, connection = { saveData: false };
  const hints = new Hints({ document: new FakeDocument(), navigator: { getBattery: async () => battery, connection } });
  assert.equal(hints.read().charging, undefined);
  await undefined;
  await undefined;
  assert.deepEqual(hints.read(), { ...nothing, charging: true, battery: 1, save_data: false });
  Object.assign(battery, { charging: false, level: 0.25 });
  connection.saveData = true;
  assert.deepEqual(hints.read(), { ...nothing, charging: false, battery: 0.25, save_data: true });
});

test('the pressure is the last state heard, and forgotten while nobody would tell of a change', () => {
  const document = new FakeDocument();
  const hints = new Hints({ document, navigator: {}, PressureObserver: FakeObserver });
  const sensor = /** @type {FakeObserver} */ (FakeObserver.last);
  assert.equal(sensor.observed, true);
  assert.equal(hints.read().pressure, undefined);
  sensor.say('nominal', 'serious');
  assert.equal(hints.read().pressure, 'serious');
  document.become('hidden');
  assert.equal(sensor.observed, false);
  assert.equal(hints.read().pressure, undefined);
  document.become('visible');
  assert.equal(sensor.observed, true);
  assert.equal(hints.read().pressure, undefined);
  sensor.say('a state of later');
  assert.equal(hints.read().pressure, undefined);
  sensor.say('critical');
  assert.equal(hints.read().pressure, 'critical');
});
