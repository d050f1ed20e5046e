// A compiled kernel: works out extents, uploads, dispatches and reads back.

import { CodedError, messageOf } from '../errors.js';
import { evaluate } from '../expression.js';
import { GrowingBuffer, wholeWords } from '../gpu_buffer.js';
import { byteSize, bytesOf } from '../protocol.js';
import { timed } from '../timing.js';
import { bindingsOf, compile, symbolsOf } from './kernel_source.js';

/** @typedef {import('./kernel_source.js').Kernel} Kernel @typedef {import('./kernel_source.js').KernelTensor} KernelTensor @typedef {import('./kernel_source.js').Variant} Variant @typedef {import('../protocol.js').WireTensor} WireTensor */

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
    const { STORAGE, COPY_DST, COPY_SRC, UNIFORM, MAP_READ } = GPUBufferUsage;
    this.#buffers = bindingsOf(kernel).map(() => new GrowingBuffer(device, STORAGE | COPY_DST | COPY_SRC));
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

  /** The extents that these inputs give. @param {WireTensor[]} feeds */
  #measure(feeds) {
    /** @type {Map<string, number>} */
    const values = new Map();
    for (const { name, shape } of this.#kernel.inputs) {
      const given = /** @type {WireTensor} */ (feeds.find(feed => feed.name === name)).shape;
      shape.forEach((extent, i) => {
        if (typeof extent !== 'string') return;
        const known = values.get(extent);
        if (known !== undefined && known !== given[i]) throw new CodedError('bad_input', `extent "${extent}" is ${known} in one input and ${given[i]} in "${name}"`);
        values.set(extent, given[i]);
      });
    }
    for (const [name, rule] of Object.entries(this.#kernel.extents)) values.set(name, evaluate(rule, values));
    return values;
  }

  /** @param {KernelTensor} tensor @param {ReadonlyMap<string, number>} values */
  #shaped({ name, datatype, shape }, values) {
    const extents = shape.map(extent => evaluate(extent, values));
    if (extents.some(extent => extent < 0)) throw new CodedError('bad_input', `"${name}" would have the shape [${extents.join(', ')}]`);
    const bytes = byteSize(datatype, extents), most = this.#device.limits.maxStorageBufferBindingSize;
    if (bytes > most) throw new CodedError('bad_input', `"${name}" would have ${bytes} bytes; this adapter binds at most ${most}`);
    return { name, datatype, shape: extents, bytes: Number(bytes) };
  }

  /** @param {ReadonlyMap<string, number>} values */
  #workgroups(values) {
    const sizes = this.#variant.workgroup_size, most = this.#device.limits.maxComputeWorkgroupsPerDimension;
    const known = new Map([...values, ...sizes.map((size, i) => /** @type {[string, number]} */ ([`workgroup_${'xyz'[i]}`, size]))]);
    return this.#kernel.passes.map(({ entry, invocations }) => sizes.map((size, i) => {
      const count = Math.ceil(evaluate(invocations[i], known) / size);
      if (count < 0 || count > most) throw new CodedError('bad_input', `pass "${entry}" needs ${count} workgroups along ${'xyz'[i]}; this adapter dispatches at most ${most}`);
      return count;
    }));
  }

  /** Uploads, computes and reads the wanted outputs back. @param {WireTensor[]} feeds @param {string[]} names @returns {Promise<import('./registry.js').RunResult>} */
  async run(feeds, names) {
    try {
      return await this.#run(feeds, names);
    } catch (error) {
      if (!(error instanceof CodedError)) this.destroy();  // a buffer may be invalid, or mapped: the next run makes new ones
      throw error;
    }
  }

  /** @param {WireTensor[]} feeds @param {string[]} names */
  async #run(feeds, names) {
    const device = this.#device, values = this.#measure(feeds);
    const tensors = bindingsOf(this.#kernel).map(tensor => this.#shaped(tensor, values));
    const workgroups = this.#workgroups(values), symbols = symbolsOf(this.#kernel);

    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    const [group, upload] = await timed(() => {
      const entries = tensors.map(({ bytes }, binding) => ({ binding, resource: { buffer: this.#buffers[binding].of(bytes), size: wholeWords(bytes) } }));
      this.#kernel.inputs.forEach(({ name }, i) => this.#write(entries[i].resource.buffer, /** @type {WireTensor} */ (feeds.find(feed => feed.name === name)).data));
      if (symbols.length) {
        const buffer = this.#extents.of(4 * symbols.length);
        device.queue.writeBuffer(buffer, 0, Uint32Array.from(symbols, symbol => /** @type {number} */ (values.get(symbol))));
        entries.push({ binding: tensors.length, resource: { buffer, size: buffer.size } });
      }
      return device.createBindGroup({ layout: this.#layout, entries });
    });

    const asked = names.length ? names : this.#kernel.outputs.map(({ name }) => name);
    const first = tensors.length - this.#kernel.outputs.length;
    const wanted = tensors.slice(first).map((tensor, i) => ({ ...tensor, source: this.#buffers[first + i], reader: this.#readers[i] })).filter(({ name }) => asked.includes(name));
    const [, compute] = await timed(async () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      this.#pipelines.forEach((pipeline, i) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(workgroups[i][0], workgroups[i][1], workgroups[i][2]);
      });
      pass.end();
      for (const { bytes, source, reader } of wanted) encoder.copyBufferToBuffer(source.of(bytes), 0, reader.of(bytes), 0, wholeWords(bytes));
      device.queue.submit([encoder.finish()]);
      const maps = wanted.map(({ reader }) => reader.of(0).mapAsync(GPUMapMode.READ));
      const [invalid, exhausted] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
      const mapped = await Promise.allSettled(maps);
      const error = invalid ?? exhausted ?? mapped.find(each => each.status === 'rejected')?.reason;
      if (error) throw new Error(`the GPU refused the kernel: ${messageOf(error)}`);
    });
    const [read, download] = await timed(() => new Map(wanted.map(({ name, datatype, shape, bytes, reader }) => {
      const buffer = reader.of(0);
      const data = new Uint8Array(buffer.getMappedRange(0, wholeWords(bytes)).slice(0, bytes));
      buffer.unmap();
      return [name, { name, datatype, shape, data }];
    })));
    return { outputs: asked.map(name => /** @type {WireTensor} */ (read.get(name))), times: { upload, compute, download } };
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
