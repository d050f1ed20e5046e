// How many threads run a model fastest on the CPU. ONNX Runtime can't change the number once it has begun, so each number is tried in a worker of its
// own, one after the other, and the better one remembered by the model's content.

import { messageOf } from '../errors.js';
import { SpawnedWorker } from '../spawned_worker.js';
import { answeredWithin } from '../timing.js';

const most = 4;
const trialTimeout = 20_000;  // starting threads never ends on some devices
const cacheName = 'webpool-threads';

/** @typedef {{ model: Uint8Array, external?: { path: string, data: Uint8Array }[], freeDimensions: Record<string, number> }} Trial */
/** `passedOver`: why it is not another number. @typedef {{ threads: number, passedOver: string[] }} Choice */

const inWords = (/** @type {number} */ threads) => threads === 1 ? '1 thread' : `${threads} threads`;

/** Milliseconds of a run on made-up inputs with this many threads. Throws if that fails or takes too long. @param {Trial} trial @param {number} threads @returns {Promise<number>} */
async function timeWith(trial, threads) {
  const worker = new SpawnedWorker(new URL('./thread_trial.js', import.meta.url), { name: inWords(threads) });
  const answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => data.error ? reject(new Error(data.error)) : resolve(data.time);
    worker.onerror = reject;
    worker.postMessage({ ...trial, threads });
  });
  try {
    return await answeredWithin(/** @type {Promise<number>} */ (answer), trialTimeout, 'a run on made-up inputs');
  } finally {
    worker.terminate();
  }
}

/** @param {(threads: number) => Promise<number>} time @param {number} several @returns {Promise<Choice>} */
async function compare(time, several) {
  /** @type {Map<number, number>} */
  const times = new Map();
  for (const threads of [1, several]) {
    try {
      times.set(threads, await time(threads));
    } catch (error) {
      return { threads: 1, passedOver: [`${inWords(several)}: could not be compared: with ${inWords(threads)}: ${messageOf(error)}`] };
    }
  }
  const ms = (/** @type {number} */ threads) => Number(times.get(threads));
  const [better, worse] = ms(several) < ms(1) ? [several, 1] : [1, several];
  return { threads: better, passedOver: [`${inWords(worse)}: slower: a run on made-up inputs takes ${ms(worse).toFixed(1)} ms, with ${inWords(better)} ${ms(better).toFixed(1)} ms`] };
}

/** @param {string} path @returns {Promise<Choice | undefined>} */
async function recall(path) {
  const cache = await globalThis.caches?.open(cacheName).catch(() => undefined);
  const known = await (await cache?.match(path).catch(() => undefined))?.json().catch(() => undefined);
  return Number.isSafeInteger(known?.threads) ? known : undefined;
}

/** @param {string} path @param {Choice} choice */
async function remember(path, choice) {
  const cache = await globalThis.caches?.open(cacheName).catch(() => undefined);
  await cache?.put(path, new Response(JSON.stringify(choice))).catch(() => {});
}

/**
 * One thread, or up to four, whichever runs the model faster here. One if the page may not have more, or if they fail.
 * @param {Trial} trial @param {string} key of the model's content
 * @param {{ cores?: number, isolated?: boolean, time?: typeof timeWith }} [page]
 * @returns {Promise<Choice>}
 */
export async function fastestThreads(trial, key, { cores = navigator.hardwareConcurrency, isolated = crossOriginIsolated, time = timeWith } = {}) {
  const several = Math.min(most, cores || 1);
  if (!isolated || several === 1) return { threads: 1, passedOver: [] };
  const path = `/threads/${several}/${key}`;
  const known = await recall(path);
  if (known) return known;
  const choice = await compare(threads => time(trial, threads), several);
  await remember(path, choice);
  return choice;
}
