// A backend of an application's own, for the tests: models that are one Add of two FP32 tensors of the same shape, in plain JavaScript.

import { typedArrayOf } from '/js/tensors.js';

/** The fields of a protobuf message: numbers and bytes. @param {Uint8Array} bytes @returns {Generator<[field: number, value: any]>} */
function* fieldsOf(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    if ((key & 7) === 0) yield [key >> 3, varint()];
    else if ((key & 7) === 2) {
      const length = varint();
      yield [key >> 3, bytes.subarray(at, at += length)];
    } else throw new Error(`a field of wire type ${key & 7}`);
  }
}

/** @param {Uint8Array} bytes @param {number} wanted @returns {any[]} */
const all = (bytes, wanted) => [...fieldsOf(bytes)].filter(([field]) => field === wanted).map(([, value]) => value);
const textOf = (/** @type {Uint8Array} */ bytes) => new TextDecoder().decode(bytes);

/** An input or output as the pool knows it. @param {Uint8Array} value */
function describe(value) {
  const [tensor] = all(all(value, 2)[0], 1);
  if (all(tensor, 1)[0] !== 1) throw new Error('only FP32 is added here');
  const shape = all(all(tensor, 2)[0], 1).map(dimension => all(dimension, 1)[0] ?? -1);
  return { name: textOf(all(value, 1)[0]), datatype: 'FP32', shape };
}

export const detect = () => typeof Float32Array === 'function' ? null : 'this browser has no Float32Array';

/** @param {Uint8Array} model */
export async function create(model) {
  const [graph] = all(model, 7);
  const operators = all(graph, 1).map(node => textOf(all(node, 4)[0]));
  if (operators.join() !== 'Add') throw new Error(`only models of one Add run here; this one is ${operators.join(', ')}`);
  const inputs = all(graph, 11).map(describe);
  const outputs = all(graph, 12).map(describe);
  return {
    inputs, outputs,
    /** @param {import('../../../js/protocol.js').WireTensor[]} feeds */
    async run(feeds) {
      const [a, b] = feeds.map(typedArrayOf);
      const sum = new Float32Array(a.length);
      for (let i = 0; i < sum.length; i++) sum[i] = a[i] + b[i];
      return { outputs: [{ ...outputs[0], shape: feeds[0].shape, data: sum }] };
    },
  };
}
