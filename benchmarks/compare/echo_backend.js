// A backend that computes nothing: its output is its input.

export const detect = () => null;

export async function create() {
  return {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
    /** @param {import('../../js/protocol.js').WireTensor[]} feeds */
    run: async ([x]) => ({ outputs: [{ ...x, name: 'y' }] }),
  };
}
