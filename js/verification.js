// Whether a backend computes what WASM computes, on inputs that the model takes, before any request.

import { disagreement } from './agreement.js';
import { areOnHost } from './residents.js';
import { uniformNumbers } from './sampling.js';
import { typedArrayOf } from './tensors.js';

/** @typedef {import('./backends/registry.js').Session} Session @typedef {import('./protocol.js').WireTensor} WireTensor */

/** Zeros and ones hide most faults. Floating-point numbers become noise from 0 to below 1 (as FP16, from 0.5: a fixed exponent); others, which may be indices or sizes, stay. @param {WireTensor[]} feeds @returns {WireTensor[]} */
export function noisy(feeds) {
  const uniform = uniformNumbers(1);
  return feeds.map(tensor => {
    if (!tensor.datatype.startsWith('FP')) return tensor;
    const copy = { ...tensor, data: new Uint8Array(tensor.data.byteLength) }, values = typedArrayOf(copy);
    for (let i = 0; i < values.length; i++) values[i] = tensor.datatype === 'FP16' ? 0x3800 + Math.floor(uniform() * 0x400) : uniform();
    return copy;
  });
}

/** All outputs of a run. @param {Session} session @param {WireTensor[]} feeds @returns {Promise<WireTensor[]>} */
async function outputsOf(session, feeds) {
  const { outputs } = await session.run(feeds, []);
  if (!areOnHost(outputs)) throw new Error('an output stayed on the device although nobody asked for that');
  return outputs;
}

/**
 * Compares the session with the reference. Throws how they differ, or what the session alone can't run.
 * @param {Session} session @param {Session} reference @param {WireTensor[]} feeds that the session has run
 * @returns {Promise<string | undefined>} why nothing can be said; undefined if they agree
 */
export async function verify(session, reference, feeds) {
  let compared = false;
  for (const inputs of [noisy(feeds), feeds]) {
    const wanted = await outputsOf(reference, inputs).catch(() => undefined);
    if (!wanted) continue;  // it may refuse noise
    const difference = disagreement(await outputsOf(session, inputs), wanted);
    compared = true;
    if (!difference) continue;
    if (disagreement(await outputsOf(reference, inputs), wanted)) return 'the model draws random numbers';
    throw new Error(`it computes something else than WASM: ${difference}`);
  }
  return compared ? undefined : 'WASM refuses the inputs';
}
