// The page in real browsers, against a small pool, with native ONNX Runtime as the judge of every number.
// A browser that this machine lacks is skipped, and the skip says so.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { typedArrayOf } from '../tensors.js';
import { unpackHeadlessShell } from '../tools/headless_shell.mjs';
import { runReference } from '../tools/reference.mjs';
import { findBrowser, launch } from './browsers.mjs';
import { classifier, determinant, fours, halves, lastLargest, lookup, mixed, nonsense, slow } from './onnx.mjs';
import { TestPool } from './pool.mjs';

/** @typedef {import('../protocol.js').WireTensor} WireTensor */

const shellFolder = join(tmpdir(), `webpool-test-shell-${process.pid}`);
after(() => rmSync(shellFolder, { recursive: true, force: true }));

const subjects = [
  { kind: 'chromium', find: async () => findBrowser('chromium', 'chromium', 'chromium-browser'), webnn: false, halfOnGpu: false },
  { kind: 'firefox', find: async () => findBrowser('firefox', 'firefox-esr', 'firefox'), webnn: false, halfOnGpu: true },
  { kind: 'headless_shell', find: async () => findBrowser('headless_shell', await unpackHeadlessShell(shellFolder)), webnn: true, halfOnGpu: false },
];

/** @param {string} name @param {number[]} shape @param {number[]} values @returns {WireTensor} */
const floats = (name, shape, values) => ({ name, datatype: 'FP32', shape, data: new Float32Array(values) });
const rows = [1, 2, 3, 4, -1, 0, 1, 2];

/** Compares a result with native ONNX Runtime. @param {any} result @param {Uint8Array} model @param {Record<string, import('../tools/npy.mjs').Array>} feeds @param {number} tolerance */
async function assertAgrees(result, model, feeds, tolerance) {
  assert.equal(result.type, 'result', result.message);
  const { outputs } = await runReference(model, feeds);
  const expected = Object.fromEntries(outputs.map(({ name, tensor }) => [name, tensor]));
  for (const output of result.outputs) {
    const reference = expected[output.name];
    assert.deepEqual(output.shape, [...reference.dims]);
    const values = typedArrayOf(output);
    const wanted = /** @type {any} */ (reference.data);
    assert.equal(values.length, wanted.length);
    for (let i = 0; i < values.length; i++) {
      const off = Math.abs(Number(values[i]) - Number(wanted[i]));
      assert.ok(off <= tolerance, `${output.name}[${i}] is ${values[i]}, native ONNX Runtime says ${wanted[i]}`);
    }
  }
}

