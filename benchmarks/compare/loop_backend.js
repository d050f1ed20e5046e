// A backend that runs a model by one of the page's own backends in a loop, and answers with the time of each run.

import { wasm } from '/js/backends/wasm.js';
import { webgpu } from '/js/backends/webgpu.js';
import { bytesOf } from '/js/protocol.js';
import { typedArrayOf } from '/js/tensors.js';

const pageBackends = { wasm, webgpu };

export const detect = () => null;

/** @param {Uint8Array} _ @param {import('../../js/backends/registry.js').Options} options */
export async function create(_, options) {
  /** By backend and the model's size, which differs. @type {Map<string, import('../../js/backends/registry.js').Session>} */
  const sessions = new Map();
  /** @param {'wasm' | 'webgpu'} name @param {Uint8Array} model */
  async function sessionOf(name, model) {
    const key = `${name} ${model.length}`;
    if (!sessions.has(key)) sessions.set(key, await pageBackends[name].create(model, { ...options, choice: { name }, realm: {} }));
    return sessions.get(key);
  }
  const given = ['model', 'backend', 'input'].map(name => ({ name, datatype: 'UINT8', shape: [-1] }));
  return {
    inputs: [...given, { name: 'count', datatype: 'INT64', shape: [-1] }],
    outputs: [{ name: 'times_us', datatype: 'FP64', shape: [-1] }],
    warmUp: async () => {},  // zeros are no model
    /** @param {import('../../js/protocol.js').WireTensor[]} feeds */
    async run([model, backend, input, count]) {
      const session = await sessionOf(new TextDecoder().decode(backend.data), bytesOf(model.data).slice());
      const feeds = session.inputs.map(info => ({ ...info, shape: info.shape.map(extent => extent < 0 ? 1 : extent), data: input.data }));
      const times = new Float64Array(Number(typedArrayOf(count)[0]));
      for (let i = 0; i < times.length; i++) {
        const began = performance.now();
        await session.run(feeds, []);
        times[i] = (performance.now() - began) * 1e3;
      }
      return { outputs: [{ name: 'times_us', datatype: 'FP64', shape: [times.length], data: times }] };
    },
  };
}
