// What this browser can do, for the pool's choice. What the browser does not report is null, never a guess.

import { createContext } from './backends/webnn.js';
import { nameBrowser } from './browser_name.js';
import { messageOf } from './errors.js';
import { answeredWithin } from './timing.js';

const probeTimeout = 5000;
const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render|\bwarp\b/i;

/**
 * Whether an adapter computes on the CPU. Its names say so in Chromium ("swiftshader"); Firefox leaves them empty but, like Chromium,
 * marks a CPU adapter as fallback. Without that mark only the names are left, and an unknown name proves nothing.
 * @param {{ vendor: string, architecture: string, device: string, description: string, isFallbackAdapter?: boolean }} info @returns {boolean | null}
 */
export function isSoftware({ vendor, architecture, device, description, isFallbackAdapter }) {
  if (softwareNames.test([vendor, architecture, device, description].join(' '))) return true;
  return isFallbackAdapter ?? null;
}

/** The adapter, or why there is none. */
export async function probeWebGpu() {
  if (!navigator.gpu) return isSecureContext ? 'this browser has no navigator.gpu' : 'browsers offer WebGPU only to https and localhost';
  try {
    const adapter = await answeredWithin(navigator.gpu.requestAdapter(), probeTimeout, 'requestAdapter');
    if (!adapter) return 'no adapter: the browser found no GPU that it lets a page use';
    const { vendor, architecture, device, description } = adapter.info;
    const fallback = adapter.info.isFallbackAdapter ?? /** @type {{ isFallbackAdapter?: boolean }} */ (/** @type {unknown} */ (adapter)).isFallbackAdapter;
    /** @type {Record<string, number>} */
    const limits = {};
    for (const name in adapter.limits) {
      const limit = /** @type {any} */ (adapter.limits)[name];
      if (typeof limit === 'number') limits[name] = limit;
    }
    const software = isSoftware({ vendor, architecture, device, description, isFallbackAdapter: fallback });
    return { vendor, architecture, device, description, software, features: [...adapter.features].sort(), limits };
  } catch (error) {
    return messageOf(error);
  }
}

/** What each kind of device answers when asked for a context (null if it gives one), or why there is no WebNN at all. */
export async function probeWebNn() {
  if (!('ml' in navigator)) return isSecureContext ? 'this browser has no navigator.ml' : 'browsers offer WebNN only to https and localhost';
  const answers = await Promise.all(['cpu', 'gpu', 'npu'].map(async deviceType => {
    try {
      (await createContext(deviceType, probeTimeout)).destroy?.();
      return [deviceType, null];
    } catch (error) {
      return [deviceType, error instanceof Error ? `${error.name}: ${error.message}` : String(error)];
    }
  }));
  return Object.fromEntries(answers);
}

/** @returns {Promise<{ browser: string, version: string | null }>} */
async function probeName() {
  const { userAgentData } = /** @type {{ userAgentData?: { brands: import('./browser_name.js').Brand[], getHighEntropyValues: (hints: string[]) => Promise<any> } }} */ (navigator);
  const full = await userAgentData?.getHighEntropyValues(['fullVersionList']).catch(() => undefined);
  return nameBrowser({ userAgent: navigator.userAgent, brands: full?.fullVersionList ?? userAgentData?.brands, hasChromeObject: 'chrome' in globalThis });
}

/** Everything that `hello` tells. */
export async function probeCapabilities() {
  const [{ browser, version }, webgpu, webnn] = await Promise.all([probeName(), probeWebGpu(), probeWebNn()]);
  const { deviceMemory } = /** @type {{ deviceMemory?: number }} */ (navigator);
  return {
    user_agent: navigator.userAgent, browser, browser_version: version, platform: navigator.platform || null,
    hardware_concurrency: navigator.hardwareConcurrency ?? null, device_memory_gib: deviceMemory ?? null,
    cross_origin_isolated: crossOriginIsolated, wasm_threads: crossOriginIsolated && 'SharedArrayBuffer' in globalThis, jspi: 'Suspending' in WebAssembly,
    visible: document.visibilityState === 'visible', webgpu, webnn,
  };
}