for (const { kind, find, webnn, halfOnGpu } of subjects) {
  describe(kind, { timeout: 300_000 }, async () => {
    const browser = await find();
    if (typeof browser === 'string') return test('is installed', { skip: browser });

    const pool = new TestPool();
    /** @type {ReturnType<typeof launch>} */
    let process;
    before(async () => {
      await pool.listen();
      process = launch(browser, /** @type {string} */ (pool.link));
      await pool.join();
    });
    after(async () => {
      await process.end();
      pool.close();
    });

    /** Opens a worker and loads the model. @param {Uint8Array} bytes @param {import('../protocol.js').BackendChoice[]} backends @param {object} [more] */
    async function load(bytes, backends, more = {}) {
      const { worker, peer } = await pool.openWorker(backends.some(({ name }) => name === 'webnn'));
      const model = pool.addModel(bytes, 'test');
      const answer = await peer.ask({ type: 'load', id: pool.id(), model, backends, free_dimensions: {}, ...more });
      const run = (/** @type {WireTensor[]} */ inputs, /** @type {string[]} */ outputs = []) => peer.ask({ type: 'run', id: pool.id(), inputs, outputs });
      return { worker, peer, answer, run, close: () => pool.tab?.send({ type: 'close_worker', worker }) };
    }

    test('goes when it is refused', async () => {
      const closedPool = new TestPool();
      await closedPool.listen();
      const visitor = launch(browser, /** @type {string} */ (closedPool.link));
      await closedPool.join({ type: 'refused', code: 'pool_full', message: 'the pool is full' });
      assert.equal((await closedPool.tab?.closed)?.code, 1000);
      await visitor.end();
      closedPool.close();
    });

    test('tells what it is', () => {
      const { token, launch, capabilities } = pool.hello;
      assert.equal(token, pool.token);
      assert.equal(launch, 3);
      assert.equal(capabilities.browser, kind);
      assert.match(capabilities.browser_version, /^\d+\./);
      assert.equal(capabilities.cross_origin_isolated, true);
      assert.equal(capabilities.wasm_threads, true);
      assert.equal(typeof capabilities.webgpu, 'object', capabilities.webgpu);
      assert.ok(capabilities.webgpu.limits.maxBufferSize > 0);
      assert.equal(typeof capabilities.webgpu.software, 'boolean');
      assert.deepEqual(capabilities.webnn, webnn ? { cpu: null, gpu: null, npu: null } : 'this browser has no navigator.ml');
    });

    test('answers pings', async () => {
      const pong = await pool.tab?.ask({ type: 'ping', id: pool.id() });
      assert.equal(pong.type, 'pong');
      assert.equal(pong.visible, true);
    });

    /** @type {import('../protocol.js').BackendChoice[]} */
    const places = [{ name: 'wasm' }, { name: 'wasm', threads: 2 }, { name: 'webgpu' }, ...(webnn ? ['cpu', 'gpu', 'npu'].map(device_type => ({ name: 'webnn', device_type })) : [])];
    for (const place of places) {
      const where = Object.values(place).join(' ');
      test(`computes on ${where}`, async t => {
        const bytes = classifier(2);
        const { peer, answer, run, close } = await load(bytes, [place], { warmup: true, workgroup_size: [64, 1, 1] });
        assert.equal(answer.type, 'loaded', answer.message);
        assert.equal(answer.backend, place.name);
        assert.equal(answer.device_type, place.device_type ?? null);
        assert.equal(answer.cpu_fallback, false);
        assert.deepEqual(answer.inputs, [{ name: 'x', datatype: 'FP32', shape: [2, 4] }]);
        assert.ok(answer.memory_bytes > 16_000_000);
        assert.ok(answer.times.create > 0 && answer.times.warmup > 0);
        assert.deepEqual(peer.heard('progress').map(({ stage, done }) => [stage, done]), [['fetch', bytes.length], ['create', 0], ['create', 1], ['warmup', 0], ['warmup', 1]]);

        const result = await run([floats('x', [2, 4], rows)]);
        await assertAgrees(result, bytes, { x: { type: 'float32', shape: [2, 4], data: new Float32Array(rows) } }, 1e-5);
        t.diagnostic(`create ${answer.times.create} ms, warmup ${answer.times.warmup} ms, run ${result.times.compute} ms, ${answer.memory_bytes} bytes`);
        assert.deepEqual((await run([floats('x', [2, 4], rows)], ['probabilities'])).outputs.map((/** @type {WireTensor} */ output) => output.name), ['probabilities']);
        close();
      });
    }

    for (const place of places.filter(({ name }) => name !== 'wasm')) {
      test(`admits nodes that ${Object.values(place).join(' ')} leaves to the CPU`, async () => {
        const bytes = determinant();
        const { answer, run, close } = await load(bytes, [place]);
        assert.equal(answer.cpu_fallback, true, answer.message);
        assert.deepEqual(answer.placements.find((/** @type {{ provider: string }} */ { provider }) => provider === 'CPU'), { provider: 'CPU', nodes: 1, operators: ['Det'] });
        const matrix = [1, 2, 3, 4, 5, 6, 7, 8, 10];
        await assertAgrees(await run([floats('x', [3, 3], matrix)]), bytes, { x: { type: 'float32', shape: [3, 3], data: new Float32Array(matrix) } }, 1e-4);
        close();
      });
    }

    test('carries halves and 64-bit integers, by another backend where the GPU has no halves', async () => {
      const bytes = halves();
      const data = new Uint16Array([0x3c00, 0xc000, 0, 0x3e00, 0x3c00, 0x4000]);
      const { peer, answer, run, close } = await load(bytes, [{ name: 'webgpu' }, { name: 'wasm' }], { warmup: true });
      assert.equal(answer.backend, 'webgpu', answer.message);
      assert.equal(answer.remarks?.length ?? 0, halfOnGpu ? 0 : 1);
      const result = await run([{ name: 'x', datatype: 'FP16', shape: [2, 3], data }]);
      const [moved, ...more] = peer.heard('loaded');
      assert.deepEqual([moved?.backend, more.length], [halfOnGpu ? undefined : 'wasm', 0]);
      if (moved) assert.match(moved.tried[0].message, /^a run failed: .*f16/s);
      assert.deepEqual(result.outputs.map((/** @type {WireTensor} */ output) => output.datatype), ['FP16', 'INT64']);
      await assertAgrees(result, bytes, { x: { type: 'float16', shape: [2, 3], data } }, 0);
      close();
    });

    test('answers with the outputs that can travel', async () => {
      const { answer, run, close } = await load(mixed(), [{ name: 'wasm' }], { warmup: true });
      assert.deepEqual(answer.outputs, [{ name: 'y', datatype: 'FP32', shape: [3] }], answer.message);
      const [y, ...rest] = (await run([floats('x', [3], [-1, 0, 2])])).outputs;
      assert.deepEqual([...new Float32Array(y.data.slice().buffer)], [0, 0, 2]);
      assert.deepEqual(rest, []);
      assert.match((await run([floats('x', [3], [1, 2, 3])], ['label'])).message, /the model has no output "label"; its outputs are "y"/);
      close();
    });

    test('loads a model again from its cache', async () => {
      const bytes = classifier('rows');
      const first = await load(bytes, [{ name: 'wasm' }]);
      assert.equal(first.answer.from_cache, false);
      const second = await load(bytes, [{ name: 'wasm' }]);
      assert.equal(second.answer.from_cache, true);
      const { url } = pool.addModel(bytes, 'test');
      assert.equal(pool.requests.filter(path => path === url).length, 1);
      first.close();
      second.close();
    });

    test('leaves dimensions free, or gives them sizes', async () => {
      const bytes = classifier('rows');
      const free = await load(bytes, [{ name: 'wasm' }], { warmup: true });
      assert.deepEqual(free.answer.inputs[0].shape, [-1, 4]);
      await assertAgrees(await free.run([floats('x', [1, 4], rows.slice(4))]), bytes, { x: { type: 'float32', shape: [1, 4], data: new Float32Array(rows.slice(4)) } }, 1e-5);
      const fixed = await load(bytes, [{ name: 'wasm' }], { free_dimensions: { rows: 2 } });
      assert.deepEqual(fixed.answer.inputs[0].shape, [2, 4]);
      const unnamed = await load(classifier(''), [{ name: webnn ? 'webnn' : 'wasm' }], { free_dimensions: { 'x[0]': 2 }, warmup: true });
      assert.deepEqual(unnamed.answer.inputs?.[0].shape, [2, 4], unnamed.answer.message);
      unnamed.close();
      free.close();
      fixed.close();
    });

    for (const name of ['wasm', 'webgpu']) {
      test(`loads a model on ${name} that refuses made-up inputs, and says so`, async () => {
        const { answer, run, close } = await load(fours(), [{ name }], { warmup: true });
        assert.equal(answer.type, 'loaded', answer.message);
        assert.deepEqual(answer.tried, []);
        assert.match(answer.remarks.join(), /^a warm-up run on made-up inputs failed: /);
        await assertAgrees(await run([floats('x', [4], [1, 2, 3, 4])]), fours(), { x: { type: 'float32', shape: [4], data: new Float32Array([1, 2, 3, 4]) } }, 1e-5);
        close();
      });
    }

    test('verifies backends against WASM', async () => {
      const right = await load(classifier(2), [{ name: 'webgpu' }], { verify: true });
      assert.equal(right.answer.verified, true, right.answer.message);
      assert.equal(right.answer.remarks, undefined);
      right.close();
      const picky = await load(fours(), [{ name: 'webgpu' }], { verify: true });
      assert.equal(picky.answer.verified, false, picky.answer.message);
      assert.equal(picky.answer.remarks.at(-1), 'not verified: no made-up inputs run');
      picky.close();
      const reference = await load(classifier(2), [{ name: 'wasm' }], { verify: true });
      assert.equal(reference.answer.verified, undefined);
      reference.close();
      if (!webnn) return;
      const wrong = await load(lastLargest(), [{ name: 'webnn', device_type: 'cpu' }, { name: 'wasm' }], { verify: true });
      assert.equal(wrong.answer.backend, 'wasm', wrong.answer.message);
      assert.deepEqual(wrong.answer.tried, [{ backend: 'webnn', message: 'cpu: it computes something else than WASM: "y"[0] is 0 and not 3; 2 of 2 elements differ' }]);
      wrong.close();
    });

    test('compares backends and threads although the model refuses made-up inputs', async () => {
      const { answer, close } = await load(fours(), [{ name: 'wasm', threads: 0 }, { name: 'webgpu' }], { compare: true });
      assert.equal(answer.type, 'loaded', answer.message);
      assert.equal(answer.backend, 'wasm');
      assert.match(answer.tried.map((/** @type {any} */ { message }) => message).join('\n'), /could not be compared[^]*not compared: a warm-up run on made-up inputs failed/);
      close();
    });

    test('tells an index that is out of range from a backend that fails', async () => {
      const { run, close } = await load(lookup(), [{ name: 'wasm' }, { name: 'webgpu' }]);
      const indices = (/** @type {bigint} */ index) => [{ name: 'indices', datatype: 'INT64', shape: [1], data: new BigInt64Array([index]) }];
      const refusal = await run(indices(7n));
      assert.equal(refusal.code, 'bad_input', refusal.message);
      assert.match(refusal.message, /indices element out of data bounds/);
      assert.deepEqual([...typedArrayOf((await run(indices(2n))).outputs[0])], [5, 6]);
      close();
    });

    test('says why it passed a backend over', async () => {
      const { answer, close } = await load(classifier('rows'), [{ name: 'webnn', device_type: 'gpu' }, { name: 'quantum' }, { name: 'webgpu' }, { name: 'wasm' }], { workgroup_size: [4096, 1, 1] });
      assert.equal(answer.backend, 'wasm', answer.message);
      assert.deepEqual(answer.tried.map((/** @type {any} */ attempt) => attempt.backend), ['webnn', 'quantum', 'webgpu']);
      assert.match(answer.tried[0].message, webnn ? /dimension 0 of the input "x" is free: give it as "rows" in free_dimensions/ : /no navigator.ml/);
      assert.match(answer.tried[1].message, /no backend of that name/);
      assert.match(answer.tried[2].message, /a workgroup of 4096 × 1 × 1 is asked for; this adapter runs at most/);
      close();
    });

    test('refuses a model that no backend holds, and one that is not what was promised', async () => {
      const { answer, close } = await load(nonsense(), [{ name: 'webgpu' }, { name: 'wasm' }]);
      assert.equal(answer.code, 'no_backend');
      assert.equal(answer.tried.length, 2);
      assert.match(answer.tried[1].message, /Frobnicate/);
      close();

      const { peer } = await pool.openWorker();
      const model = { ...pool.addModel(classifier(3), 'forged'), sha256: '0'.repeat(64) };
      assert.equal((await peer.ask({ type: 'load', id: pool.id(), model, backends: [{ name: 'wasm' }], free_dimensions: {} })).code, 'hash_mismatch');
      const lost = await pool.openWorker();
      const missing = { ...model, url: '/models/none' };
      assert.match((await lost.peer.ask({ type: 'load', id: pool.id(), model: missing, backends: [{ name: 'wasm' }], free_dimensions: {} })).message, /HTTP 404/);
    });

    for (const name of ['wasm', 'webgpu']) {
      test(`runs one at a time on ${name}, in order, and drops what is cancelled`, async () => {
        const [side, depth] = name === 'wasm' ? [128, 40] : [64, 8];  // slow enough for a cancel to be heard between two runs
        const bytes = slow(side, depth);
        const { peer, answer, close } = await load(bytes, [{ name }], { warmup: true });
        assert.equal(answer.type, 'loaded', answer.message);
        const inputs = [floats('x', [side, side], Array.from({ length: side * side }, (_, i) => (i % 17 - 8) / 64))];
        const ids = Array.from({ length: 20 }, () => pool.id());
        /** @type {number[]} */
        const finished = [];
        const answers = ids.map(id => peer.ask({ type: 'run', id, inputs, outputs: [] }).then(reply => { finished.push(id); return reply; }));
        peer.send({ type: 'cancel', id: ids[19] });
        const replies = await Promise.all(answers);
        assert.deepEqual(replies.slice(0, 19).map(reply => reply.type), Array(19).fill('result'));
        assert.equal(replies[19].code, 'cancelled', `${replies[19].type} ${replies[19].message}`);
        assert.deepEqual(finished.filter(id => id !== ids[19]), ids.slice(0, 19));
        assert.ok(replies[18].times.queued > replies[1].times.queued);
        await assertAgrees(replies[18], bytes, { x: { type: 'float32', shape: [side, side], data: inputs[0].data } }, 1e-4);
        peer.send({ type: 'cancel', id: ids[0] });  // too late: nothing follows
        assert.equal(peer.heard('error').length, 0);
        close();
      });
    }

    test('refuses bad inputs and goes on', async () => {
      const { run, close } = await load(classifier(2), [{ name: 'wasm' }]);
      const good = floats('x', [2, 4], rows);
      /** @type {[WireTensor[], string[], RegExp][]} */
      const mistakes = [
        [[], [], /the input "x" is missing/],
        [[{ ...good, name: 'y' }], [], /the model has no input "y"; its inputs are "x"/],
        [[good, good], [], /given 2 times/],
        [[{ name: 'x', datatype: 'INT64', shape: [2, 4], data: new BigInt64Array(8) }], [], /must be FP32, not INT64/],
        [[{ ...good, shape: [4, 2] }], [], /must have the shape \[2, 4\], not \[4, 2\]/],
        [[good], ['z'], /the model has no output "z"/],
      ];
      for (const [inputs, outputs, why] of mistakes) {
        const reply = await run(inputs, outputs);
        assert.equal(reply.code, 'bad_input');
        assert.match(reply.message, why);
        assert.match(reply.stack, /tensors\.js/);
      }
      assert.equal((await run([good])).type, 'result');
      close();
    });

    test('closes a worker, and only that', async () => {
      const bytes = classifier(2);
      const [one, other] = [await load(bytes, [{ name: 'wasm' }]), await load(bytes, [{ name: 'wasm' }])];
      one.close();
      await one.peer.closed;
      assert.equal((await other.run([floats('x', [2, 4], rows)])).type, 'result');
      other.close();
      await other.peer.closed;
    });

    test('tells of files that are missing', async () => {
      pool.missing.add('/ort/ort-wasm-simd-threaded.wasm');
      const { answer, close } = await load(classifier(2), [{ name: 'wasm' }]);
      pool.missing.clear();
      assert.equal(answer.code, 'runtime_missing', answer.message);
      assert.match(answer.message, /ort-wasm-simd-threaded\.wasm could not be fetched/);
      close();

      pool.missing.add('/js/worker.js');
      const worker = pool.id();
      pool.tab?.send({ type: 'open_worker', worker, key: 'none', webnn: false });
      const news = await pool.tab?.receive(message => message.type === 'worker_failed');
      pool.missing.clear();
      assert.equal(news.worker, worker);
      assert.match(news.message, /script could not be loaded/);
    });

    test('closes a socket on a message that is malformed or out of turn', async () => {
      const malformed = await pool.openWorker();
      malformed.peer.socket.send(Buffer.from([1, 2, 3]));
      assert.deepEqual(await malformed.peer.closed, { code: 4008, reason: 'a frame of 3 bytes cannot hold the length of its header' });
      const early = await pool.openWorker();
      early.peer.send({ type: 'run', id: pool.id(), inputs: [], outputs: [] });
      assert.deepEqual(await early.peer.closed, { code: 4008, reason: 'run came before a model 0 was loaded' });
      assert.equal((await pool.tab?.ask({ type: 'ping', id: pool.id() })).type, 'pong');
    });

    // Firefox has no GPU process of its own that could be ended.
    if (kind !== 'firefox') test('tells that the device is lost', async t => {
      const side = 128;
      const { peer, answer } = await load(slow(side, 24), [{ name: 'webgpu' }], { warmup: true });
      assert.equal(answer.type, 'loaded', answer.message);
      const inputs = [floats('x', [side, side], Array(side * side).fill(0.01))];
      const answers = Array.from({ length: 4 }, () => peer.ask({ type: 'run', id: pool.id(), inputs, outputs: [] }));
      process.killGpuProcess();
      const news = await peer.receive(message => message.type === 'device_lost');
      t.diagnostic(`device_lost: ${news.reason} ${news.message}`);
      assert.equal(typeof news.reason, 'string');
      assert.deepEqual((await Promise.all(answers)).map(reply => reply.code), Array(4).fill('device_lost'));
      assert.equal((await peer.ask({ type: 'run', id: pool.id(), inputs, outputs: [] })).code, 'device_lost');
      const again = await load(classifier(2), [{ name: 'webgpu' }]);
      assert.equal((await again.run([floats('x', [2, 4], rows)])).type, 'result');
      again.close();
    });

    test('ends when the pool says so', async () => {
      const { peer } = await load(classifier(2), [{ name: 'wasm' }]);
      pool.tab?.send({ type: 'close', message: 'that was all' });
      await Promise.all([peer.closed, pool.tab?.closed]);
    });
  });
}
