// Tries the backends in the order that the pool asks for, and remembers why each one before the last was passed over.

import { CodedError, messageOf } from '../errors.js';
import { zerosFor } from '../tensors.js';
import { timed, timeRuns } from '../timing.js';
import { kernelOnWebGpu } from './kernel.js';
import { ownBackend } from './own.js';
import { wasm } from './wasm.js';
import { webgpu } from './webgpu.js';
import { webnn } from './webnn.js';

/** @typedef {import('../protocol.js').TensorInfo} TensorInfo @typedef {import('../protocol.js').WireTensor} WireTensor @typedef {import('../residents.js').RunTensor} RunTensor */

/**
 * A model that is ready to run. Not re-entrant.
 * @typedef {object} Session
 * @property {TensorInfo[]} inputs
 * @property {TensorInfo[]} outputs
 * @property {(feeds: RunTensor[], outputs: string[], keep?: string[]) => Promise<RunResult>} run   no outputs named means all; those to `keep` stay on the device where they can; throws CodedError `bad_input`
 * @property {boolean} [takesBuffers]   `run` takes inputs that are on the device
 * @property {(feeds: WireTensor[]) => Promise<unknown>} [warmUp]   a first run, where it needs more care than others
 * @property {() => Promise<void>} dispose
 * @property {{ deviceType: string | null, cpuFallback: boolean, variant?: number, placements?: import('./placements.js').Placement[] }} details   `variant`: of a kernel, the one in use
 * @property {() => import('../kv_cache.js').Sequence} [begin]   an empty sequence of a decoder that was loaded to generate
 * @property {string[]} [passedOver]   what the backend tried before, and why it did not keep that
 *
 * @typedef {{ outputs: RunTensor[], times: { upload: number, compute: number, download: number } }} RunResult
 *
 * What the pool asks of a backend. `deviceLost` is called at most once, when the device behind the session is gone.
 * @typedef {object} Options
 * @property {import('../protocol.js').BackendChoice} choice
 * @property {string} [key]   of the model's content
 * @property {{ path: string, data: Uint8Array }[]} [external]   the files beside the model that hold some of its tensors, by the names that it gives them
 * @property {Record<string, number>} freeDimensions
 * @property {number[]} [workgroupSize]
 * @property {number} [variant]   of a kernel: the one to try first
 * @property {boolean} [generates]   the model is a decoder: what it keeps of a text stays on the device
 * @property {boolean} [compare]   try all ways of running the model, and keep the fastest
 * @property {(reason: string, message: string) => void} deviceLost
 * @property {string[]} [deviceOutputs]   outputs that may be asked to stay on the device
 * @property {{ device?: GPUDevice }} realm   what the models of this worker share: the first one on WebGPU sets the device
 *
 * What a worker is to hold: ONNX, or a kernel's text.
 * @typedef {{ name: string, bytes: Uint8Array, key?: string, external?: Options['external'], kernel?: boolean, generates?: boolean, deviceOutputs?: string[] }} Content
 *
 * @typedef {'realm' | 'key' | 'external' | 'generates' | 'deviceOutputs'} OfContent   options that come with it
 *
 * @typedef {{ name: string, create: (model: Uint8Array, options: Options) => Promise<Session> }} Backend
 *
 * @typedef {object} Opened
 * @property {Session[]} sessions   in the order of the contents
 * @property {string} backend
 * @property {import('../protocol.js').Attempt[]} tried
 * @property {{ create: number, warmup: number }} times
 */

/** @type {Backend[]} */
export const installed = [wasm, webgpu, webnn];

/** @param {import('../protocol.js').BackendChoice} choice @param {Backend[]} backends */
const backendNamed = (choice, backends) => {
  const backend = choice.module ? ownBackend(choice.name, choice.module) : backends.find(({ name }) => name === choice.name);
  if (!backend) throw new Error(`this page has no backend of that name; it has ${backends.map(({ name }) => name).join(', ')}`);
  return backend;
};

/** @param {Session} session */
async function runOnZeros(session) {
  const zeros = zerosFor(session.inputs);
  await (session.warmUp ? session.warmUp(zeros) : session.run(zeros, []));
}

