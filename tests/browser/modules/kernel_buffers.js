// Counts the GPU buffers of kernels, for the tests.

import { kernelOnWebGpu } from '/js/backends/kernel.js';
import { on, send } from '/js/messages.js';
import { buffers } from './buffer_counts.js';

on('count', async kernel => {
  const bytes = new TextEncoder().encode(JSON.stringify(kernel));
  const session = await kernelOnWebGpu.create(bytes, { choice: { name: 'webgpu' }, freeDimensions: { n: 10 }, compare: true, realm: {}, deviceLost: () => {} });
  const run = async (/** @type {number} */ n) => {
    const floats = (/** @type {string} */ name, /** @type {number} */ size) => ({ name, datatype: 'FP32', shape: [size], data: new Float32Array(size).fill(3) });
    await session.run([floats('x', n), floats('factor', 1)], []);
    return { created: buffers.created, live: buffers.live };
  };
  /** @type {unknown[]} */
  const counts = [await run(10), await run(10), await run(5), await run(1000)];

  const { mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = () => Promise.reject(new Error('out of luck'));
  const failed = await run(1000).catch(error => ({ error: error.message, live: buffers.live }));
  GPUBuffer.prototype.mapAsync = mapAsync;
  counts.push(failed, await run(1000));
  await session.dispose();
  send('counts', [...counts, { created: buffers.created, live: buffers.live }]);
});
