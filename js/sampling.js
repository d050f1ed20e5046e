// Chooses the next token from a decoder's logits: the most likely one, or one drawn with a seed.

import { CodedError } from './errors.js';

/**
 * How to choose. `temperature` 0: always the most likely token, the first among equals. Otherwise logits are divided by it, and the token is drawn
 * from the `top_k` most likely ones (0: all), and of these from the fewest that together have the probability `top_p` (1: all).
 * @typedef {{ temperature: number, top_k: number, top_p: number }} Choice
 */

/** The Mersenne Twister MT19937 of C++'s `std::mt19937`: the same 32-bit numbers for the same 32-bit seed. @param {number} seed @returns {() => number} */
export function mersenneTwister(seed) {
  const size = 624, shift = 397;
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ state[i - 1] >>> 30) + i;
  let next = size;
  return () => {
    if (next === size) {
      for (let i = 0; i < size; i++) {
        const joined = state[i] & 0x80000000 | state[(i + 1) % size] & 0x7fffffff;
        state[i] = state[(i + shift) % size] ^ joined >>> 1 ^ (joined & 1 ? 0x9908b0df : 0);
      }
      next = 0;
    }
    let number = state[next++];
    number ^= number >>> 11;
    number ^= number << 7 & 0x9d2c5680;
    number ^= number << 15 & 0xefc60000;
    return (number ^ number >>> 18) >>> 0;
  };
}

/** Numbers from 0 to below 1 in steps of 2^-53, each from two of the twister's: (a >> 5) * 2^-27 + (b >> 6) * 2^-53. @param {number} seed @returns {() => number} */
export function uniformNumbers(seed) {
  const bits = mersenneTwister(seed);
  return () => {
    const high = bits() >>> 5;
    return (high * 67108864 + (bits() >>> 6)) / 9007199254740992;
  };
}

/** @param {Float32Array} logits */
function mostLikely(logits) {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** The tokens that `top_k` and `top_p` leave, by probability; among equals the first comes first. @param {Float32Array} logits @param {Choice} choice @param {(logit: number) => number} weight */
function likely(logits, { top_k, top_p }, weight) {
  const descending = Float32Array.from(logits).sort().reverse();
  let count = top_k ? Math.min(top_k, logits.length) : logits.length;
  if (top_p < 1) {
    const enough = top_p * descending.subarray(0, count).reduce((sum, logit) => sum + weight(logit), 0);
    let sum = weight(descending[0]), kept = 1;
    while (kept < count && sum < enough) sum += weight(descending[kept++]);
    count = kept;
  }
  /** @type {number[]} */
  const tokens = [];
  for (let i = 0; i < logits.length; i++) if (logits[i] >= descending[count - 1]) tokens.push(i);
  return tokens.sort((a, b) => logits[b] - logits[a] || a - b).slice(0, count);
}

/**
 * The next token. Throws CodedError `run_failed` if a logit is not a number: such a model's output means nothing.
 * @param {Float32Array} logits one per token of the vocabulary @param {Choice} choice @param {() => number} uniform called once, unless the temperature is 0
 */
export function nextToken(logits, choice, uniform) {
  if (logits.some(Number.isNaN)) throw new CodedError('run_failed', "the model's logits are not numbers");
  const best = mostLikely(logits);
  if (choice.temperature === 0) return best;
  const weight = (/** @type {number} */ logit) => Math.exp((logit - logits[best]) / choice.temperature);
  const tokens = choice.top_k || choice.top_p < 1 ? likely(logits, choice, weight) : logits.keys();
  /** @type {[token: number, below: number][]} */
  const bounds = [];
  let sum = 0;
  for (const token of tokens) bounds.push([token, sum += weight(logits[token])]);
  const drawn = uniform() * sum;
  return (bounds.find(([, below]) => drawn < below) ?? bounds[bounds.length - 1])[0];
}
