// How large everything is in one run of a kernel: extents, tensors, dispatches.

import { CodedError } from '../errors.js';
import { evaluate } from '../expression.js';
import { byteSize } from '../protocol.js';
import { bindingsOf } from './kernel_source.js';

/** @typedef {import('./kernel_source.js').Kernel} Kernel @typedef {import('../protocol.js').TensorInfo} TensorInfo */
/** @typedef {TensorInfo & { bytes: number }} SizedTensor */

/** The extents that these inputs give. @param {Kernel} kernel @param {TensorInfo[]} feeds @returns {Map<string, number>} */
function extentsOf(kernel, feeds) {
  /** @type {Map<string, number>} */
  const values = new Map();
  for (const { name, shape } of kernel.inputs) {
    const given = /** @type {TensorInfo} */ (feeds.find(feed => feed.name === name)).shape;
    shape.forEach((extent, i) => {
      if (typeof extent !== 'string') return;
      const known = values.get(extent);
      if (known !== undefined && known !== given[i]) throw new CodedError('bad_input', `extent "${extent}" is ${known} in one input and ${given[i]} in "${name}"`);
      values.set(extent, given[i]);
    });
  }
  for (const [name, rule] of Object.entries(kernel.extents)) values.set(name, evaluate(rule, values));
  return values;
}

/** @param {import('./kernel_source.js').KernelTensor} tensor @param {ReadonlyMap<string, number>} values @param {number} most bytes @returns {SizedTensor} */
function sized({ name, datatype, shape }, values, most) {
  const extents = shape.map(extent => evaluate(extent, values));
  if (extents.some(extent => extent < 0)) throw new CodedError('bad_input', `"${name}" would have the shape [${extents.join(', ')}]`);
  const bytes = byteSize(datatype, extents);
  if (!(bytes <= most)) throw new CodedError('bad_input', `"${name}" would have ${bytes} bytes; this adapter binds at most ${most}`);
  return { name, datatype, shape: extents, bytes };
}

/**
 * The sizes of a run on these inputs; tensors in the order of their bindings, workgroups of each pass. Throws CodedError `bad_input`.
 * @param {Kernel} kernel @param {number[]} workgroup @param {GPUSupportedLimits} limits @param {TensorInfo[]} feeds
 */
export function measure(kernel, workgroup, limits, feeds) {
  const values = extentsOf(kernel, feeds);
  const tensors = bindingsOf(kernel).map(tensor => sized(tensor, values, limits.maxStorageBufferBindingSize));
  const known = new Map([...values, ...workgroup.map((size, i) => /** @type {[string, number]} */ ([`workgroup_${'xyz'[i]}`, size]))]);
  const most = limits.maxComputeWorkgroupsPerDimension;
  const workgroups = kernel.passes.map(({ entry, invocations }) => workgroup.map((size, i) => {
    const count = Math.ceil(evaluate(invocations[i], known) / size);
    if (count < 0 || count > most) throw new CodedError('bad_input', `pass "${entry}" needs ${count} workgroups along ${'xyz'[i]}; this adapter dispatches at most ${most}`);
    return count;
  }));
  return { values, tensors, workgroups };
}
