// A worker that tries a model with some number of threads, tells how long a run on made-up inputs takes, and is ended.

import { messageOf } from '../errors.js';
import { runOnMadeUp } from '../made_up_inputs.js';
import { timeRuns } from '../timing.js';
import { cpuSession } from './wasm.js';

self.addEventListener('message', async ({ data: { model, threads, ...options } }) => {
  try {
    const session = await cpuSession(model, options, threads);
    const feeds = await runOnMadeUp(session.inputs, made => session.run(made, []));
    self.postMessage({ time: await timeRuns(() => session.run(feeds, [])) });
  } catch (error) {
    self.postMessage({ error: messageOf(error) });
  }
}, { once: true });
