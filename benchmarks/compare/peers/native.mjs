// node native.mjs MODELS: native ONNX Runtime on the CPU, with its defaults, or with as many threads as the task says.

import { createRequire } from 'node:module';
import { join } from 'node:path';

import { serve, timed } from './lines.mjs';
import { inputFor } from './models.mjs';

const require = createRequire(new URL('../../../js/package.json', import.meta.url));
const { InferenceSession, Tensor } = require('onnxruntime-node');

/** @type {Record<string, any>} */
const sessions = {};
await serve({ 'onnxruntime-node': require('onnxruntime-node/package.json').version }, async task => {
  const session = sessions[task.model] ??= await InferenceSession.create(join(process.argv[2], task.model), { logSeverityLevel: 3, intraOpNumThreads: task.threads ?? 0 });
  const { name, type, dims, data } = inputFor(session.inputMetadata);
  return timed(task, () => session.run({ [name]: new Tensor(type, data, dims) }));
}, async () => {});
