// Tries the backends in the order that the pool asks for, and remembers why each one before the last was passed over.

import { CodedError, messageOf } from '../errors.js';
import { zerosFor } from '../tensors.js';
import { timed, timeRuns } from '../timing.js';
import { ownBackend } from './own.js';
import { wasm } from './wasm.js';
import { webgpu } from './webgpu.js';
import { webnn } from './webnn.js';

/** @typedef {import('../protocol.js').TensorInfo} TensorInfo @typedef {import('../protocol.js').WireTensor} WireTensor */

/**
 * A model that is ready to run. Not re-entrant.
 * @typedef {object} Session
 * @property {TensorInfo[]} inputs
 * @property {TensorInfo[]} outputs
 * @property {(feeds: WireTensor[], outputs: string[]) => Promise<RunResult>} run   no outputs named means all; throws CodedError `bad_input`
 * @property {(feeds: WireTensor[]) => Promise<unknown>} [warmUp]   a first run, where it needs more care than others
 * @property {() => Promise<void>} dispose
 * @property {{ deviceType: string | null, cpuFallback: boolean }} details
 * @property {string[]} [passedOver]   what the backend tried before, and why it did not keep that
 *
 * @typedef {{ outputs: WireTensor[], times: { upload: number, compute: number, download: number } }} RunResult
 *
 * What the pool asks of a backend. `deviceLost` is called at most once, when the device behind the session is gone.
 * @typedef {object} Options
 * @property {import('../protocol.js').BackendChoice} choice
 * @property {Record<string, number>} freeDimensions
 * @property {number[]} [workgroupSize]
 * @property {boolean} [compare]   try all ways of running the model, and keep the fastest
 * @property {(reason: string, message: string) => void} deviceLost
 *
 * @typedef {{ name: string, create: (model: Uint8Array, options: Options) => Promise<Session> }} Backend
 *
 * @typedef {object} Opened
 * @property {Session} session
 * @property {string} backend
 * @property {import('../protocol.js').Attempt[]} tried
 * @property {{ create: number, warmup: number }} times
 */

/** @type {Backend[]} */
export const installed = [wasm, webgpu, webnn];

/** @param {import('../protocol.js').BackendChoice} choice */
const backendNamed = (choice, backends = installed) => {
  const backend = choice.module ? ownBackend(choice.name, choice.module) : backends.find(({ name }) => name === choice.name);
  if (!backend) throw new Error(`this page has no backend of that name; it has ${backends.map(({ name }) => name).join(', ')}`);
  return backend;
};

/** @param {Session} session */
async function runOnZeros(session) {
  const zeros = zerosFor(session.inputs);
  await (session.warmUp ? session.warmUp(zeros) : session.run(zeros, []));
}

/**
 * Opens the model on the first backend that holds it and, if asked, survives a first run; or, to compare, on the one that runs it fastest.
 * Throws CodedError `no_backend` with the reasons, or `runtime_missing` if files of ONNX Runtime were not there.
 * @param {Uint8Array} model
 * @param {import('../protocol.js').BackendChoice[]} choices
 * @param {Omit<Options, 'choice'> & { warmup?: boolean }} options
 * @param {(stage: 'create' | 'warmup', done: number) => void} progress
 * @param {Backend[]} [backends]
 * @returns {Promise<Opened>}
 */
export async function openSession(model, choices, { warmup, compare, ...options }, progress, backends = installed) {
  /** @type {import('../protocol.js').Attempt[]} */
  const tried = [];
  /** @typedef {{ session: Session, choice: import('../protocol.js').BackendChoice, times: { create: number, warmup: number }, run: number }} Held @type {Held | undefined} */
  let best;
  let missing = false;
  const pass = (/** @type {import('../protocol.js').BackendChoice} */ choice, /** @type {string} */ reason, /** @type {Session | undefined} */ session) => {
    tried.push({ backend: choice.name, message: `${choice.device_type ? `${choice.device_type}: ` : ''}${reason}` });
    session?.dispose().catch(() => {});  // not awaited: a session that never answers may never let go either
  };
  for (const choice of choices) {
    /** @type {Session | undefined} */
    let session;
    try {
      progress('create', 0);
      const [created, create] = await timed(() => backendNamed(choice, backends).create(model, { ...options, choice, compare }));
      session = created;
      for (const message of created.passedOver ?? []) tried.push({ backend: choice.name, message });
      progress('create', 1);
      if (warmup || compare) progress('warmup', 0);
      const warm = warmup || compare ? (await timed(() => runOnZeros(created)))[1] : 0;
      const held = { session: created, choice, times: { create, warmup: warm }, run: compare ? await timeRuns(() => runOnZeros(created)) : 0 };
      if (warmup || compare) progress('warmup', 1);
      const slower = best && best.run <= held.run ? held : best;
      best = slower === held ? best : held;
      if (slower && best) pass(slower.choice, `slower: a run on zeros takes ${slower.run.toFixed(1)} ms, on ${best.choice.name} ${best.run.toFixed(1)} ms`, slower.session);
      if (!compare) break;
    } catch (error) {
      missing ||= error instanceof CodedError && error.code === 'runtime_missing';
      pass(choice, messageOf(error), session);
    }
  }
  if (best) return { session: best.session, backend: best.choice.name, tried, times: best.times };
  const reasons = tried.map(({ backend, message }) => `${backend}: ${message}`).join('; ');
  throw new CodedError(missing ? 'runtime_missing' : 'no_backend', `none of ${choices.length} backends holds the model: ${reasons || 'none was named'}`, tried);
}
