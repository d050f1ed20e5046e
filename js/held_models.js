// The models that a worker holds. The first run of each shows whether the backend that took it can run it: whether another one can do what this one
// can't is tried with the request itself, and its answer is the caller's.

import { dispose } from './backends/registry.js';
import { CodedError, messageOf } from './errors.js';
import { loadModels } from './load.js';
import { areOnHost } from './residents.js';

/** @typedef {import('./protocol.js').Load} Load @typedef {import('./backends/registry.js').RunResult} RunResult */
/** @typedef {Awaited<ReturnType<typeof loadModels>>} Opened @typedef {Parameters<typeof loadModels>[1]} Worker */

/** So many failed runs of a model that has not answered yet are tried on other backends. A program that begins with a few bad requests loses nothing by it. */
const mostSearches = 3;

export class HeldModels {
  /** By part: how many failed runs are still tried elsewhere. @type {number[]} */ #searches;
  #load;
  #worker;
  #opened;
  #moved;
  #open;

  /** @param {Load} load @param {Worker} worker @param {Opened} opened @param {(opened: Opened) => void} moved called when another backend has taken over @param {typeof loadModels} [open] */
  constructor(load, worker, opened, moved, open = loadModels) {
    this.#load = load;
    this.#worker = worker;
    this.#opened = opened;
    this.#moved = moved;
    this.#open = open;
    this.#searches = opened.sessions.map(() => mostSearches);
  }

  /** The session of that part now, if there is one. @param {number} part */
  session(part) {
    return this.#opened.sessions[part];
  }

  /**
   * `Session.run`, on another backend if this one can't and never could.
   * @param {number} part @param {import('./residents.js').RunTensor[]} feeds @param {string[]} outputs @param {string[]} keep @param {() => boolean} bound   another backend can't take over: the worker has tensors, which that couldn't use, or has lost its device, which says nothing about the backend
   * @returns {Promise<RunResult>}
   */
  run(part, feeds, outputs, keep, bound) {
    return this.#searches[part] ? this.#runFirst(part, feeds, outputs, keep, bound) : this.session(part).run(feeds, outputs, keep);
  }

  /** The same before the model has answered. @param {Parameters<HeldModels['run']>} request */
  async #runFirst(...[part, feeds, outputs, keep, bound]) {
    const session = this.session(part);
    try {
      const result = await session.run(feeds, outputs, keep);
      this.#searches[part] = 0;
      return result;
    } catch (error) {
      const elsewhere = !bound() && !keep.length && !(error instanceof CodedError) && !session.begin && areOnHost(feeds);
      const result = elsewhere ? await this.#search(part, feeds, outputs, error, bound) : undefined;
      if (!result) throw error;
      return result;
    }
  }

  /** Runs the request on each other backend in turn until one answers, and stays there. @param {number} part @param {import('./protocol.js').WireTensor[]} feeds @param {string[]} outputs @param {unknown} error @param {() => boolean} bound */
  async #search(part, feeds, outputs, error, bound) {
    this.#searches[part]--;
    const { backend: name, device_type: device } = this.#opened.loaded;
    const tried = [{ backend: name, message: `${device ? `${device}: ` : ''}a run failed: ${messageOf(error)}` }];
    for (let others = this.#opened.others; others.length;) {
      const opened = await this.#open({ ...this.#load, backends: others, warmup: false, compare: false, verify: false }, this.#worker).catch(() => undefined);
      if (!opened) return undefined;
      const result = await opened.sessions[part].run(feeds, outputs).catch(() => undefined);
      if (result && !bound()) {
        this.#move({ ...opened, loaded: { ...opened.loaded, tried: [...tried, ...opened.loaded.tried] } });
        return result;
      }
      dispose(opened.sessions);
      others = opened.others;
    }
    return undefined;
  }

  /** @param {Opened} opened */
  #move(opened) {
    dispose(this.#opened.sessions);
    this.#opened = opened;
    this.#searches.fill(0);
    this.#moved(opened);
  }
}
