import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Generations } from '../generation.js';
import { RunQueue } from '../run_queue.js';
import { generateNatively, generateWithoutCache, openNative } from '../tools/generate.mjs';

/** @typedef {import('../protocol.js').Generate} Generate @typedef {import('../protocol.js').Tokens} Tokens */

const story = fileURLToPath(new URL('../../examples/models/story/story.onnx', import.meta.url));
const encode = (/** @type {string} */ text) => [...text].map(letter => letter === '\n' ? 95 : letter.charCodeAt(0) - 32);
const decode = (/** @type {number[]} */ tokens) => tokens.map(token => token === 95 ? '\n' : String.fromCharCode(token + 32)).join('');

/** A decoder of ten tokens that counts on from the last one it read, and notes what is asked of it. */
function counting() {
  const seen = { reads: /** @type {[number, bigint[]][]} */ ([]), begun: 0, disposed: 0, broken: false };
  const session = /** @type {import('../backends/registry.js').Session} */ (/** @type {unknown} */ ({
    begin() {
      const which = ++seen.begun;
      return {
        length: 0,
        bytesPerToken: 8,
        async read(/** @type {bigint[]} */ tokens) {
          seen.reads.push([which, tokens]);
          this.length += tokens.length;
          if (seen.broken) throw new Error('the device is on fire');
          return new Float32Array(10).fill(0).with((Number(tokens.at(-1)) + 1) % 10, 1);
        },
        dispose() { seen.disposed++; },
      };
    },
  }));
  return { seen, session };
}

/** @param {number} id @param {number[]} prompt @param {Partial<Generate>} [more] @returns {Generate} */
const request = (id, prompt, more) => {
  const data = BigInt64Array.from(prompt, BigInt);
  return { type: 'generate', id, inputs: [{ name: 'prompt', datatype: 'INT64', shape: [data.length], data }], max_tokens: 5, temperature: 0, top_k: 0, top_p: 1, seed: 1, stop_tokens: [], ...more };
};

const tokensOf = (/** @type {import('../protocol.js').Result} */ { outputs: [{ data }] }) => [.../** @type {BigInt64Array} */ (data)].map(Number);

test('a step reads the prompt, then one token each; tokens are told as they come', async () => {
  const { seen, session } = counting();
  /** @type {Tokens[]} */
  const news = [];
  const result = await new Generations(new RunQueue()).start(session, request(7, [1, 2, 3]), each => news.push(each));
  assert.deepEqual(seen.reads.map(([, tokens]) => tokens), [[1n, 2n, 3n], [4n], [5n], [6n], [7n]]);
  assert.deepEqual(news, [4, 5, 6, 7, 8].map((token, index) => ({ type: 'tokens', id: 7, index, tokens: [token] })));
  assert.deepEqual(tokensOf(result), [4, 5, 6, 7, 8]);
  assert.deepEqual([result.id, result.finish, result.outputs[0].shape, seen.disposed], [7, 'length', [5], 1]);
});

test('a stop token ends it and is not told', async () => {
  const result = await new Generations(new RunQueue()).start(counting().session, request(1, [1], { stop_tokens: [9, 4] }), () => {});
  assert.deepEqual([tokensOf(result), result.finish], [[2, 3], 'stop']);
  const { seen, session } = counting();
  assert.deepEqual(tokensOf(await new Generations(new RunQueue()).start(session, request(1, [3], { stop_tokens: [4] }), () => assert.fail('nothing is told'))), []);
  assert.equal(seen.disposed, 1);
});

