// A CacheStorage in memory, with what the page uses of it, and a quota.

/** Like a browser's, each operation takes a while; a body is stored when it has been read. */
export class FakeCache {
  /** @type {Map<string, Uint8Array>} */ entries = new Map();
  /** Paths that were put, in order. @type {string[]} */ puts = [];

  /** @param {number} [quota] bytes of all entries together */
  constructor(quota = Infinity) { this.quota = quota; }

  /** Models alone, without the notes beside them. */
  get models() { return [...this.entries.keys()].filter(path => !path.includes('?')).sort(); }

  async keys() {
    await pause();
    return [...this.entries.keys()].map(path => ({ url: `http://pool${path}` }));
  }
  async match(/** @type {string} */ path) {
    await pause();
    const found = this.entries.get(path);
    return found && new Response(/** @type {any} */ (found));
  }
  async put(/** @type {string} */ path, /** @type {Response} */ response) {
    const body = new Uint8Array(await response.arrayBuffer());
    await pause();
    const others = [...this.entries].reduce((sum, [key, { length }]) => key === path ? sum : sum + length, 0);
    if (others + body.length > this.quota) throw Object.assign(new Error('the disk is full'), { name: 'QuotaExceededError' });
    this.puts.push(path);
    this.entries.set(path, body);
  }
  async delete(/** @type {string} */ path) {
    await pause();
    return this.entries.delete(path);
  }
}

const pause = () => new Promise(resolve => { setImmediate(resolve); });

/** Makes it the cache that pages open. @param {FakeCache} cache */
export function install(cache) {
  Object.assign(globalThis, { caches: { open: async () => cache } });
}
