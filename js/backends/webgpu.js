// The GPU, through WebGPU.

import { nudged, readBack } from '../gpu_buffer.js';
import { decoding } from '../kv_cache.js';
import { createHonestSession, gpuBuild, loadOrt, wrapSession } from './ort.js';

/** Throws if the adapter cannot run workgroups of this size. @param {GPUSupportedLimits} limits @param {number[]} size */
export function checkWorkgroup(limits, size) {
  const most = [limits.maxComputeWorkgroupSizeX, limits.maxComputeWorkgroupSizeY, limits.maxComputeWorkgroupSizeZ];
  const invocations = size.reduce((product, n) => product * n, 1);
  const fits = size.every((n, i) => n <= most[i]) && invocations <= limits.maxComputeInvocationsPerWorkgroup;
  if (!fits) throw new Error(`a workgroup of ${size.join(' × ')} is asked for; this adapter runs at most ${most.join(' × ')} and ${limits.maxComputeInvocationsPerWorkgroup} in all`);
}

/** The adapter; throws with the reason if there is none, or if it is too small. @param {number[]} [workgroupSize] */
export async function requireAdapter(workgroupSize) {
  if (!navigator.gpu) throw new Error(isSecureContext ? 'this browser has no navigator.gpu' : 'browsers offer WebGPU only to https and localhost');
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('no adapter: the browser found no GPU that it lets a page use');
  if (workgroupSize) checkWorkgroup(adapter.limits, workgroupSize);
  return adapter;
}

/** Runs the work. If only the device noticed an error, this fails instead of answering with wrong numbers. @template T @param {GPUDevice} device @param {() => Promise<T>} work */
async function whileListening(device, work) {
  /** @type {string[]} */
  const heard = [];
  const listen = (/** @type {GPUUncapturedErrorEvent} */ event) => { heard.push(event.error.message); };
  device.addEventListener('uncapturederror', listen);
  try {
    const result = await work();
    if (heard.length) throw new Error(`the GPU device reports: ${heard[0]}`);
    return result;
  } finally {
    device.removeEventListener('uncapturederror', listen);
  }
}

/** The logits after the last token. Of a long prompt's [1, sequence, vocabulary], only these leave the device. @param {GPUDevice} device @param {import('onnxruntime-common').Tensor} logits */
async function readLastRow(device, logits) {
  const bytes = 4 * logits.dims[2];
  try {
    return new Float32Array((await readBack(device, /** @type {GPUBuffer} */ (logits.gpuBuffer), bytes, bytes * (logits.dims[1] - 1))).buffer);
  } finally {
    logits.dispose();
  }
}

/** @type {import('./registry.js').Backend} */
export const webgpu = {
  name: 'webgpu',
  async create(model, { external, freeDimensions, workgroupSize, generates, deviceLost, deviceOutputs = [], realm }) {
    await requireAdapter(workgroupSize);
    const build = gpuBuild();
    const ort = await loadOrt(build);
    const { session, cpuFallback, placements } = await createHonestSession(ort, build, model, {
      executionProviders: ['webgpu'], externalData: external, freeDimensionOverrides: freeDimensions,
      preferredOutputLocation: generates ? 'gpu-buffer' : Object.fromEntries(deviceOutputs.map(name => [name, /** @type {const} */ ('gpu-buffer')])),
    });
    const device = await ort.env.webgpu.device;
    realm.device = device;
    let disposed = false;
    device.lost.then(({ reason, message }) => { if (!disposed) deviceLost(reason, message); });

    /** @template T @param {() => Promise<T>} work */
    const watched = work => nudged(device, () => whileListening(device, work));
    const wrapped = wrapSession(ort, session, { details: { deviceType: null, cpuFallback, placements }, ...generates && decoding(ort, session, logits => readLastRow(device, logits), watched) }, device);
    return {
      ...wrapped,
      takesBuffers: true,
      run: (...given) => watched(() => wrapped.run(...given)),
      async dispose() {
        disposed = true;
        await wrapped.dispose();
      },
    };
  },
};
