// Tensors that stay in this worker between runs: on the GPU, or in the worker's memory if the backend computes there.

import { CodedError } from './errors.js';
import { bytesOf } from './protocol.js';

/** @typedef {import('./protocol.js').TensorInfo} TensorInfo @typedef {import('./protocol.js').WireTensor} WireTensor */
/** @typedef {TensorInfo & { buffer: GPUBuffer, read: () => Promise<Uint8Array>, release: () => void }} DeviceTensor   `read` copies it out, `release` gives the buffer back */
/** What a run takes and gives. @typedef {WireTensor | DeviceTensor} RunTensor */
/** @typedef {{ name: string, tensor: number }} Reference   an input or output, and the tensor's id */

/** @param {RunTensor} tensor @returns {tensor is DeviceTensor} */
export const isOnDevice = tensor => 'buffer' in tensor;

/** @param {RunTensor[]} tensors @returns {tensors is WireTensor[]} */
export const areOnHost = tensors => !tensors.some(isOnDevice);

/** The tensor, with bytes that any backend can read. @param {RunTensor} tensor @returns {Promise<WireTensor>} */
export async function onHost(tensor) {
  if (!isOnDevice(tensor)) return tensor;
  const { name, datatype, shape } = tensor;
  return { name, datatype, shape, data: await tensor.read() };
}

/** The wire's name of such a tensor. @param {TensorInfo} tensor */
const described = ({ name, datatype, shape }) => ({ name, datatype, shape });

export class Residents {
  /** @type {Map<number, RunTensor>} */ #tensors = new Map();

  get empty() {
    return !this.#tensors.size;
  }

  /** @param {number} id */
  #get(id) {
    const tensor = this.#tensors.get(id);
    if (!tensor) throw new CodedError('tensor_lost', `this worker has no tensor ${id}`);
    return tensor;
  }

  /** The tensors that a run names as inputs. Throws CodedError `tensor_lost`. @param {Reference[]} references @returns {RunTensor[]} */
  inputs(references) {
    return references.map(({ name, tensor }) => ({ ...this.#get(tensor), name }));
  }

  /**
   * Keeps the outputs of a run that are to stay; the others travel.
   * @param {RunTensor[]} outputs @param {Reference[]} places
   * @returns {Promise<{ outputs: WireTensor[], kept?: (TensorInfo & { tensor: number })[] }>}
   */
  async keep(outputs, places) {
    if (!places.length) return { outputs: await Promise.all(outputs.map(onHost)) };
    const travelling = [], kept = [];
    for (const output of outputs) {
      const place = places.find(({ name }) => name === output.name);
      if (!place) {
        travelling.push(await onHost(output));
        continue;
      }
      this.#tensors.set(place.tensor, isOnDevice(output) ? output : { ...output, data: bytesOf(output.data) });
      kept.push({ ...described(output), tensor: place.tensor });
    }
    return { outputs: travelling, kept };
  }

  /** A copy for the pool, called "tensor". @param {number} id */
  async fetch(id) {
    return { ...await onHost(this.#get(id)), name: 'tensor' };
  }

  /** @param {number[]} ids those that are not here are gone already */
  release(ids) {
    for (const id of ids) {
      const tensor = this.#tensors.get(id);
      if (tensor && isOnDevice(tensor)) tensor.release();
      this.#tensors.delete(id);
    }
  }
}
