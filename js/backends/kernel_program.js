// A compiled kernel: works out extents, uploads, dispatches and reads back.

import { messageOf } from '../errors.js';
import { GrowingBuffer, nudged, readBack, wholeWords } from '../gpu_buffer.js';
import { bytesOf } from '../protocol.js';
import { isOnDevice } from '../residents.js';
import { timed } from '../timing.js';
import { measure } from './kernel_sizes.js';
import { bindingsOf, compile, symbolsOf } from './kernel_source.js';

/** @typedef {import('./kernel_source.js').Kernel} Kernel @typedef {import('./kernel_source.js').Variant} Variant @typedef {import('../residents.js').RunTensor} RunTensor */

const { STORAGE, COPY_DST, COPY_SRC, UNIFORM, MAP_READ } = globalThis.GPUBufferUsage ?? {};  // where there is no WebGPU, no program is built
const tensorUsage = STORAGE | COPY_DST | COPY_SRC;

/** One variant, compiled. */
export class KernelProgram {
  #device; #kernel; #variant; #layout; #pipelines; #buffers; #readers; #extents;

  /** @param {GPUDevice} device @param {Kernel} kernel @param {Variant} variant @param {GPUBindGroupLayout} layout @param {GPUComputePipeline[]} pipelines */
  constructor(device, kernel, variant, layout, pipelines) {
    this.#device = device;
    this.#kernel = kernel;
    this.#variant = variant;
    this.#layout = layout;
    this.#pipelines = pipelines;
    this.#buffers = bindingsOf(kernel).map(() => new GrowingBuffer(device, tensorUsage));
    this.#readers = kernel.outputs.map(() => new GrowingBuffer(device, MAP_READ | COPY_DST));
    this.#extents = new GrowingBuffer(device, UNIFORM | COPY_DST);
  }

