// A worker that tries a model with some number of threads, tells how long a run on zeros takes, and is ended.

import { messageOf } from '../errors.js';
import { zerosFor } from '../tensors.js';
import { timeRuns } from '../timing.js';
import { cpuSession } from './wasm.js';

self.addEventListener('message', async ({ data: { model, threads, ...options } }) => {
  try {
    const session = await cpuSession(model, options, threads);
    const zeros = zerosFor(session.inputs);
    await session.run(zeros, []);
    self.postMessage({ time: await timeRuns(() => session.run(zeros, [])) });
  } catch (error) {
    self.postMessage({ error: messageOf(error) });
  }
}, { once: true });
