import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mersenneTwister, nextToken, uniformNumbers } from '../sampling.js';

const greedy = { temperature: 0, top_k: 0, top_p: 1 };
const never = () => assert.fail('nothing is drawn');
const logits = (/** @type {number[]} */ ...values) => new Float32Array(values);

/** How often each token comes in so many draws. @param {Float32Array} given @param {import('../sampling.js').Choice} choice */
function counted(given, choice, draws = 20000) {
  const uniform = uniformNumbers(7);
  const counts = Array(given.length).fill(0);
  for (let i = 0; i < draws; i++) counts[nextToken(given, choice, uniform)]++;
  return counts;
}

test('the twister gives the number that the C++ standard names', () => {
  const next = mersenneTwister(5489);
  for (let i = 1; i < 10000; i++) next();
  assert.equal(next(), 4123659995);
});

test('uniform numbers lie between 0 and 1, depend on the seed alone, and spread evenly', () => {
  const [one, same, other] = [uniformNumbers(1), uniformNumbers(1), uniformNumbers(2)];
  const numbers = Array.from({ length: 10000 }, one);
  assert.deepEqual(numbers, Array.from({ length: 10000 }, same));
  assert.notEqual(numbers[0], other());
  assert.ok(numbers.every(number => number >= 0 && number < 1));
  const tenths = Array(10).fill(0);
  for (const number of numbers) tenths[Math.floor(number * 10)]++;
  assert.ok(tenths.every(count => Math.abs(count - 1000) < 150), String(tenths));  // five standard deviations
});

test('at temperature 0 the most likely token is taken, the first of equals, and nothing is drawn', () => {
  assert.equal(nextToken(logits(1, 3, 2), greedy, never), 1);
  assert.equal(nextToken(logits(1, 3, 3), greedy, never), 1);
  assert.equal(nextToken(logits(-Infinity, -5, -Infinity), greedy, never), 1);
});

test('tokens are drawn as often as the softmax of their logits over the temperature says', () => {
  const given = [0, 1, 2, -1];
  for (const temperature of [0.5, 1, 2]) {
    const weights = given.map(logit => Math.exp(logit / temperature));
    const sum = weights.reduce((a, b) => a + b);
    counted(logits(...given), { temperature, top_k: 0, top_p: 1 }).forEach((count, i) => {
      const share = weights[i] / sum;
      assert.ok(Math.abs(count - 20000 * share) < 5 * Math.sqrt(20000 * share * (1 - share)), `${temperature}: ${count} of token ${i}`);
    });
  }
});

test('top_k keeps the most likely tokens, and the first of equals', () => {
  const given = logits(1, 5, 3, 5, 3, 3);
  const kept = (/** @type {number} */ top_k) => counted(given, { temperature: 10, top_k, top_p: 1 }, 2000).flatMap((count, i) => count ? [i] : []);
  assert.deepEqual(kept(1), [1]);
  assert.deepEqual(kept(2), [1, 3]);
  assert.deepEqual(kept(4), [1, 2, 3, 4]);
  assert.deepEqual(kept(100), [0, 1, 2, 3, 4, 5]);
});

test('top_p keeps the fewest tokens that have that probability together', () => {
  const given = logits(...[0.1, 0.4, 0.2, 0.3].map(Math.log));
  const kept = (/** @type {number} */ top_p, top_k = 0) => counted(given, { temperature: 1, top_k, top_p }, 2000).flatMap((count, i) => count ? [i] : []);
  assert.deepEqual(kept(0.01), [1]);
  assert.deepEqual(kept(0.39), [1]);
  assert.deepEqual(kept(0.41), [1, 3]);
  assert.deepEqual(kept(0.89), [1, 2, 3]);
  assert.deepEqual(kept(0.95), [0, 1, 2, 3]);
  assert.deepEqual(kept(0.6, 2), [1, 3]);  // the first of the two that are left has 4/7 of what they have
  assert.deepEqual(kept(0.55, 2), [1]);
});

test('one number is drawn per token, so that a seed gives the same text wherever it is drawn', () => {
  let draws = 0;
  const uniform = () => { draws++; return 0.999; };
  for (const choice of [{ temperature: 1, top_k: 0, top_p: 1 }, { temperature: 1, top_k: 2, top_p: 0.5 }]) nextToken(logits(1, 2, 3), choice, uniform);
  assert.equal(draws, 2);
});

test('logits that are not numbers are an error, not a token', () => {
  assert.throws(() => nextToken(logits(1, NaN, 2), greedy, never), { code: 'run_failed', message: /not numbers/ });
});
