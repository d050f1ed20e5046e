// The GPU, through WebGPU.

import { createHonestSession, gpuBuild, loadOrt, wrapSession } from './ort.js';

/** Throws if the adapter cannot run workgroups of this size. @param {GPUSupportedLimits} limits @param {number[]} size */
export function checkWorkgroup(limits, size) {
  const most = [limits.maxComputeWorkgroupSizeX, limits.maxComputeWorkgroupSizeY, limits.maxComputeWorkgroupSizeZ];
  const invocations = size.reduce((product, n) => product * n, 1);
  const fits = size.every((n, i) => n <= most[i]) && invocations <= limits.maxComputeInvocationsPerWorkgroup;
  if (!fits) throw new Error(`a workgroup of ${size.join(' × ')} is asked for; this adapter runs at most ${most.join(' × ')} and ${limits.maxComputeInvocationsPerWorkgroup} in all`);
}

/** The adapter; throws with the reason where there is none, or it is too small. @param {number[]} [workgroupSize] */
export async function requireAdapter(workgroupSize) {
  if (!navigator.gpu) throw new Error(isSecureContext ? 'this browser has no navigator.gpu' : 'browsers offer WebGPU only to https and localhost');
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('no adapter: the browser found no GPU that it lets a page use');
  if (workgroupSize) checkWorkgroup(adapter.limits, workgroupSize);
  return adapter;
}

/**
 * Firefox looks for finished GPU work every 100 ms, unless a page submits something: then at once. So submit nothing, often, while a run lasts;
 * a small model's run falls from 100 ms to 2 ms.
 * @template T @param {GPUDevice} device @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function nudged(device, work) {
  if (!navigator.userAgent.includes('Firefox/')) return work();
  const timer = setInterval(() => device.queue.submit([]), 1);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Runs the work; an error that only the device heard of makes it fail instead of answering with wrong numbers. @template T @param {GPUDevice} device @param {() => Promise<T>} work */
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

/** @type {import('./registry.js').Backend} */
export const webgpu = {
  name: 'webgpu',
  async create(model, { freeDimensions, workgroupSize, deviceLost }) {
    await requireAdapter(workgroupSize);
    const build = gpuBuild();
    const ort = await loadOrt(build);
    const { session, cpuFallback } = await createHonestSession(ort, build, model, { executionProviders: ['webgpu'], freeDimensionOverrides: freeDimensions });
    const device = await ort.env.webgpu.device;
    let disposed = false;
    device.lost.then(({ reason, message }) => { if (!disposed) deviceLost(reason, message); });

    const wrapped = wrapSession(ort, session, { details: { deviceType: null, cpuFallback } });
    return {
      ...wrapped,
      run: (...given) => nudged(device, () => whileListening(device, () => wrapped.run(...given))),
      async dispose() {
        disposed = true;
        await wrapped.dispose();
      },
    };
  },
};
