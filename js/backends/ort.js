// ONNX Runtime Web in this worker: loads only the build that a backend needs, and wraps its session for the wire.

import { CodedError, messageOf } from '../errors.js';
import { nudged, readBack } from '../gpu_buffer.js';
import { byteSize } from '../protocol.js';
import { isOnDevice } from '../residents.js';
import { SpawnedWorker } from '../spawned_worker.js';
import { listeningForPlacements, overhearConsole, quietly } from './placements.js';
import { timed } from '../timing.js';
import { checkRun, datatypeOf, isCarried, ortTypeOf, typedArrayOf } from '../tensors.js';

/** @typedef {typeof import('onnxruntime-web')} Ort @typedef {import('onnxruntime-web').InferenceSession} OrtSession */
/** @typedef {import('onnxruntime-web').InferenceSession.SessionOptions} SessionOptions @typedef {import('../protocol.js').TensorInfo} TensorInfo */
/** @typedef {{ script: string, wasm: string }} Build */

/** @type {Build} */
export const cpuBuild = { script: '/ort/ort.wasm.bundle.min.mjs', wasm: '/ort/ort-wasm-simd-threaded.wasm' };

/**
 * The build with WebGPU and WebNN. Where the browser can suspend WebAssembly, the JSPI build computes as fast as the asyncify one, is 10 MB
 * smaller and is ready in about half the time.
 * @returns {Build}
 */
export const gpuBuild = () => 'Suspending' in WebAssembly
  ? { script: '/ort/ort.jspi.bundle.min.mjs', wasm: '/ort/ort-wasm-simd-threaded.jspi.wasm' }
  : { script: '/ort/ort.webgpu.bundle.min.mjs', wasm: '/ort/ort-wasm-simd-threaded.asyncify.wasm' };

/** @type {WebAssembly.Memory[]} */
const memories = [];

/** ONNX Runtime hides its memory, and no browser tells a worker's size: so note each memory when it is made. */
function watchMemory() {
  const { Memory } = WebAssembly;
  if (Memory.name === 'WatchedMemory') return;
  WebAssembly.Memory = class WatchedMemory extends Memory {
    /** @param {WebAssembly.MemoryDescriptor} descriptor */
    constructor(descriptor) {
      super(descriptor);
      memories.push(this);
    }
  };
}

/** Bytes of WebAssembly memory in this worker. */
export const wasmBytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/** @param {Build} build @param {number} [threads] @returns {Promise<Ort>} */
export async function loadOrt({ script, wasm }, threads = 1) {
  watchMemory();
  overhearConsole();
  Object.assign(self, { Worker: SpawnedWorker });  // what ONNX Runtime starts its threads with
  /** @type {Ort} */
  const ort = await import(script).catch(error => { throw new CodedError('runtime_missing', `${script} could not be loaded: ${messageOf(error)}`); });
  ort.env.wasm.wasmPaths = { wasm: new URL(wasm, location.href) };
  ort.env.wasm.numThreads = crossOriginIsolated ? threads : 1;
  ort.env.logLevel = 'error';
  return ort;
}

/**
 * ONNX Runtime's own words don't tell what is too large for it: WebAssembly has addresses for 4 GiB, and ONNX Runtime counts a tensor's bytes in 31 bits.
 * @param {unknown} error @param {Uint8Array} model @param {SessionOptions['externalData']} external
 */
function namingSize(error, model, external = []) {
  const bytes = external.reduce((sum, file) => sum + (typeof file === 'object' && file.data instanceof Uint8Array ? file.data.length : 0), model.length);
  if (bytes < 2 ** 31) return error;
  return new Error(`${messageOf(error)}; its files have ${bytes} bytes, and ONNX Runtime Web holds tensors of less than 2 GiB each, less than 4 GiB together`);
}

/** @param {Ort} ort @param {Build} build @param {Uint8Array} model @param {SessionOptions} options */
export async function createSession(ort, build, model, options) {
  try {
    return await ort.InferenceSession.create(model, { logSeverityLevel: 3, ...options });
  } catch (error) {
    const answer = await fetch(build.wasm).catch(() => undefined);  // ONNX Runtime's own words don't tell a missing file from a bad model
    await answer?.body?.cancel();
    throw answer?.ok ? namingSize(error, model, options.externalData) : new CodedError('runtime_missing', `${build.wasm} could not be fetched`);
  }
}

/**
 * Creates the session with every node on the backend itself; if the runtime cannot, with nodes on the CPU too, and says which.
 * @param {Ort} ort @param {Build} build @param {Uint8Array} model @param {SessionOptions} options
 * @returns {Promise<{ session: OrtSession, cpuFallback: boolean, placements?: import('./placements.js').Placement[] }>}
 */
