// The CPU, in every browser.

import { decoding } from '../kv_cache.js';
import { cpuBuild, createSession, loadOrt, wrapSession } from './ort.js';
import { fastestThreads } from './threads.js';

/** @param {Uint8Array} model @param {Pick<import('./registry.js').Options, 'external' | 'freeDimensions' | 'generates'>} options @param {number} [threads] */
export async function cpuSession(model, { external, freeDimensions, generates }, threads) {
  const ort = await loadOrt(cpuBuild, threads);
  const session = await createSession(ort, cpuBuild, model, { executionProviders: ['wasm'], externalData: external, freeDimensionOverrides: freeDimensions });
  return wrapSession(ort, session, { details: { deviceType: null, cpuFallback: false }, ...generates && decoding(ort, session) });
}

/** @type {import('./registry.js').Backend} */
export const wasm = {
  name: 'wasm',
  async create(model, { choice, key = '', generates, external, freeDimensions }) {
    if (choice.threads !== 0) return cpuSession(model, { external, freeDimensions, generates }, choice.threads);
    const { threads, passedOver } = await fastestThreads({ model, external, freeDimensions }, key);
    return { ...await cpuSession(model, { external, freeDimensions, generates }, threads), passedOver };
  },
};
