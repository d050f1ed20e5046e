// Times on the wire are milliseconds, rounded to microseconds.

/** @param {number} milliseconds */
export const rounded = milliseconds => Math.round(milliseconds * 1000) / 1000;

/** Milliseconds since `performance.now()` returned this. @param {number} start */
export const since = start => rounded(performance.now() - start);

/** Runs the work and measures how long it takes. @template T @param {() => T | Promise<T>} work @returns {Promise<[T, number]>} */
export async function timed(work) {
  const start = performance.now();
  const result = await work();
  return [result, since(start)];
}

/** What was waited for did not answer. */
export class NoAnswer extends Error {}

/**
 * The promise's result, or `NoAnswer` that says what did not answer. The work itself can't be stopped; the caller abandons it.
 * @template T @param {Promise<T>} promise @param {number} milliseconds @param {string} what @returns {Promise<T>}
 */
export async function answeredWithin(promise, milliseconds, what) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new NoAnswer(`${what} did not answer in ${milliseconds / 1000} s`)), milliseconds); });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}

/** A run that takes this many milliseconds is long enough to be measured once. */
const slowRun = 500;

/** Milliseconds of a run: the median of three, or the first one if that is slow. @param {() => Promise<unknown>} run */
export async function timeRuns(run) {
  /** @type {number[]} */
  const times = [];
  do times.push((await timed(run))[1]);
  while (times.length < 3 && times[0] < slowRun);
  return times.sort((a, b) => a - b)[times.length >> 1];
}
