// Counts the GPU buffers behind tensors that stay, for the tests.

import { kernelOnWebGpu } from '/js/backends/kernel.js';
import { on, send } from '/js/messages.js';
import { Residents } from '/js/residents.js';
import { buffers } from './buffer_counts.js';

on('count', async kernel => {
  const bytes = new TextEncoder().encode(JSON.stringify(kernel));
  const session = await kernelOnWebGpu.create(bytes, { choice: { name: 'webgpu' }, freeDimensions: { rows: 1 }, realm: {}, deviceLost: () => {} });
  const residents = new Residents();
  const ones = { name: 'pooled', datatype: 'FP32', shape: [1, 256], data: new Float32Array(256).fill(1) };
  const first = await session.run([ones], [], ['doubled']);
  await residents.keep(first.outputs, [{ name: 'doubled', tensor: 1 }]);
  /** @type {unknown[]} */
  const counts = [{ kept: 1, live: buffers.live }];

  const second = await session.run(residents.inputs([{ name: 'pooled', tensor: 1 }]), [], ['doubled']);
  await residents.keep(second.outputs, [{ name: 'doubled', tensor: 2 }]);
  counts.push({ kept: 2, live: buffers.live });
  const { data } = await residents.fetch(2);
  const floats = new Float32Array(data.buffer, data.byteOffset, 256);
  counts.push({ read: floats.every(each => each === 4), live: buffers.live });

  residents.release([1]);
  counts.push({ kept: 1, live: buffers.live });
  residents.release([2]);
  counts.push({ kept: 0, live: buffers.live });
  await session.dispose();
  send('counts', [...counts, { live: buffers.live }]);
});
