// The contenders' protocol: a line of JSON says that this one is ready, then each line of input is a task and gets its answer.

import { createInterface } from 'node:readline';

/** @param {Record<string, string>} versions @param {(task: any) => Promise<object>} handle @param {() => Promise<void>} end */
export async function serve(versions, handle, end) {
  console.log(JSON.stringify({ ready: true, versions }));
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await handle(JSON.parse(line)).catch(error => ({ error: error.message }));
    console.log(JSON.stringify(answer));
  }
  await end();
}

/** Does `count` things, so many at a time, and takes the time of each and this process's CPU time. @param {{ count: number, in_flight?: number }} task @param {() => Promise<unknown>} work */
export async function timed({ count, in_flight = 1 }, work) {
  const times_us = [];
  let left = count;
  const keepGoing = async () => {
    while (left-- > 0) {
      const began = performance.now();
      await work();
      times_us.push((performance.now() - began) * 1e3);
    }
  };
  const before = process.cpuUsage(), began = performance.now();
  await Promise.all(Array.from({ length: in_flight }, keepGoing));
  const wall_us = (performance.now() - began) * 1e3, { user, system } = process.cpuUsage(before);
  return { times_us, wall_us, cpu_us: (user + system) / count };
}

/** The floats that travel, the same as the other contenders'. @param {number} bytes */
export function tensorOf(bytes) {
  const floats = new Float32Array(bytes / 4);
  for (let i = 0; i < floats.length; i++) floats[i] = (i + 1) * 16807 % 2147483647 / 2147483647;
  return floats;
}

/** `trip` carries a tensor to the page and back. @param {{ bytes: number, count: number, in_flight: number }} task @param {(tensor: Float32Array) => Promise<Float32Array>} trip */
export async function roundTrips(task, trip) {
  const tensor = tensorOf(task.bytes);
  let last = tensor;
  const answer = await timed(task, async () => { last = await trip(tensor); });
  if (last === tensor || !Buffer.from(last.buffer, last.byteOffset, last.byteLength).equals(Buffer.from(tensor.buffer))) throw new Error('a tensor came back changed');
  return answer;
}
