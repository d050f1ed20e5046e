// A backend of the application's own: a module that the pool serves, with what it leaves out filled in.

import { messageOf } from '../errors.js';
import { checkRun } from '../tensors.js';
import { answeredWithin, since } from '../timing.js';

/** @typedef {import('./registry.js').Session} Session */
/**
 * A session as a module gives it: times, disposal and details may be missing.
 * @typedef {{ inputs: Session['inputs'], outputs: Session['outputs'], warmUp?: Session['warmUp'], dispose?: Session['dispose'], details?: Partial<Session['details']>,
 *   run: (feeds: import('../protocol.js').WireTensor[], outputs: string[]) => Promise<{ outputs: import('../protocol.js').WireTensor[], times?: Partial<import('./registry.js').RunResult['times']> }> }} OwnSession
 * @typedef {{ detect: () => string | null | Promise<string | null>, create: (model: Uint8Array, options: import('./registry.js').Options) => Promise<OwnSession> }} OwnModule
 */

const detectTimeout = 10_000;

/** @param {string} address @returns {Promise<OwnModule>} */
async function importBackend(address) {
  const module = await import(address).catch(error => { throw new Error(`${address} could not be imported: ${messageOf(error)}`); });
  for (const name of ['detect', 'create']) if (typeof module[name] !== 'function') throw new Error(`${address} exports no function ${name}`);
  return module;
}

/** Runs are checked against the session's own inputs and outputs first, and timed where the session does not. @param {OwnSession} session @returns {Session} */
function complete(session) {
  const { inputs, outputs } = session ?? {};
  if (!Array.isArray(inputs) || !Array.isArray(outputs) || typeof session.run !== 'function') throw new Error('create returned no session: a session has inputs, outputs and run');
  return {
    inputs, outputs,
    async run(feeds, names) {
      const onlyHost = /** @type {import('../protocol.js').WireTensor[]} */ (checkRun(session, feeds, names));  // as the session does not say that it takes buffers
      const start = performance.now();
      const result = await session.run(onlyHost, names);
      return { outputs: result.outputs, times: { upload: 0, compute: since(start), download: 0, ...result.times } };
    },
    warmUp: session.warmUp?.bind(session),
    async dispose() { await session.dispose?.(); },
    details: { deviceType: null, cpuFallback: false, ...session.details },
  };
}

/** The module at this address as a backend. @param {string} name @param {string} address @returns {import('./registry.js').Backend} */
export const ownBackend = (name, address) => ({
  name,
  async create(model, options) {
    const module = await importBackend(address);
    const obstacle = await answeredWithin(Promise.resolve(module.detect()), detectTimeout, 'detect');
    if (obstacle !== null && obstacle !== undefined) throw new Error(String(obstacle));
    return complete(await module.create(model, options));
  },
});
