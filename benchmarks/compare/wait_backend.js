// A backend that computes nothing, and takes as many milliseconds for it as its input says.

import { typedArrayOf } from '/js/tensors.js';

export const detect = () => null;

export async function create() {
  return {
    inputs: [{ name: 'ms', datatype: 'FP32', shape: [-1] }],
    outputs: [{ name: 'waited', datatype: 'FP32', shape: [-1] }],
    /** @param {import('../../js/protocol.js').WireTensor[]} feeds */
    async run([ms]) {
      await new Promise(resolve => setTimeout(resolve, typedArrayOf(ms)[0]));
      return { outputs: [{ ...ms, name: 'waited' }] };
    },
  };
}
