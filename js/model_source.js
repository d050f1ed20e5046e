// A model's bytes: from the browser's cache if it holds them, else from the pool. Either way they must have the promised hash.

import { CodedError, messageOf } from './errors.js';
import { sha256 } from './sha256.js';

const cacheName = 'webpool-models';
const progressInterval = 100;
const retryPause = 200;

/** What another try would not change. */
class Refusal extends Error {}

/** The cache, or undefined where the browser offers none: a page that is not secure, a private window. */
const openCache = async () => globalThis.caches?.open(cacheName).catch(() => undefined);

/**
 * Fetches the model. Throws CodedError `fetch_failed` or `hash_mismatch`.
 * @param {import('./protocol.js').Load['model']} model
 * @param {(done: number, total: number) => void} progress called now and then, and at the end
 * @param {AbortSignal} [signal] gives the fetch up
 * @returns {Promise<{ bytes: Uint8Array<ArrayBuffer>, fromCache: boolean }>}
 */
export async function fetchModel(model, progress, signal) {
  const cache = await openCache();
  const cached = await readCache(cache, model);
  if (cached) {
    progress(model.bytes, model.bytes);
    return { bytes: cached, fromCache: true };
  }
  const bytes = await download(model, progress, signal);
  const hash = await sha256(bytes);
  if (hash !== model.sha256) throw new CodedError('hash_mismatch', `${model.url} has the SHA-256 ${hash}, not ${model.sha256}`);
  await cache?.put(keyOf(model), new Response(bytes)).catch(() => {});  // a full disk costs the next load a download, not this one its model
  return { bytes, fromCache: false };
}

/** By content, so that one model has one entry whatever pool or URL it came from. @param {{ sha256: string }} model */
const keyOf = ({ sha256 }) => `/models/${sha256}`;

/** @param {Cache | undefined} cache @param {import('./protocol.js').Load['model']} model */
async function readCache(cache, model) {
  const found = await cache?.match(keyOf(model)).catch(() => undefined);
  if (!found) return undefined;
  const bytes = new Uint8Array(await found.arrayBuffer());
  if (await sha256(bytes) === model.sha256) return bytes;
  await cache?.delete(keyOf(model));
  return undefined;
}

/** @param {import('./protocol.js').Load['model']} model @param {(done: number, total: number) => void} progress @param {AbortSignal} [signal] */
async function download({ url, bytes: total }, progress, signal) {
  const bytes = new Uint8Array(total);
  let done = 0;
  let next = 0;
  /** Goes on where the last try ended, if there is something of it. */
  async function fetchRest() {
    const headers = done ? { Range: `bytes=${done}-` } : undefined;
    const response = await fetch(url, { cache: 'no-store', signal, headers });  // Cache Storage keeps it; a second copy in the HTTP cache would be waste
    if (!response.ok || !response.body) throw new Refusal(`HTTP ${response.status}`);
    if (response.status !== 206) done = 0;
    const reader = response.body.getReader();
    for (let part = await reader.read(); part.value; part = await reader.read()) {
      if (done + part.value.length > total) throw new Refusal(`there are more than the ${total} bytes announced`);
      bytes.set(part.value, done);
      done += part.value.length;
      if (done < total && performance.now() >= next) {
        progress(done, total);
        next = performance.now() + progressInterval;
      }
    }
    if (done < total) throw new Error(`${done} of ${total} bytes came`);
  }

  for (let broken = 0, before = 0; ;) {
    try {
      await fetchRest();
      break;
    } catch (error) {
      broken = done > before ? 1 : broken + 1;
      before = done;
      if (signal?.aborted || error instanceof Refusal || broken === 3) throw new CodedError('fetch_failed', `${url} could not be fetched: ${messageOf(error)}`);
      await new Promise(resolve => { setTimeout(resolve, retryPause); });
    }
  }
  progress(total, total);
  return bytes;
}
