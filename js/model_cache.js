// Models in the browser's own cache, by content, up to a limit: what was not used for longest leaves first.
//
// Beside each model, /models/<sha256>, lies a note of its size and last use, /models/<sha256>?note. So workers that use different models at
// once can't lose each other's news, as they could in one index of all.

import { sha256 } from './sha256.js';

const name = 'webpool-models';
const noteSuffix = '?note';
const keyOf = (/** @type {string} */ hash) => `/models/${hash}`;

/** @typedef {{ key: string, bytes: number, used: number }} Entry */

/** Does the work while no other worker of this origin has that lock; where there are no locks, at once. @template T @param {string} lock @param {() => Promise<T>} work @returns {Promise<T>} */
export const exclusively = (lock, work) => globalThis.navigator?.locks ? navigator.locks.request(lock, work) : work();

export class ModelCache {
  #cache;
  #limit;

  /** @param {Cache} cache @param {number} limit */
  constructor(cache, limit) {
    this.#cache = cache;
    this.#limit = limit;
  }

  /** The cache; undefined with a limit of 0, and where the browser offers none: a page that is not secure, a private window. @param {number} limit in bytes, of all models together */
  static async open(limit) {
    const cache = limit > 0 ? await globalThis.caches?.open(name).catch(() => undefined) : undefined;
    return cache && new ModelCache(cache, limit);
  }

  /** Whether so many bytes can be kept at all. @param {number} bytes */
  takes(bytes) {
    return bytes <= this.#limit;
  }

  /** The bytes with this hash; undefined if they aren't there whole. @param {string} hash */
  async read(hash) {
    const key = keyOf(hash);
    try {
      const found = await this.#cache.match(key);
      if (!found) return undefined;
      const bytes = new Uint8Array(await found.arrayBuffer());
      if (await sha256(bytes) === hash) {
        await this.#note(key, bytes.length).catch(() => {});
        return bytes;
      }
      await this.#forget(key);
    } catch { /* another worker put it out meanwhile, or the disk is in trouble: the network has it */ }
    return undefined;
  }

  /** Keeps the bytes if they fit, and puts out what it must for that. What goes wrong costs the next load a download, not this one its model. @param {string} hash @param {Uint8Array<ArrayBuffer>} bytes */
  async store(hash, bytes) {
    if (!this.takes(bytes.length)) return;
    await exclusively(name, async () => {  // without locks, two that store at once may pass the limit, until the next one does
      const key = keyOf(hash);
      const others = (await this.#entries()).filter(entry => entry.key !== key);
      const kept = others.reduce((sum, entry) => sum + entry.bytes, 0);
      await this.#free(kept + bytes.length - this.#limit, others);
      try {
        await this.#put(key, bytes);
      } catch (error) {
        if (!(error instanceof Error && error.name === 'QuotaExceededError')) throw error;
        await this.#free(bytes.length, others);
        await this.#put(key, bytes);
      }
    }).catch(() => {});
  }

  /** Takes away the first of the entries, until so many bytes are free. @param {number} bytes @param {Entry[]} entries least recently used first; loses what is taken away */
  async #free(bytes, entries) {
    while (bytes > 0 && entries.length) {
      const [{ key, bytes: freed }] = entries.splice(0, 1);
      await this.#forget(key);
      bytes -= freed;
    }
  }

  /** Least recently used first. A note without its model goes. @returns {Promise<Entry[]>} */
  async #entries() {
    const keys = (await this.#cache.keys()).map(({ url }) => { const { pathname, search } = new URL(url); return pathname + search; });
    const models = keys.filter(key => !key.endsWith(noteSuffix));
    const orphans = keys.filter(key => key.endsWith(noteSuffix) && !models.includes(key.slice(0, -noteSuffix.length)));
    for (const orphan of orphans) await this.#cache.delete(orphan);
    const entries = await Promise.all(models.map(async key => ({ key, ...await this.#readNote(key) })));
    return entries.sort((a, b) => a.used - b.used);
  }

  /** One that has no note was stored by a worker that ended before it wrote that. @param {string} key @returns {Promise<Omit<Entry, 'key'>>} */
  async #readNote(key) {
    const note = await (await this.#cache.match(key + noteSuffix))?.json().catch(() => undefined);
    if (Number.isSafeInteger(note?.bytes) && Number.isFinite(note?.used)) return { bytes: note.bytes, used: note.used };
    const blob = await (await this.#cache.match(key))?.blob();
    return { bytes: blob?.size ?? 0, used: 0 };
  }

  /** @param {string} key @param {number} bytes */
  #note(key, bytes) {
    return this.#cache.put(key + noteSuffix, new Response(JSON.stringify({ bytes, used: Date.now() })));
  }

  /** @param {string} key @param {Uint8Array<ArrayBuffer>} bytes */
  async #put(key, bytes) {
    await this.#cache.put(key, new Response(bytes));
    await this.#note(key, bytes.length);
  }

  /** @param {string} key */
  async #forget(key) {
    await this.#cache.delete(key);
    await this.#cache.delete(key + noteSuffix);
  }
}