  /** @param {GPUDevice} device @param {Kernel} kernel @param {Variant} variant */
  static async build(device, kernel, variant) {
    const module = await compile(device, kernel, variant);
    const inputs = kernel.inputs.length, tensors = bindingsOf(kernel).length;
    /** @type {GPUBindGroupLayoutEntry[]} */
    const entries = bindingsOf(kernel).map((_, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: binding < inputs ? 'read-only-storage' : 'storage' } }));
    if (symbolsOf(kernel).length) entries.push({ binding: tensors, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform' } });
    const bindings = device.createBindGroupLayout({ entries });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [bindings] });
    const pipelines = await Promise.all(kernel.passes.map(({ entry }) => device.createComputePipelineAsync({ layout, compute: { module, entryPoint: entry } })));
    return new KernelProgram(device, kernel, variant, bindings, pipelines);
  }

  /**
   * Uploads what is not on the device, computes, and reads the wanted outputs back, but for those to `keep`, which get buffers of their own.
   * @param {RunTensor[]} feeds @param {string[]} names @param {string[]} [keep] @returns {Promise<import('./registry.js').RunResult>}
   */
  async run(feeds, names, keep = []) {
    const sizes = measure(this.#kernel, this.#variant.workgroup_size, this.#device.limits, feeds);
    const first = sizes.tensors.length - this.#kernel.outputs.length;
    const asked = names.length ? names : this.#kernel.outputs.map(({ name }) => name);
    const wanted = sizes.tensors.slice(first).map((tensor, i) => ({ ...tensor, binding: first + i, reader: this.#readers[i], stays: keep.includes(tensor.name) })).filter(({ name }) => asked.includes(name));
    /** @type {Map<number, GPUBuffer>} */
    const kept = new Map();
    try {
      const { read, times } = await this.#run(feeds, sizes, wanted, kept);
      /** @type {Map<string, RunTensor>} */
      const byName = new Map();
      for (const { name, datatype, shape, bytes, binding } of wanted) {
        const buffer = kept.get(binding), described = { name, datatype, shape };
        if (!buffer) byName.set(name, { ...described, data: /** @type {Uint8Array} */ (read.get(name)) });
        else byName.set(name, { ...described, buffer, read: () => nudged(this.#device, () => readBack(this.#device, buffer, bytes)), release: () => buffer.destroy() });
      }
      return { outputs: asked.map(name => /** @type {RunTensor} */ (byName.get(name))), times };
    } catch (error) {
      for (const buffer of kept.values()) buffer.destroy();
      this.destroy();  // a buffer may be invalid, or mapped: the next run makes new ones
      throw error;
    }
  }

  /** @param {RunTensor[]} feeds @param {ReturnType<typeof measure>} sizes @param {{ name: string, bytes: number, binding: number, reader: GrowingBuffer, stays: boolean }[]} wanted @param {Map<number, GPUBuffer>} kept gets the buffers of outputs that stay, by binding */
  async #run(feeds, { values, tensors, workgroups }, wanted, kept) {
    const device = this.#device, symbols = symbolsOf(this.#kernel);
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    for (const { bytes, binding, stays } of wanted) if (stays) kept.set(binding, device.createBuffer({ size: wholeWords(bytes), usage: tensorUsage }));
    const travelling = wanted.filter(({ stays }) => !stays);
    const [group, upload] = await timed(() => {
      const entries = tensors.map(({ name, bytes }, binding) => {
        const feed = binding < this.#kernel.inputs.length ? feeds.find(each => each.name === name) : undefined;
        const buffer = feed && isOnDevice(feed) ? feed.buffer : kept.get(binding) ?? this.#buffers[binding].of(bytes);
        if (feed && !isOnDevice(feed)) this.#write(buffer, feed.data);
        return { binding, resource: { buffer, size: wholeWords(bytes) } };
      });
      if (symbols.length) {
        const buffer = this.#extents.of(4 * symbols.length);
        device.queue.writeBuffer(buffer, 0, Uint32Array.from(symbols, symbol => /** @type {number} */ (values.get(symbol))));
        entries.push({ binding: tensors.length, resource: { buffer, size: buffer.size } });
      }
      return device.createBindGroup({ layout: this.#layout, entries });
    });

    const [, compute] = await timed(async () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      this.#pipelines.forEach((pipeline, i) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(workgroups[i][0], workgroups[i][1], workgroups[i][2]);
      });
      pass.end();
      for (const { bytes, binding, reader } of travelling) encoder.copyBufferToBuffer(this.#buffers[binding].of(bytes), 0, reader.of(bytes), 0, wholeWords(bytes));
      device.queue.submit([encoder.finish()]);
      const maps = travelling.map(({ reader }) => reader.of(0).mapAsync(GPUMapMode.READ));
      const [invalid, exhausted] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
      const mapped = await Promise.allSettled(maps);
      const error = invalid ?? exhausted ?? mapped.find(each => each.status === 'rejected')?.reason;
      if (error) throw new Error(`the GPU refused the kernel: ${messageOf(error)}`);
    });
    const [read, download] = await timed(() => new Map(travelling.map(({ name, bytes, reader }) => {
      const buffer = reader.of(0);
      const data = new Uint8Array(buffer.getMappedRange(0, wholeWords(bytes)).slice(0, bytes));
      buffer.unmap();
      return [name, data];
    })));
    return { read, times: { upload, compute, download } };
  }

  /** @param {GPUBuffer} to @param {ArrayBufferView} data */
  #write(to, data) {
    const bytes = bytesOf(data), whole = bytes.length - bytes.length % 4;
    this.#device.queue.writeBuffer(to, 0, bytes, 0, whole);
    if (whole === bytes.length) return;
    const last = new Uint8Array(4);
    last.set(bytes.subarray(whole));
    this.#device.queue.writeBuffer(to, whole, last);
  }

  destroy() {
    for (const buffer of [...this.#buffers, ...this.#readers, this.#extents]) buffer.destroy();
  }
}
