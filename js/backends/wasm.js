// The CPU, in every browser.

import { decoding } from '../kv_cache.js';
import { cpuBuild, createSession, loadOrt, wrapSession } from './ort.js';

/** @type {import('./registry.js').Backend} */
export const wasm = {
  name: 'wasm',
  async create(model, { choice, freeDimensions, generates }) {
    const ort = await loadOrt(cpuBuild, choice.threads);
    const session = await createSession(ort, cpuBuild, model, { executionProviders: ['wasm'], freeDimensionOverrides: freeDimensions });
    return wrapSession(ort, session, { details: { deviceType: null, cpuFallback: false }, ...generates && decoding(ort, session) });
  },
};
