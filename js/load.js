// How a worker loads its models, from the message that asks for them to the sessions that run them.

import { openSessions } from './backends/registry.js';
import { wasmBytes } from './backends/ort.js';
import { editModel } from './model_edits.js';
import { fetchModel } from './model_source.js';
import { timed } from './timing.js';

/** @typedef {import('./protocol.js').Load} Load @typedef {import('./protocol.js').Loaded} Loaded @typedef {import('./protocol.js').Progress} Progress */

/**
 * Fetches the models, all at once, and opens a session of each on one backend. Throws CodedError.
 * @param {Load} load
 * @param {{ progress: (news: Omit<Progress, 'type' | 'id'>) => void, deviceLost: import('./backends/registry.js').Options['deviceLost'], signal: AbortSignal }} worker
 * @returns {Promise<{ sessions: import('./backends/registry.js').Session[], loaded: Loaded, others: Load['backends'] }>}   `others`: backends that may hold the models too
 */
export async function loadModels({ id, model, parts = [], backends, ...how }, { progress, deviceLost, signal }) {
  const { free_dimensions: freeDimensions, warmup, compare, verify, workgroup_size: workgroupSize, variant, cache_bytes: cacheBytes, importance } = how;
  const models = [model, ...parts];
  const fetched = (/** @type {number} */ i) => (/** @type {number} */ done, /** @type {number} */ total) => progress({ stage: 'fetch', part: i || undefined, done, total });
  const [files, fetchTime] = await timed(() => Promise.all(models.map((each, i) => fetchModel(each, fetched(i), { signal, cacheBytes, importance }))));
  const contents = models.map(({ name, sha256: key, format, generates, device_outputs: deviceOutputs }, i) => {
    const { bytes, external } = files[i], kernel = format === 'kernel';
    return { name, key, bytes: kernel ? bytes : editModel(bytes, freeDimensions), external, kernel, generates, deviceOutputs };
  });
  const opened = await openSessions(contents, backends, { freeDimensions, warmup, compare, verify, workgroupSize, variant, deviceLost }, (stage, done) => progress({ stage, done, total: 1 }));
  const { sessions } = opened, [{ inputs, outputs, details }] = sessions;
  const fileBytes = files.flatMap(({ bytes, external }) => [bytes, ...external.map(({ data }) => data)]).reduce((sum, { length }) => sum + length, 0);
  return {
    sessions, others: opened.others,
    loaded: {
      type: 'loaded', id, backend: opened.backend, device_type: details.deviceType, tried: opened.tried, remarks: opened.remarks.length ? opened.remarks : undefined, verified: opened.verified, cpu_fallback: sessions.some(each => each.details.cpuFallback),
      inputs, outputs, times: { fetch: fetchTime, ...opened.times }, from_cache: files.every(({ fromCache }) => fromCache), memory_bytes: wasmBytes() + fileBytes,
      variant: details.variant, placements: sessions.map(each => each.details.placements).find(Boolean),
    },
  };
}
