import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CodedError } from '../errors.js';
import { HeldModels } from '../held_models.js';

const times = { upload: 0, compute: 0, download: 0 };
const feeds = [{ name: 'x', datatype: 'FP32', shape: [1], data: new Float32Array([1]) }];
const backends = ['webnn', 'webgpu', 'wasm'].map(name => ({ name }));
/** @type {any} */
const load = { id: 7, warmup: true, compare: true, backends };
/** @type {any} */
const worker = {};

/**
 * A worker in which these backends answer, and the others throw. It notes what is asked of it.
 * @param {string[]} good @param {Record<string, any>} [own] what the sessions have besides
 */
function setUp(good, own = {}) {
  /** @type {{ disposed: string[], opened: any[], moved: string[], runs: string[] }} */
  const seen = { disposed: [], opened: [], moved: [], runs: [] };
  const opened = (/** @type {typeof backends} */ [{ name }, ...others]) => /** @type {any} */ ({
    others, loaded: { type: 'loaded', id: 7, backend: name, device_type: name === 'webnn' ? 'gpu' : null, tried: [] },
    sessions: [{
      run: async () => {
        seen.runs.push(name);
        if (!good.includes(name)) throw new Error(`${name} has no such kernel`);
        return { outputs: [{ name: 'y' }], times };
      },
      dispose: async () => { seen.disposed.push(name); throw new Error('it does not let go'); }, ...own,
    }],
  });
  const open = async (/** @type {any} */ given) => {
    seen.opened.push(given);
    return opened(given.backends);
  };
  const models = new HeldModels(load, worker, opened(backends), ({ loaded }) => seen.moved.push(`${loaded.backend} after ${loaded.tried.map(({ message }) => message).join('; ')}`), open);
  return { seen, good, models, run: (keep = /** @type {string[]} */ ([]), bound = () => false) => models.run(0, feeds, [], keep, bound) };
}

test('a backend that can not run its first request gives way to the next one that can, which answers', async () => {
  const { seen, run, models } = setUp(['wasm']);
  assert.deepEqual((await run()).outputs, [{ name: 'y' }]);
  assert.deepEqual(seen.runs, ['webnn', 'webgpu', 'wasm']);
  assert.deepEqual(seen.moved, ['wasm after gpu: a run failed: webnn has no such kernel']);
  assert.deepEqual(seen.disposed, ['webgpu', 'webnn']);
  assert.deepEqual(seen.opened.map(({ id, warmup, compare, backends: rest }) => [id, warmup, compare, rest.length]), [[7, false, false, 2], [7, false, false, 1]]);
  await run();
  assert.deepEqual(seen.runs.slice(3), ['wasm']);
  assert.equal(await models.session(0).dispose().catch(() => 'disposed'), 'disposed');
});

test('a backend that has answered once keeps the model, whatever fails later', async () => {
  const { seen, good, run } = setUp(['webnn', 'wasm']);
  await run();
  good.shift();
  await assert.rejects(run(), { message: 'webnn has no such kernel' });
  assert.deepEqual([seen.opened, seen.moved], [[], []]);
});

test('a request that fails everywhere gets the first error, and a few of them are no reason to move', async () => {
  const { seen, good, run } = setUp([]);
  await assert.rejects(run(), { message: 'webnn has no such kernel' });
  assert.deepEqual(seen.disposed, ['webgpu', 'wasm']);
  good.push('webnn');
  await run();
  assert.deepEqual(seen.moved, []);
});

test('a device that turns out to be lost is no reason to move', async () => {
  const { seen, run } = setUp(['wasm']);
  await assert.rejects(run([], () => seen.runs.includes('wasm')), { message: 'webnn has no such kernel' });
  assert.deepEqual([seen.moved, seen.disposed], [[], ['webgpu', 'wasm']]);
});

test('after three bad requests nobody looks elsewhere any more', async () => {
  const { seen, run } = setUp([]);
  for (let i = 0; i < 5; i++) await assert.rejects(run());
  assert.equal(seen.opened.length, 6);
});

test('what is bound to its backend, or is the request\'s own fault, is not tried elsewhere', async () => {
  const all = setUp(['wasm']);
  await assert.rejects(all.run(['y']));
  await assert.rejects(all.run([], () => true));
  const decoder = setUp(['wasm'], { begin: () => {} }), wrong = setUp(['wasm'], { run: async () => { throw new CodedError('bad_input', 'index 7 is out of range'); } });
  await assert.rejects(decoder.run());
  await assert.rejects(wrong.run(), { code: 'bad_input' });
  for (const { seen } of [all, decoder, wrong]) assert.deepEqual(seen.opened, []);
});
