// Generates with native ONNX Runtime, by the page's own loop: what every browser's tokens are compared with.
//
//   node generate.mjs MODEL.onnx --prompt 12,34,... --max-tokens N [--temperature 0] [--top-k 0] [--top-p 1] [--seed 0] [--stop 95,...] [--no-cache]
//
// With --no-cache each step computes the whole text again, without the page's loop and cache. Prints one line of JSON: {"tokens":[...],"finish":"length"}

import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { Generations } from '../generation.js';
import { decoding } from '../kv_cache.js';
import { RunQueue } from '../run_queue.js';
import { nextToken, uniformNumbers } from '../sampling.js';

/** @typedef {Omit<import('../protocol.js').Generate, 'type' | 'id' | 'inputs'> & { prompt: number[] }} Task @typedef {{ tokens: number[], finish: 'stop' | 'length' }} Answer */

/** The model in native ONNX Runtime. @param {string} model a path */
export async function openNative(model) {
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  return { ort, session };
}

/** @param {Awaited<ReturnType<typeof openNative>>} native @param {Task} task @returns {Promise<Answer>} */
export async function generateNatively({ ort, session }, { prompt, ...task }) {
  const data = BigInt64Array.from(prompt, BigInt);
  const request = { type: /** @type {const} */ ('generate'), id: 1, inputs: [{ name: 'prompt', datatype: 'INT64', shape: [data.length], data }], ...task };
  /** @type {number[]} */
  const tokens = [];
  const own = /** @type {import('../backends/registry.js').Session} */ (/** @type {unknown} */ (decoding(/** @type {any} */ (ort), session)));
  const { finish } = await new Generations(new RunQueue()).start(own, request, news => tokens.push(...news.tokens));
  return { tokens, finish: /** @type {Answer['finish']} */ (finish) };
}

/** The same without a cache: every token from the whole text before it. @param {Awaited<ReturnType<typeof openNative>>} native @param {Task} task @returns {Promise<Answer>} */
export async function generateWithoutCache(native, { prompt, max_tokens, seed, stop_tokens, ...choice }) {
  const uniform = uniformNumbers(seed);
  /** @type {number[]} */
  const tokens = [];
  while (tokens.length < max_tokens) {
    const sequence = decoding(/** @type {any} */ (native.ort), native.session).begin();
    const token = nextToken(await sequence.read([...prompt, ...tokens].map(BigInt)), choice, uniform);
    sequence.dispose();
    if (stop_tokens.includes(token)) return { tokens, finish: 'stop' };
    tokens.push(token);
  }
  return { tokens, finish: 'length' };
}

async function main() {
  const text = { type: /** @type {const} */ ('string') };
  const { positionals, values } = parseArgs({ allowPositionals: true, options: {
    prompt: text, 'max-tokens': text, temperature: text, 'top-k': text, 'top-p': text, seed: text, stop: text, 'no-cache': { type: 'boolean' } } });
  if (positionals.length !== 1 || !values.prompt || !values['max-tokens']) throw new Error('usage: node generate.mjs MODEL.onnx --prompt 12,34 --max-tokens N');
  const list = (/** @type {string | undefined} */ numbers) => numbers ? numbers.split(',').map(Number) : [];
  const task = {
    prompt: list(values.prompt), max_tokens: Number(values['max-tokens']), temperature: Number(values.temperature ?? 0), top_k: Number(values['top-k'] ?? 0),
    top_p: Number(values['top-p'] ?? 1), seed: Number(values.seed ?? 0), stop_tokens: list(values.stop),
  };
  const native = await openNative(positionals[0]);
  process.stdout.write(`${JSON.stringify(await (values['no-cache'] ? generateWithoutCache : generateNatively)(native, task))}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main().catch(error => {
    process.stderr.write(`generate: ${error.message}\n`);
    process.exitCode = 1;
  });
}