test('two generations take turns, and a run between them gets its own', async () => {
  const { seen, session } = counting();
  const queue = new RunQueue();
  const generations = new Generations(queue);
  const answers = [generations.start(session, request(1, [0]), () => {}), generations.start(session, request(2, [5]), () => {})];
  const run = queue.push(3, async () => seen.reads.length);
  assert.deepEqual((await Promise.all(answers)).map(tokensOf), [[1, 2, 3, 4, 5], [6, 7, 8, 9, 0]]);
  assert.deepEqual(seen.reads.map(([which]) => which), [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
  assert.equal(await run, 2);
});

test('a cancel is heard between two tokens, whether the next step runs or waits', async () => {
  for (const rival of [false, true]) {
    const { seen, session } = counting();
    const generations = new Generations(new RunQueue());
    const other = rival ? generations.start(session, request(2, [5]), () => {}) : undefined;
    /** @type {number[]} */
    const told = [];
    const answer = generations.start(session, request(1, [0], { max_tokens: 100 }), ({ index }) => {
      told.push(index);
      if (index === 2) generations.cancel(1);
    });
    await assert.rejects(answer, { code: 'cancelled', message: 'generation 1 was cancelled after 3 tokens' });
    assert.deepEqual(told, [0, 1, 2]);
    if (other) assert.equal(tokensOf(await other).length, 5);
    assert.equal(seen.disposed, rival ? 2 : 1);
    generations.cancel(1);  // too late: nothing follows
  }
});

test('a step that fails ends its generation, and a failure of the queue every one', async () => {
  const { seen, session } = counting();
  const queue = new RunQueue();
  const generations = new Generations(queue);
  await assert.rejects(generations.start(session, request(1, [0]), () => { seen.broken = true; }), /on fire/);
  assert.equal(seen.disposed, 1);
  seen.broken = false;
  const lost = [1, 2].map(id => generations.start(session, request(id, [0], { max_tokens: 1e6 }), ({ index }) => { if (index === 3) queue.fail(new Error('gone')); }));
  for (const each of lost) await assert.rejects(each, /gone/);
  assert.equal(seen.disposed, 3);
  const plain = /** @type {import('../backends/registry.js').Session} */ ({});
  await assert.rejects(generations.start(plain, request(1, [0]), () => {}), { code: 'run_failed' });
});

test('a text that stays is gone on with once, and reads only what is new', async () => {
  const { seen, session } = counting();
  const generations = new Generations(new RunQueue());
  const first = await generations.start(session, request(1, [0, 1], { max_tokens: 2, keep: 7 }), () => {});
  assert.deepEqual([tokensOf(first), first.kept], [[2, 3], [{ name: 'cache', datatype: 'UINT8', shape: [3, 8], tensor: 7 }]]);
  seen.reads = [];
  const second = await generations.start(session, request(2, [5], { stop_tokens: [8], resume: { tensor: 7, length: 3 }, keep: 8 }), () => {});
  assert.deepEqual([tokensOf(second), second.finish, second.kept?.[0].shape], [[6, 7], 'stop', [7, 8]]);
  assert.deepEqual(seen.reads, [[1, [3n, 5n]], [1, [6n]], [1, [7n]]]);
  const lost = { code: 'tensor_lost', message: 'this worker has no text 7' };
  await assert.rejects(generations.start(session, request(3, [1], { resume: { tensor: 7, length: 3 } }), () => {}), lost);
  await assert.rejects(generations.start(session, request(4, [1], { resume: { tensor: 8, length: 6 } }), () => {}), { code: 'tensor_lost', message: 'text 8 has 7 tokens in its cache, not 6' });
  await assert.rejects(generations.start(counting().session, request(5, [1], { resume: { tensor: 8, length: 7 } }), () => {}), { code: 'bad_input', message: "text 8 is another model's" });
  assert.equal(seen.disposed, 0);
  await generations.start(session, request(6, [1], { resume: { tensor: 8, length: 7 } }), () => {});
  assert.deepEqual([seen.begun, seen.disposed], [1, 1], 'nobody asked to keep it any longer');
});

test('a text that stays goes when it is released, and with a generation that fails on it', async () => {
  const { seen, session } = counting();
  const generations = new Generations(new RunQueue());
  for (const keep of [7, 8]) await generations.start(session, request(keep, [0], { keep }), () => {});
  generations.release([7, 7, 99]);
  assert.equal(seen.disposed, 1);
  seen.broken = true;
  await assert.rejects(generations.start(session, request(3, [1], { resume: { tensor: 8, length: 5 }, keep: 9 }), () => {}), /on fire/);
  assert.equal(seen.disposed, 2);
  for (const tensor of [7, 8, 9]) await assert.rejects(generations.start(session, request(4, [1], { resume: { tensor, length: 5 } }), () => {}), { code: 'tensor_lost' });
});

test('the story goes on as it is written, with the cache and without', async () => {
  const native = await openNative(story);
  const task = { prompt: encode('A lighthouse stood on a rock'), max_tokens: 99, temperature: 0, top_k: 0, top_p: 1, seed: 0, stop_tokens: [] };
  const answer = await generateNatively(native, task);
  assert.equal(decode(answer.tokens), ' far out in the sea.\nIts keeper lit the lamp when the sun went down.\nOne night the fog came and the');
  assert.deepEqual(await generateWithoutCache(native, task), answer);
  const line = await generateNatively(native, { ...task, stop_tokens: [95] });
  assert.deepEqual([decode(line.tokens), line.finish], [' far out in the sea.', 'stop']);
});

test('what is drawn with a seed is the same with the cache and without, and another seed gives another text', async () => {
  const native = await openNative(story);
  const task = { prompt: encode('The dog'), max_tokens: 60, temperature: 2.5, top_k: 20, top_p: 0.97, seed: 3, stop_tokens: [] };
  const answer = await generateNatively(native, task);
  assert.deepEqual(await generateWithoutCache(native, task), answer);
  assert.deepEqual(await generateNatively(native, task), answer);
  assert.notDeepEqual(await generateNatively(native, { ...task, seed: 4 }), answer);
});
