// Counts the GPU buffers of generations, for the tests.

import { webgpu } from '/js/backends/webgpu.js';
import { Generations } from '/js/generation.js';
import { on, send } from '/js/messages.js';
import { RunQueue } from '/js/run_queue.js';
import { buffers } from './buffer_counts.js';

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
    buffers.read = 0;
    await work();
    counts.live.push(buffers.live);
    counts.read.push(buffers.read);
  };
  for (let i = 0; i < 3; i++) await counted(() => generate(12));
  for (let i = 0; i < 2; i++) await counted(() => Promise.all([generate(12), generate(12)]));
  await counted(() => generate(12, (index, which) => { if (index === 4) generations.cancel(which); }).catch(() => {}));
  await counted(() => generate(12));
  await counted(async () => {
    await generate(6, undefined, { keep: 1 });
    await generate(6, undefined, { resume: { tensor: 1, length: prompt.length + 5 } });
  });
  await counted(async () => {
    await generate(12, undefined, { keep: 2 });
    generations.release([2]);
  });
  await session.dispose();
  send('decoded', counts);
});
