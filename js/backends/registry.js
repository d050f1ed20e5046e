// Tries the backends in the order that the pool asks for, and remembers why each one before the last was passed over.

import { CodedError, messageOf } from '../errors.js';
import { runOnMadeUp } from '../made_up_inputs.js';
import { NoAnswer, timed, timeRuns } from '../timing.js';
import { verify } from '../verification.js';
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
 * @property {boolean} [verify]   keep none that computes something else than WASM
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
 * @property {string[]} remarks   what is worth knowing of sessions that are good
 * @property {boolean} [verified]   whether the backend was compared with WASM
 * @property {import('../protocol.js').BackendChoice[]} others   choices that may hold the contents too
 * @property {{ create: number, warmup: number }} times
 */

/** Milliseconds in which a device tells that it is lost, after it failed a run for that. */
const newsOfLoss = 50;

/** @type {Backend[]} */
export const installed = [wasm, webgpu, webnn];

/** @param {import('../protocol.js').BackendChoice} choice @param {Backend[]} backends */
const backendNamed = (choice, backends) => {
  const backend = choice.module ? ownBackend(choice.name, choice.module) : backends.find(({ name }) => name === choice.name);
  if (!backend) throw new Error(`this page has no backend of that name; it has ${backends.map(({ name }) => name).join(', ')}`);
  return backend;
};

/** @param {Session} session @param {WireTensor[]} feeds */
const runOnce = (session, feeds) => session.warmUp ? session.warmUp(feeds) : session.run(feeds, []);

/**
 * Warms up each session. What a run on made-up inputs throws is no reason against the backend, except for a kernel, whose sample extents the program gave.
 * @param {Content[]} contents @param {Session[]} sessions
 * @returns {Promise<{ feeds: WireTensor[][], remarks: string[] }>} `feeds`: what each session ran on, as far as all did
 */
async function warmUpAll(contents, sessions) {
  /** @type {WireTensor[][]} */
  const feeds = [];
  /** @type {string[]} */
  const remarks = [];
  for (const [i, session] of sessions.entries()) {
    try {
      feeds[i] = await runOnMadeUp(session.inputs, made => runOnce(session, made));
    } catch (error) {
      if (error instanceof NoAnswer || contents[i].kernel) throw error;
      remarks.push(`${partName(contents, i)}a warm-up run on made-up inputs failed: ${messageOf(error)}`);
    }
  }
  return { feeds, remarks };
}

/** Bytes of a model up to which a second session of it, in WASM, takes little enough memory and time. */
const mostToVerify = 64 * 2 ** 20;

/**
 * Compares each session with one of WASM. Throws what differs. A kernel has nothing to be compared with.
 * @param {Content[]} contents @param {Session[]} sessions @param {WireTensor[][]} feeds that they have run @param {Omit<Options, OfContent | 'choice'>} options
 * @returns {Promise<string[]>} why some are not verified
 */
async function verifyAll(contents, sessions, feeds, options) {
  /** @type {string[]} */
  const remarks = [];
  for (const [i, { name: _, bytes, kernel, external = [], ...own }] of contents.entries()) {
    const size = external.reduce((sum, { data }) => sum + data.length, bytes.length);
    const obstacle = kernel ? 'a kernel is for WebGPU alone' : !feeds[i] ? 'no made-up inputs run' : size > mostToVerify ? `it has ${size} bytes, more than ${mostToVerify}` : undefined;
    const why = obstacle ?? await verifyOne(sessions[i], () => wasm.create(bytes, { ...options, ...own, external, choice: { name: 'wasm', threads: 1 }, realm: {} }), feeds[i]);
    if (why) remarks.push(`${partName(contents, i)}not verified: ${why}`);
  }
  return remarks;
}

/** @param {Session} session @param {() => Promise<Session>} openReference @param {WireTensor[]} feeds @returns {Promise<string | undefined>} */
async function verifyOne(session, openReference, feeds) {
  /** @type {Session} */
  let reference;
  try {
    reference = await openReference();
  } catch (error) {
    return `WASM does not hold it: ${messageOf(error)}`;
  }
  try {
    return await verify(session, reference, feeds);
  } finally {
    dispose([reference]);
  }
}

/** @param {Session[]} sessions @param {WireTensor[][]} feeds */
async function runEach(sessions, feeds) {
  for (const [i, session] of sessions.entries()) await runOnce(session, feeds[i]);
}

/** Not awaited: a session that never answers may never let go either. @param {Session[]} sessions */
export function dispose(sessions) {
  for (const session of sessions) session?.dispose().catch(() => {});
}

/** What sentences about one of several contents begin with. @param {Content[]} contents @param {number} i */
const partName = (contents, i) => contents.length > 1 ? `"${contents[i].name}": ` : '';

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
    sessions[i] = await backend.create(bytes, { ...options, ...own, realm }).catch(error => { throw contents.length === 1 || error instanceof CodedError ? error : new Error(partName(contents, i) + messageOf(error)); });
  }
}

