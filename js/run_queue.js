// Runs one job at a time, in order. A session is not re-entrant: two runs at once can hang it.

import { CodedError } from './errors.js';

/** The longest time, in milliseconds, without listening for messages between jobs; listening takes as long as some runs. */
const patience = 5;

/**
 * Lets the worker receive what has come meanwhile, above all a cancel: otherwise all waiting runs on WASM would be over before the next message's
 * task. This comes after a job and not before one, so that a pool that waits for each answer waits for nothing else.
 * @returns {Promise<void>}
 */
const listen = () => new Promise(resolve => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); resolve(); };
  port2.postMessage(null);
});

/**
 * A job, and the receivers of its result or of what it or `done` throws. One of the two is called, once, in the turn in which the job ends.
 * @template T @typedef {{ id: number, job: () => Promise<T>, done: (result: T) => void, failed: (error: unknown) => void }} Entry
 */

/** @template T */
export class RunQueue {
  /** @type {Entry<T>[]} */ #waiting = [];
  /** @type {Entry<T> | undefined} */ #running;
  #busy = false;  // with a job, or with listening after one
  /** @type {unknown} */ #failure;
  #listened = 0;

  /** Starts the job when all before it have ended. @param {Entry<T>} entry */
  add(entry) {
    if (this.#failure !== undefined) return entry.failed(this.#failure);
    this.#waiting.push(entry);
    this.#next();
  }

  /** The same with a promise, which makes a small run a little slower. @param {number} id @param {() => Promise<T>} job @returns {Promise<T>} */
  push(id, job) {
    return new Promise((done, failed) => this.add({ id, job, done, failed }));
  }

  /** Drops a job that has not started; one that has started or ended is left alone. @param {number} id */
  cancel(id) {
    const i = this.#waiting.findIndex(entry => entry.id === id);
    if (i >= 0) this.#waiting.splice(i, 1)[0].failed(new CodedError('cancelled', `run ${id} was cancelled before it started`));
  }

  /** Ends every job, started or not, with this error, and every later one too. @param {unknown} error */
  fail(error) {
    this.#failure = error;
    const ended = this.#running ? [this.#running] : [];
    this.#running = undefined;
    [...ended, ...this.#waiting.splice(0)].forEach(({ failed }) => failed(error));
  }

  async #next() {
    if (this.#busy || this.#failure !== undefined) return;
    const entry = this.#running = this.#waiting.shift();
    if (!entry) return;
    this.#busy = true;
    try {
      const result = await entry.job();
      if (this.#failure === undefined) entry.done(result);
    } catch (error) {
      if (this.#failure === undefined) entry.failed(error);
    }
    this.#running = undefined;
    if (performance.now() - this.#listened > patience) {
      await listen();
      this.#listened = performance.now();
    }
    this.#busy = false;
    this.#next();
  }
}
