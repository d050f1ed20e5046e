// Runs a model once with native ONNX Runtime: what every browser's answer is compared with.
//
//   node reference.mjs MODEL.onnx --input NAME=FILE.npy ... [--output NAME=FILE.npy ...]
//
// Without --output nothing is written. Prints one line of JSON: {"outputs":[{"name":"y","type":"float32","shape":[1,10]}],"run_ms":0.4}

import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { formatNpy, parseNpy } from './npy.mjs';

/** @typedef {import('onnxruntime-common').Tensor} Tensor */

/** Adds the file to whatever went wrong with it. @template T @param {string} path @param {() => Promise<T>} work */
async function naming(path, work) {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {string[]} [pairs] @returns {[name: string, path: string][]} */
const splitPairs = (pairs = []) => pairs.map(pair => {
  const at = pair.lastIndexOf('=');
  if (at <= 0) throw new Error(`"${pair}" is not NAME=FILE.npy`);
  return [pair.slice(0, at), pair.slice(at + 1)];
});

/** All outputs of the model for these feeds, in the model's order. @param {string | Uint8Array} model a path, or the bytes @param {Record<string, import('./npy.mjs').Array>} feeds */
export async function runReference(model, feeds) {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(/** @type {string} */ (model), { logSeverityLevel: 3 });
  const names = (/** @type {readonly string[]} */ list) => list.map(name => `"${name}"`).join(', ') || 'none';
  for (const name of session.inputNames) if (!feeds[name]) throw new Error(`the input "${name}" is missing; the model's inputs are ${names(session.inputNames)}`);
  for (const name in feeds) if (!session.inputNames.includes(name)) throw new Error(`the model has no input "${name}"; its inputs are ${names(session.inputNames)}`);
  const tensors = Object.fromEntries(Object.entries(feeds).map(([name, { type, shape, data }]) => [name, new Tensor(type, /** @type {any} */ (data), shape)]));
  const start = performance.now();
  const results = await session.run(tensors);
  const milliseconds = performance.now() - start;
  const outputs = session.outputNames.map(name => ({ name, tensor: /** @type {Tensor} */ (results[name]) }));
  await session.release();
  return { outputs, milliseconds };
}

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { input: { type: 'string', multiple: true }, output: { type: 'string', multiple: true } } });
  const [model] = positionals;
  if (positionals.length !== 1) throw new Error('usage: node reference.mjs MODEL.onnx --input NAME=FILE.npy ... [--output NAME=FILE.npy ...]');
  /** @type {Record<string, import('./npy.mjs').Array>} */
  const feeds = {};
  for (const [name, path] of splitPairs(values.input)) feeds[name] = await naming(path, async () => parseNpy(await readFile(path)));
  const { outputs, milliseconds } = await naming(model, () => runReference(model, feeds));
  for (const [name, path] of splitPairs(values.output)) {
    const found = outputs.find(output => output.name === name);
    if (!found) throw new Error(`${model}: the model has no output "${name}"; its outputs are ${outputs.map(output => `"${output.name}"`).join(', ')}`);
    const { type, dims, data } = found.tensor;
    await naming(path, () => writeFile(path, formatNpy({ type, shape: [...dims], data: /** @type {ArrayBufferView} */ (data) })));
  }
  const described = outputs.map(({ name, tensor }) => ({ name, type: tensor.type, shape: tensor.dims }));
  process.stdout.write(`${JSON.stringify({ outputs: described, run_ms: Math.round(milliseconds * 1000) / 1000 })}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main().catch(error => {
    process.stderr.write(`reference: ${error.message}\n`);
    process.exitCode = 1;
  });
}
