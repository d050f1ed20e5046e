// The browser's own neural network stack: CPU, GPU or NPU, through WebNN.

import { answeredWithin } from '../timing.js';
import { createHonestSession, freeDimension, gpuBuild, loadOrt, wrapSession } from './ort.js';

/** @typedef {{ lost?: Promise<{ message: string }>, destroy?: () => void }} MLContext */

/** Some graphs never answer, and block later ones in the same browser. One that has not answered by then never will. */
const contextTimeout = 10_000;
const creationTimeout = 60_000;
const firstRunTimeout = 30_000;

/** A context for this kind of device. Throws the browser's error. @param {string} deviceType @param {number} [timeout] @returns {Promise<MLContext>} */
export function createContext(deviceType, timeout = contextTimeout) {
  const { ml } = /** @type {{ ml?: { createContext: (options: object) => Promise<MLContext> } }} */ (navigator);
  if (!ml) return Promise.reject(new Error(isSecureContext ? 'this browser has no navigator.ml' : 'browsers offer WebNN only to https and localhost'));
  return answeredWithin(ml.createContext({ deviceType }), timeout, `WebNN's createContext for the ${deviceType}`);
}

/** @type {import('./registry.js').Backend} */
export const webnn = {
  name: 'webnn',
  async create(model, { choice, external, freeDimensions, deviceLost }) {
    const deviceType = /** @type {'cpu' | 'gpu' | 'npu'} */ (choice.device_type ?? 'gpu');
    const context = await createContext(deviceType);
    const build = gpuBuild();
    const ort = await loadOrt(build);
    const provider = { name: /** @type {const} */ ('webnn'), deviceType, context: /** @type {any} */ (context) };
    const creation = createHonestSession(ort, build, model, { executionProviders: [provider], externalData: external, freeDimensionOverrides: freeDimensions });
    const { session, cpuFallback, placements } = await answeredWithin(creation, creationTimeout, `WebNN on the ${deviceType}, asked to build the graph,`);
    const free = freeDimension(session);
    if (free) {
      await session.release();
      throw new Error(`WebNN needs a size for every dimension, and dimension ${free.axis} of the input "${free.input}" is free: give it as "${free.key}" in free_dimensions, or export the model with it`);
    }
    let disposed = false;
    context.lost?.then(({ message }) => { if (!disposed) deviceLost('unknown', message); });

    const wrapped = wrapSession(ort, session, { details: { deviceType, cpuFallback, placements } });
    return {
      ...wrapped,
      warmUp: feeds => answeredWithin(wrapped.run(feeds, []), firstRunTimeout, `WebNN on the ${deviceType}, asked for a first run,`),
      async dispose() {
        disposed = true;
        await wrapped.dispose();
        context.destroy?.();
      },
    };
  },
};
