// Models in the browser's own cache, by content, up to a limit. The least recently used are deleted first.
//
// Beside each model, /models/<sha256>, there is a note of its size and last use, /models/<sha256>?note. Workers that use different models at the
// same time therefore can't overwrite each other's updates, as they could in a common index.

import { Incoming } from './incoming.js';

const name = 'webpool-models';
const noteSuffix = '?note';
const pieceBytes = 2 ** 22;
const keyOf = (/** @type {string} */ hash) => `/models/${hash}`;

/** @typedef {{ key: string, bytes: number, used: number }} Entry */

/** Does the work while no other worker of this origin holds that lock; at once if the browser has no locks. @template T @param {string} lock @param {() => Promise<T>} work @returns {Promise<T>} */
export const exclusively = (lock, work) => globalThis.navigator?.locks ? navigator.locks.request(lock, work) : work();

/** A piece at a time: a Response copies its whole body first. @param {Uint8Array<ArrayBuffer>} bytes */
function streamOf(bytes) {
  let done = 0;
  return new ReadableStream({
    pull(controller) {
      if (done < bytes.length) controller.enqueue(bytes.slice(done, done += pieceBytes));
      else controller.close();
    },
  });
}

export class ModelCache {
  #cache;
  #limit;

  /** @param {Cache} cache @param {number} limit */
  constructor(cache, limit) {
    this.#cache = cache;
    this.#limit = limit;
  }

  /** The cache; undefined if the limit is 0, or if the browser offers none because the page is not secure or the window private. @param {number} limit in bytes, of all models together */
  static async open(limit) {
    const cache = limit > 0 ? await globalThis.caches?.open(name).catch(() => undefined) : undefined;
    return cache && new ModelCache(cache, limit);
  }

  /** Whether this many bytes can be kept at all. @param {number} bytes */
  takes(bytes) {
    return bytes <= this.#limit;
  }

  /** The bytes with this hash; undefined if they aren't completely there. @param {string} hash @param {number} size @param {(done: number) => void} [progress] called now and then */
  async read(hash, size, progress = () => {}) {
    const key = keyOf(hash);
    try {
      const found = await this.#cache.match(key);
      if (!found) return undefined;
      const incoming = new Incoming(size);
      if (found.body) await incoming.take(found.body, progress);
      if (await incoming.sha256() === hash) {
        await this.#note(key, size).catch(() => {});
        return incoming.bytes;
      }
      await this.#forget(key);
    } catch { /* another worker put it out meanwhile, or the disk is in trouble: the network has it */ }
    return undefined;
  }

  /** Keeps the bytes if they fit, and deletes others as needed. If this fails, the next load has to download; this one is not affected. @param {string} hash @param {Uint8Array<ArrayBuffer>} bytes */
  async store(hash, bytes) {
    if (!this.takes(bytes.length)) return;
    await exclusively(name, async () => {  // without locks, two that store at once may exceed the limit, until the next one stores
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

  /** Deletes the first entries until this many bytes are free. @param {number} bytes @param {Entry[]} entries least recently used first; loses what is taken away */
  async #free(bytes, entries) {
    while (bytes > 0 && entries.length) {
      const [{ key, bytes: freed }] = entries.splice(0, 1);
      await this.#forget(key);
      bytes -= freed;
    }
  }

  /** Least recently used first. A note without its model is deleted. @returns {Promise<Entry[]>} */
  async #entries() {
    const keys = (await this.#cache.keys()).map(({ url }) => { const { pathname, search } = new URL(url); return pathname + search; });
    const models = keys.filter(key => !key.endsWith(noteSuffix));
    const orphans = keys.filter(key => key.endsWith(noteSuffix) && !models.includes(key.slice(0, -noteSuffix.length)));
    for (const orphan of orphans) await this.#cache.delete(orphan);
    const entries = await Promise.all(models.map(async key => ({ key, ...await this.#readNote(key) })));
    return entries.sort((a, b) => a.used - b.used);
  }

  /** A model without a note was stored by a worker that ended before it wrote the note. @param {string} key @returns {Promise<Omit<Entry, 'key'>>} */
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
    await this.#cache.put(key, new Response(streamOf(bytes)));
    await this.#note(key, bytes.length);
  }

  /** @param {string} key */
  async #forget(key) {
    await this.#cache.delete(key);
    await this.#cache.delete(key + noteSuffix);
  }
}