export async function createHonestSession(ort, build, model, options) {
  try {
    return { session: await createSession(ort, build, model, { ...options, extra: { session: { disable_cpu_ep_fallback: '1' } } }), cpuFallback: false };
  } catch (error) {
    if (!messageOf(error).includes('fallback to CPU EP has been explicitly disabled')) throw error;
    const [session, placements] = await listeningForPlacements(() => createSession(ort, build, model, { ...options, logSeverityLevel: 0 }));
    return { session, cpuFallback: true, placements };
  }
}

/** Whether ONNX Runtime says that the request is wrong (its INVALID_ARGUMENT), such as an index that a node finds out of range. @param {unknown} error */
const isInvalidArgument = error => /\bERROR_CODE: 2\b/.test(messageOf(error));

/** A dimension's size, or -1: ONNX Runtime tells a free one by its name, or by the largest number. @param {number | string} dimension */
const sizeOf = dimension => typeof dimension === 'number' && dimension < 2 ** 31 ? dimension : -1;

/** @typedef {import('onnxruntime-web').InferenceSession.ValueMetadata} ValueMetadata */

/** Whether the wire carries the value. @param {ValueMetadata} value @returns {value is Extract<ValueMetadata, { isTensor: true }>} */
const travels = value => value.isTensor && isCarried(value.type, value.shape.length);

/** @param {ValueMetadata} value @returns {TensorInfo} */
function describe(value) {
  if (!travels(value)) throw new Error(`the input "${value.name}" is not a tensor that the pool's protocol carries`);
  return { name: value.name, datatype: datatypeOf(value.type, value.name), shape: value.shape.map(sizeOf) };
}

/** The first free dimension among the inputs, with its key in `free_dimensions`; undefined if all are fixed. @param {OrtSession} session */
export function freeDimension(session) {
  for (const value of session.inputMetadata) {
    if (!value.isTensor) continue;
    const { name: input, shape } = value, axis = shape.findIndex(dimension => sizeOf(dimension) < 0);
    if (axis >= 0) return { input, axis, key: typeof shape[axis] === 'string' ? shape[axis] : `${input}[${axis}]` };
  }
  return undefined;
}

/** @param {Ort} ort @param {import('../residents.js').RunTensor} tensor */
function feedOf(ort, tensor) {
  const type = ortTypeOf(tensor.datatype);
  if (!isOnDevice(tensor)) return new ort.Tensor(type, typedArrayOf(tensor), tensor.shape);
  return ort.Tensor.fromGpuBuffer(tensor.buffer, { dataType: /** @type {import('onnxruntime-web').Tensor.GpuBufferDataTypes} */ (type), dims: tensor.shape });
}

/**
 * The session as the worker knows it. `compute` includes the transfers that ONNX Runtime makes inside a run; `upload` and `download` are what comes
 * before and after.
 * @param {Ort} ort @param {OrtSession} session @param {Pick<import('./registry.js').Session, 'details'> & Partial<import('./registry.js').Session>} own
 * @param {GPUDevice} [device] where outputs may stay
 * @returns {import('./registry.js').Session}
 */
export function wrapSession(ort, session, own, device) {
  const model = { inputs: session.inputMetadata.map(describe), outputs: session.outputMetadata.filter(travels).map(describe) };
  const allNames = model.outputs.map(({ name }) => name);
  return {
    ...model,
    async run(tensors, names, keep = []) {
      const given = checkRun(model, tensors, names);
      const wanted = names.length ? names : allNames;
      const [feeds, upload] = await timed(() => Object.fromEntries(given.map(tensor => [tensor.name, feedOf(ort, tensor)])));
      const [results, compute] = await timed(() => session.run(feeds, wanted, quietly).catch(error => { throw isInvalidArgument(error) ? new CodedError('bad_input', messageOf(error)) : error; }));
      const [outputs, download] = await timed(async () => {
        const all = [];
        for (const name of wanted) {
          const tensor = /** @type {import('onnxruntime-web').Tensor} */ (results[name]);
          const described = { name, datatype: datatypeOf(tensor.type, name), shape: [...tensor.dims] };
          if (device && tensor.location === 'gpu-buffer' && keep.includes(name)) {
            const buffer = /** @type {GPUBuffer} */ (tensor.gpuBuffer), bytes = byteSize(described.datatype, described.shape);
            all.push({ ...described, buffer, read: () => nudged(device, () => readBack(device, buffer, bytes)), release: () => tensor.dispose() });
          } else {
            all.push({ ...described, data: /** @type {ArrayBufferView} */ (tensor.location === 'cpu' ? tensor.data : await tensor.getData(true)) });
          }
        }
        return all;
      });
      return { outputs, times: { upload, compute, download } };
    },
    dispose: () => session.release(),
    ...own,
  };
}
