// Counts the GPU buffers of generations, for the tests.

import { webgpu } from '/js/backends/webgpu.js';
import { Generations } from '/js/generation.js';
import { on, send } from '/js/messages.js';
import { RunQueue } from '/js/run_queue.js';

let live = 0, read = 0;
const { createBuffer } = GPUDevice.prototype, { destroy, mapAsync } = GPUBuffer.prototype;
GPUDevice.prototype.createBuffer = function (descriptor) {
  live++;
  return createBuffer.call(this, descriptor);
};
GPUBuffer.prototype.destroy = function () {
  live--;
  return destroy.call(this);
};
GPUBuffer.prototype.mapAsync = function (mode, ...rest) {
  if (mode === GPUMapMode.READ) read += this.size;
  return mapAsync.call(this, mode, ...rest);
};

on('decode', async (prompt, [model]) => {
  const session = await webgpu.create(/** @type {Uint8Array} */ (model.data), { choice: { name: 'webgpu' }, freeDimensions: {}, generates: true, realm: {}, deviceLost: () => {} });
  const generations = new Generations(new RunQueue());
  let id = 0;
  /** @param {number} max_tokens @param {(index: number, id: number) => void} [heard] @param {object} [more] */
  const generate = (max_tokens, heard = () => {}, more = {}) => {
    const data = BigInt64Array.from('resume' in more ? [] : prompt, BigInt);
    return generations.start(session, { type: 'generate', id: ++id, inputs: [{ name: 'prompt', datatype: 'INT64', shape: [data.length], data }],
      max_tokens, temperature: 0, top_k: 0, top_p: 1, seed: 0, stop_tokens: [], ...more }, ({ index, id: which }) => heard(index, which));
  };
  const counts = { live: /** @type {number[]} */ ([]), read: /** @type {number[]} */ ([]) };
  /** @param {() => Promise<unknown>} work */
  const counted = async work => {
    read = 0;
    await work();
    counts.live.push(live);
    counts.read.push(read);
  };
  for (let i = 0; i < 3; i++) await counted(() => generate(30));
  for (let i = 0; i < 2; i++) await counted(() => Promise.all([generate(30), generate(30)]));
  await counted(() => generate(30, (index, which) => { if (index === 9) generations.cancel(which); }).catch(() => {}));
  await counted(() => generate(30));
  await counted(async () => {
    await generate(15, undefined, { keep: 1 });
    await generate(15, undefined, { resume: { tensor: 1, length: prompt.length + 14 } });
  });
  await counted(async () => {
    await generate(30, undefined, { keep: 2 });
    generations.release([2]);
  });
  await session.dispose();
  send('decoded', counts);
});
