// WGSL of the application's own as a model: the same messages, on the GPU without ONNX Runtime.

import { messageOf } from '../errors.js';
import { nudged } from '../gpu_buffer.js';
import { checkRun, zerosFor } from '../tensors.js';
import { timeRuns } from '../timing.js';
import { KernelProgram } from './kernel_program.js';
import { featuresOf } from './kernel_source.js';
import { checkWorkgroup, requireAdapter } from './webgpu.js';

/** @typedef {import('./kernel_source.js').Kernel} Kernel @typedef {import('./kernel_source.js').Variant} Variant @typedef {import('../protocol.js').WireTensor} WireTensor */

/** What a kernel may need more of than every adapter has. */
const limitNames = /** @type {const} */ (['maxStorageBufferBindingSize', 'maxBufferSize', 'maxStorageBuffersPerShaderStage', 'maxComputeWorkgroupSizeX', 'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ', 'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupStorageSize']);

/** Why an adapter, or a device that is there already, can't run the variant; null if it can. @param {GPUAdapter | GPUDevice} adapter @param {Kernel} kernel @param {Variant} variant */
function obstacle(adapter, kernel, variant) {
  const missing = featuresOf(kernel, variant).filter(feature => !adapter.features.has(feature));
  if (missing.length) return `the adapter has no ${missing.join(', ')}`;
  try {
    checkWorkgroup(adapter.limits, variant.workgroup_size);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** @param {Variant} variant */
const nameOf = ({ workgroup_size: size, features }) => `workgroups of ${size.join('×')}${features.length ? ` with ${features.join(', ')}` : ''}`;

/** Extents that are not known are -1, as in models. @param {import('./kernel_source.js').KernelTensor[]} tensors @param {Record<string, number>} [known] */
const described = (tensors, known = {}) => tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(extent => typeof extent === 'string' ? known[extent] ?? -1 : extent) }));

/**
 * Compiles the variants and keeps the one that runs fastest, after a first run, in which some browsers go on compiling.
 * @param {GPUDevice} device @param {Kernel} kernel @param {Variant[]} variants @param {WireTensor[]} zeros @param {string[]} passedOver
 */
async function fastest(device, kernel, variants, zeros, passedOver) {
  const timed = [];
  for (const variant of variants) {
    const name = nameOf(variant);
    const program = await KernelProgram.build(device, kernel, variant).catch(error => { throw new Error(`${name}: ${messageOf(error)}`); });
    const run = () => nudged(device, () => program.run(zeros, []));
    if (variants.length > 1) await run();
    timed.push({ program, variant, name, time: variants.length > 1 ? await timeRuns(run) : 0 });
  }
  const [best, ...slower] = timed.sort((a, b) => a.time - b.time);
  for (const { program, name, time } of slower) {
    passedOver.push(`slower: a run takes ${time.toFixed(1)} ms in ${name}, ${best.time.toFixed(1)} ms in ${best.name}`);
    program.destroy();
  }
  return best;
}

/** A device with all that the adapter has of what kernels may need. @param {GPUAdapter} adapter @param {Iterable<string>} features */
const deviceWith = (adapter, features) => adapter.requestDevice({
  requiredFeatures: /** @type {GPUFeatureName[]} */ ([...features]), requiredLimits: Object.fromEntries(limitNames.map(name => [name, adapter.limits[name]])),
});

/** @type {import('./registry.js').Backend} */
export const kernelOnWebGpu = {
  name: 'webgpu',
  async create(model, { freeDimensions, workgroupSize, deviceLost, compare, variant: first, realm }) {
    /** @type {Kernel} */
    const kernel = JSON.parse(new TextDecoder().decode(model));
    const adapter = await requireAdapter(workgroupSize);
    const shared = realm.device;
    /** @type {string[]} */
    const passedOver = [];
    const usable = kernel.variants.filter(variant => {
      const why = obstacle(shared ?? adapter, kernel, variant);
      if (why) passedOver.push(`${nameOf(variant)}: ${why}`);
      return !why;
    });
    if (!usable.length) throw new Error(passedOver.join('; '));
    const device = realm.device = shared ?? await deviceWith(adapter, new Set(usable.flatMap(variant => featuresOf(kernel, variant))));
    let disposed = false;
    device.lost.then(({ reason, message }) => { if (!disposed) deviceLost(reason, message); });
    const dispose = async () => {
      disposed = true;
      if (!shared) device.destroy();
    };

    const zeros = zerosFor(described(kernel.inputs, freeDimensions));
    const face = { inputs: described(kernel.inputs), outputs: described(kernel.outputs) };
    try {
      const preferred = usable.find(variant => variant === kernel.variants[first ?? -1]) ?? usable[0];
      const { program, variant } = await fastest(device, kernel, compare ? usable : [preferred], zeros, passedOver);
      return {
        ...face, passedOver,
        takesBuffers: true,
        run(feeds, names, keep) {
          const given = checkRun(face, feeds, names);
          return nudged(device, () => program.run(given, names, keep));
        },
        warmUp: () => nudged(device, () => program.run(zeros, [])),
        async dispose() {
          program.destroy();
          await dispose();
        },
        details: { deviceType: null, cpuFallback: false, variant: kernel.variants.indexOf(variant) },
      };
    } catch (error) {
      await dispose();
      throw error;
    }
  },
};