/** Sessions of all contents on one choice. `run`: milliseconds of a run, to compare by; infinite if nothing could be timed. @typedef {{ sessions: Session[], choice: import('../protocol.js').BackendChoice, remarks: string[], verified?: boolean, times: { create: number, warmup: number }, run: number, keep: () => void }} Held */

/**
 * Opens all contents on one choice, and warms them up if asked to. Throws what speaks against it; then nothing of it is left.
 * @param {Content[]} contents @param {import('../protocol.js').BackendChoice} choice
 * @param {Omit<Options, 'choice' | OfContent> & { warmup?: boolean }} options
 * @param {(stage: 'create' | 'warmup', done: number) => void} progress @param {Backend[]} backends
 * @returns {Promise<Held>}
 */
async function open(contents, choice, { warmup, compare, verify: verifies, deviceLost, ...options }, progress, backends) {
  /** @type {Session[]} */
  const sessions = [];
  let kept = false;
  /** @type {[reason: string, message: string] | undefined} */
  let lost;
  const hear = (/** @type {string} */ reason, /** @type {string} */ message) => kept ? deviceLost(reason, message) : lost = [reason, message];
  const keep = () => {
    kept = true;
    if (lost) deviceLost(...lost);  // while others were compared
  };
  try {
    progress('create', 0);
    const [, create] = await timed(() => createAll(contents, { ...options, choice, compare, deviceLost: hear }, backends, sessions));
    progress('create', 1);
    if (!warmup && !compare && !verifies) return { sessions, choice, remarks: [], times: { create, warmup: 0 }, run: 0, keep };
    progress('warmup', 0);
    const [{ feeds, remarks }, warm] = await timed(() => warmUpAll(contents, sessions));
    if (remarks.length) await new Promise(resolve => { setTimeout(resolve, newsOfLoss); });
    if (lost) throw new Error(`the device was lost in a warm-up run: ${lost.join(': ')}`);
    const doubts = verifies && choice.name !== wasm.name ? await verifyAll(contents, sessions, feeds, { ...options, deviceLost: hear }) : undefined;
    const run = !compare ? 0 : remarks.length ? Infinity : await timeRuns(() => runEach(sessions, feeds));
    progress('warmup', 1);
    return { sessions, choice, remarks: [...remarks, ...doubts ?? []], verified: doubts && !doubts.length, times: { create, warmup: warm }, run, keep };
  } catch (error) {
    dispose(sessions);
    throw error;
  }
}

/** Why the slower of two that were compared is not taken. @param {Held} slower @param {Held} faster */
const whySlower = (slower, faster) => slower.run < Infinity
  ? `slower: a run on made-up inputs takes ${slower.run.toFixed(1)} ms, on ${faster.choice.name} ${faster.run.toFixed(1)} ms`
  : `not compared: ${slower.remarks.join('; ')}`;

/**
 * Opens the contents on the first backend that holds all of them; or, to compare, on the one that runs them fastest.
 * Throws CodedError `no_backend` with the reasons, or `runtime_missing` if files of ONNX Runtime were not there.
 * @param {Content[]} contents
 * @param {import('../protocol.js').BackendChoice[]} choices
 * @param {Omit<Options, 'choice' | OfContent> & { warmup?: boolean }} options
 * @param {(stage: 'create' | 'warmup', done: number) => void} progress
 * @param {Backend[]} [backends] for ONNX
 * @returns {Promise<Opened>}
 */
export async function openSessions(contents, choices, options, progress, backends = installed) {
  /** @type {import('../protocol.js').Attempt[]} */
  const tried = [];
  /** @type {Held | undefined} */
  let best;
  let missing = false;
  let others = choices;
  const pass = (/** @type {import('../protocol.js').BackendChoice} */ { name, device_type: device }, /** @type {string} */ reason) => tried.push({ backend: name, message: `${device ? `${device}: ` : ''}${reason}` });
  for (const [i, choice] of choices.entries()) {
    try {
      const held = await open(contents, choice, options, progress, backends);
      for (const message of held.sessions.flatMap(({ passedOver }) => passedOver ?? [])) tried.push({ backend: choice.name, message });
      const [faster, slower] = best && best.run <= held.run ? [best, held] : [held, best];
      best = faster;
      if (slower) {
        pass(slower.choice, whySlower(slower, faster));
        dispose(slower.sessions);
      }
      if (!options.compare) {
        others = choices.slice(i);
        break;
      }
    } catch (error) {
      missing ||= error instanceof CodedError && error.code === 'runtime_missing';
      others = others.filter(each => each !== choice);
      pass(choice, messageOf(error));
    }
  }
  if (best) {
    best.keep();
    const { sessions, choice, remarks, verified, times } = best;
    return { sessions, backend: choice.name, tried, remarks, verified, others: others.filter(each => each !== choice), times };
  }
  const reasons = tried.map(({ backend, message }) => `${backend}: ${message}`).join('; ');
  throw new CodedError(missing ? 'runtime_missing' : 'no_backend', `none of ${choices.length} backends holds the model: ${reasons || 'none was named'}`, tried);
}
