// A model's bytes, from the browser's cache if it holds them, otherwise from the pool. Either way they must have the announced hash.

import { CodedError, messageOf } from './errors.js';
import { Incoming, Refusal } from './incoming.js';
import { exclusively, ModelCache } from './model_cache.js';

const retryPause = 200;

/** @typedef {import('./protocol.js').ModelFile} ModelFile @typedef {(done: number, total: number) => void} Progress */
/** `signal` aborts the fetch; `cacheBytes` is what the browser may keep of all models together. @typedef {{ signal?: AbortSignal, cacheBytes?: number, importance?: 'high' | 'low' }} How */

/**
 * Fetches the model and the files beside it, all at once. Throws CodedError `fetch_failed` or `hash_mismatch`.
 * @param {ModelFile & { external?: import('./protocol.js').ExternalFile[] }} model
 * @param {Progress} progress called now and then, and at the end, with the bytes of all files together
 * @param {How} [how]
 * @returns {Promise<{ bytes: Uint8Array<ArrayBuffer>, external: { path: string, data: Uint8Array }[], fromCache: boolean }>}
 */
export async function fetchModel({ external = [], ...model }, progress, how = {}) {
  const cache = await ModelCache.open(how.cacheBytes ?? Infinity);
  const files = [model, ...external];
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const done = files.map(() => 0);
  const [main, ...beside] = await Promise.all(files.map((file, i) => fetchFile(file, cache, bytes => {
    done[i] = bytes;
    progress(done.reduce((sum, each) => sum + each), total);
  }, how)));
  return { bytes: main.bytes, external: external.map(({ path }, i) => ({ path, data: beside[i].bytes })), fromCache: [main, ...beside].every(({ fromCache }) => fromCache) };
}

/** What an error calls the file. @param {ModelFile | import('./protocol.js').ExternalFile} file */
const labelOf = file => 'path' in file ? `"${file.path}" (${file.url})` : file.url;

/** @param {ModelFile | import('./protocol.js').ExternalFile} file @param {ModelCache | undefined} cache @param {(done: number) => void} progress @param {How} how */
async function fetchFile(file, cache, progress, how) {
  if (!cache?.takes(file.bytes)) return { bytes: await fetchWhole(file, progress, how), fromCache: false };
  return exclusively(`webpool-model-${file.sha256}`, async () => {  // one worker of a browser at a time; the next one finds it in the cache
    const cached = await cache.read(file.sha256, file.bytes, progress);
    if (cached) {
      progress(file.bytes);
      return { bytes: cached, fromCache: true };
    }
    const bytes = await fetchWhole(file, progress, how);
    await cache.store(file.sha256, bytes);
    return { bytes, fromCache: false };
  });
}

/** The file from its server, with the announced hash. @param {ModelFile | import('./protocol.js').ExternalFile} file @param {(done: number) => void} progress @param {How} how */
async function fetchWhole(file, progress, how) {
  const incoming = await download(file, progress, how);
  const hash = await incoming.sha256();
  if (hash !== file.sha256) throw new CodedError('hash_mismatch', `${labelOf(file)} has the SHA-256 ${hash}, not ${file.sha256}`);
  return incoming.bytes;
}

/** @param {ModelFile | import('./protocol.js').ExternalFile} file @param {(done: number) => void} progress @param {How} how */
async function download(file, progress, { signal, importance }) {
  const { url, bytes: total } = file;
  /** Continues where the last attempt ended, if it got any bytes. @param {Incoming} incoming */
  async function fetchRest(incoming) {
    const headers = incoming.done ? { Range: `bytes=${incoming.done}-` } : undefined;
    const response = await fetch(url, { cache: 'no-store', signal, headers, priority: importance });  // Cache Storage keeps it; a second copy in the HTTP cache would be waste
    if (response.status === 500 && response.headers.get('Content-Type')?.startsWith('text/plain'))
      throw new Error((await response.text()).slice(0, 1000));  // why the pool itself can't read it; perhaps it can soon
    if (!response.ok || !response.body) throw new Refusal(`HTTP ${response.status}`);
    if (response.status !== 206) incoming.restart();
    await incoming.take(response.body, progress);
    if (incoming.done < total) throw new Error(`${incoming.done} of ${total} bytes came`);
  }

  /** @type {Incoming | undefined} */
  let incoming;
  for (let broken = 0, before = 0; ;) {
    try {
      incoming ??= new Incoming(total);
      await fetchRest(incoming);
      progress(total);
      return incoming;
    } catch (error) {
      const done = incoming?.done ?? 0;
      broken = done > before ? 1 : broken + 1;
      before = done;
      if (signal?.aborted || error instanceof Refusal || broken === 3) throw new CodedError('fetch_failed', `${labelOf(file)} could not be fetched: ${messageOf(error)}`);
      await new Promise(resolve => { setTimeout(resolve, retryPause); });
    }
  }
}