/** @param {Session[]} sessions */
async function runEach(sessions) {
  for (const session of sessions) await runOnZeros(session);
}

/** Puts a part's name before what went wrong with it. @param {unknown} error @param {Content} content */
const namingPart = (error, { name }) => error instanceof CodedError ? error : new Error(`"${name}": ${messageOf(error)}`);

/**
 * Opens each content on this choice, kernels last, so that they meet the device of ONNX Runtime. `sessions` has those that are open, also after an error.
 * @param {Content[]} contents @param {Omit<Options, OfContent>} options @param {Backend[]} backends @param {Session[]} sessions
 */
async function createAll(contents, options, backends, sessions) {
  const realm = {};
  const kernelsLast = contents.map((_, i) => i).sort((a, b) => Number(contents[a].kernel ?? false) - Number(contents[b].kernel ?? false));
  for (const i of kernelsLast) {
    const { name: _, bytes, kernel, ...own } = contents[i];
    const backend = backendNamed(options.choice, kernel ? [kernelOnWebGpu] : backends);
    sessions[i] = await backend.create(bytes, { ...options, ...own, realm }).catch(error => { throw contents.length > 1 ? namingPart(error, contents[i]) : error; });
  }
}

/**
 * Opens the contents on the first backend that holds all of them and, if asked, survives a first run of each; or, to compare, on the one that runs them fastest.
 * Throws CodedError `no_backend` with the reasons, or `runtime_missing` if files of ONNX Runtime were not there.
 * @param {Content[]} contents
 * @param {import('../protocol.js').BackendChoice[]} choices
 * @param {Omit<Options, 'choice' | OfContent> & { warmup?: boolean }} options
 * @param {(stage: 'create' | 'warmup', done: number) => void} progress
 * @param {Backend[]} [backends] for ONNX
 * @returns {Promise<Opened>}
 */
export async function openSessions(contents, choices, { warmup, compare, ...options }, progress, backends = installed) {
  /** @type {import('../protocol.js').Attempt[]} */
  const tried = [];
  /** @typedef {{ sessions: Session[], choice: import('../protocol.js').BackendChoice, times: { create: number, warmup: number }, run: number }} Held @type {Held | undefined} */
  let best;
  let missing = false;
  const pass = (/** @type {import('../protocol.js').BackendChoice} */ choice, /** @type {string} */ reason, /** @type {Session[]} */ sessions) => {
    tried.push({ backend: choice.name, message: `${choice.device_type ? `${choice.device_type}: ` : ''}${reason}` });
    for (const session of sessions) session?.dispose().catch(() => {});  // not awaited: a session that never answers may never let go either
  };
  for (const choice of choices) {
    /** @type {Session[]} */
    const sessions = [];
    try {
      progress('create', 0);
      const [, create] = await timed(() => createAll(contents, { ...options, choice, compare }, backends, sessions));
      for (const message of sessions.flatMap(({ passedOver }) => passedOver ?? [])) tried.push({ backend: choice.name, message });
      progress('create', 1);
      if (warmup || compare) progress('warmup', 0);
      const warm = warmup || compare ? (await timed(() => runEach(sessions)))[1] : 0;
      const held = { sessions, choice, times: { create, warmup: warm }, run: compare ? await timeRuns(() => runEach(sessions)) : 0 };
      if (warmup || compare) progress('warmup', 1);
      const slower = best && best.run <= held.run ? held : best;
      best = slower === held ? best : held;
      if (slower && best) pass(slower.choice, `slower: a run on zeros takes ${slower.run.toFixed(1)} ms, on ${best.choice.name} ${best.run.toFixed(1)} ms`, slower.sessions);
      if (!compare) break;
    } catch (error) {
      missing ||= error instanceof CodedError && error.code === 'runtime_missing';
      pass(choice, messageOf(error), sessions);
    }
  }
  if (best) return { sessions: best.sessions, backend: best.choice.name, tried, times: best.times };
  const reasons = tried.map(({ backend, message }) => `${backend}: ${message}`).join('; ');
  throw new CodedError(missing ? 'runtime_missing' : 'no_backend', `none of ${choices.length} backends holds the model: ${reasons || 'none was named'}`, tried);
}
