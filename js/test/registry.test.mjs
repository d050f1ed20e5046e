import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openSessions } from '../backends/registry.js';
import { checkWorkgroup } from '../backends/webgpu.js';
import { CodedError } from '../errors.js';
import { answeredWithin, NoAnswer } from '../timing.js';

/** @typedef {import('../backends/registry.js').Backend} Backend @typedef {import('../backends/registry.js').Session} Session */

/** A session that answers with nothing. @param {Partial<Session>} [own] @returns {Session} */
const session = own => ({
  inputs: [{ name: 'x', datatype: 'FP16', shape: [-1, 3] }], outputs: [], details: { deviceType: null, cpuFallback: false },
  run: async () => ({ outputs: [], times: { upload: 0, compute: 0, download: 0 } }), dispose: async () => {}, ...own,
});
/** @param {string} name @param {Backend['create']} create @returns {Backend} */
const fake = (name, create) => ({ name, create });
const options = { freeDimensions: {}, deviceLost: () => {} };
const quiet = () => {};
const model = { name: 'm', bytes: new Uint8Array() };

test('the first backend that holds the model is taken, and the reasons of those before are kept', async () => {
  const backends = [fake('a', async () => { throw new Error('no adapter'); }), fake('b', async () => session()), fake('c', async () => assert.fail('b was good'))];
  const opened = await openSessions([model], [{ name: 'a', device_type: 'npu' }, { name: 'z' }, { name: 'b' }, { name: 'c' }], options, quiet, backends);
  assert.equal(opened.backend, 'b');
  assert.deepEqual(opened.tried, [{ backend: 'a', message: 'npu: no adapter' }, { backend: 'z', message: 'this page has no backend of that name; it has a, b, c' }]);
  assert.equal(opened.times.warmup, 0);
});

test('a warmup that fails is a remark and no reason to pass the backend over', async () => {
  const opened = await openSessions([model], [{ name: 'a' }, { name: 'b' }], { ...options, warmup: true }, quiet, [
    fake('a', async () => session({ run: async () => { throw new Error('the kernel is larger than the picture'); } })), fake('b', async () => assert.fail('a was good')),
  ]);
  assert.equal(opened.backend, 'a');
  assert.deepEqual([opened.tried, opened.remarks], [[], ['a warm-up run on made-up inputs failed: the kernel is larger than the picture']]);
});

test('a backend that loses its device in the warmup, or never answers, is passed over and disposed of', async () => {
  /** @type {string[]} */
  const disposed = [];
  /** @type {string[]} */
  const lost = [];
  const own = (/** @type {string} */ name) => ({ dispose: async () => { disposed.push(name); throw new Error('and cannot let go'); } });
  const backends = [
    fake('a', async (_, { deviceLost }) => session({ run: async () => { setTimeout(() => deviceLost('unknown', 'out of memory')); throw new Error('mapping failed'); }, ...own('a') })),
    fake('b', async () => session({ warmUp: async () => { throw new NoAnswer('WebNN did not answer in 30 s'); }, ...own('b') })),
    fake('c', async (_, { deviceLost }) => session({ dispose: async () => deviceLost('destroyed', 'later') })),
  ];
  const opened = await openSessions([model], backends.map(({ name }) => ({ name })), { ...options, deviceLost: reason => { lost.push(reason); }, warmup: true }, quiet, backends);
  assert.equal(opened.backend, 'c');
  assert.deepEqual(opened.tried, [{ backend: 'a', message: 'the device was lost in a warm-up run: unknown: out of memory' }, { backend: 'b', message: 'WebNN did not answer in 30 s' }]);
  assert.deepEqual([disposed, lost], [['a', 'b'], []]);
  await opened.sessions[0].dispose();
  assert.deepEqual(lost, ['destroyed']);
});

test('a device that is lost while other backends are compared is told once its session is kept', async () => {
  /** @type {string[]} */
  const lost = [];
  /** @type {import('../backends/registry.js').Options['deviceLost'] | undefined} */
  let lose;
  const slow = async () => {
    lose?.('unknown', 'gone');
    await new Promise(resolve => { setTimeout(resolve, 20); });
    return { outputs: [], times: { upload: 0, compute: 0, download: 0 } };
  };
  const backends = [fake('a', async (_, { deviceLost }) => { lose = deviceLost; return session(); }), fake('b', async () => session({ run: slow }))];
  const opened = await openSessions([model], [{ name: 'a' }, { name: 'b' }], { ...options, compare: true, deviceLost: reason => { lost.push(reason); } }, quiet, backends);
  assert.equal(opened.backend, 'a');
  assert.deepEqual(lost, ['unknown']);
});

test('what can not be compared loses against what can, and the first is kept if nothing can', async () => {
  const fails = async () => { throw new Error('no such index'); };
  const choices = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  const all = (/** @type {Partial<Session>[]} */ ...own) => own.map((each, i) => fake('abc'[i], async () => session(each)));
  const one = await openSessions([model], choices, { ...options, compare: true }, quiet, all({ run: fails }, {}, { run: fails }));
  assert.equal(one.backend, 'b');
  assert.deepEqual(one.tried, ['a', 'c'].map(backend => ({ backend, message: 'not compared: a warm-up run on made-up inputs failed: no such index' })));
  const none = await openSessions([model], choices, { ...options, compare: true }, quiet, all({ run: fails }, { run: fails }, { run: fails }));
  assert.deepEqual([none.backend, none.remarks.length], ['a', 1]);
});

test('to compare, every backend is tried and the fastest kept, with the times of the others as reasons', async () => {
  /** @type {string[]} */
  const disposed = [];
  const takes = (/** @type {string} */ name, /** @type {number} */ ms) => fake(name, async () => session({
    run: async () => { await new Promise(resolve => { setTimeout(resolve, ms); }); return { outputs: [], times: { upload: 0, compute: 0, download: 0 } }; },
    dispose: async () => { disposed.push(name); },
  }));
  const backends = [takes('slow', 60), fake('none', async () => { throw new Error('no adapter'); }), takes('fast', 1), takes('middling', 30)];
  const choices = backends.map(({ name }) => ({ name }));
  const opened = await openSessions([model], choices, { ...options, compare: true }, quiet, backends);
  assert.equal(opened.backend, 'fast');
  assert.deepEqual(disposed, ['slow', 'middling']);
  assert.deepEqual(opened.tried.map(({ backend }) => backend), ['none', 'slow', 'middling']);
  const [, slow, fast] = opened.tried[1].message.match(/^slower: a run on made-up inputs takes (\d+\.\d) ms, on fast (\d+\.\d) ms$/) ?? [];
  assert.ok(Number(slow) > Number(fast), opened.tried[1].message);
});

test('the warmup is one run on zeros where the model takes them, free dimensions taken as 1', async () => {
  /** @type {any[]} */
  const runs = [];
  const warm = session({ run: async (feeds, outputs) => { runs.push({ feeds, outputs }); return { outputs: [], times: { upload: 0, compute: 0, download: 0 } }; } });
  /** @type {string[]} */
  const stages = [];
  await openSessions([model], [{ name: 'a' }], { ...options, warmup: true }, (stage, done) => { stages.push(`${stage} ${done}`); }, [fake('a', async () => warm)]);
  assert.deepEqual(runs, [{ feeds: [{ name: 'x', datatype: 'FP16', shape: [1, 3], data: new Uint8Array(6) }], outputs: [] }]);
  assert.deepEqual(stages, ['create 0', 'create 1', 'warmup 0', 'warmup 1']);
});

test('the options reach the backend', async () => {
  /** @type {any} */
  let seen;
  const content = { ...model, external: [{ path: 'w', data: model.bytes }] };
  await openSessions([content], [{ name: 'a', threads: 3 }], { ...options, freeDimensions: { batch: 2 }, workgroupSize: [1, 2, 3] }, quiet, [fake('a', async (_, given) => { seen = given; return session(); })]);
  assert.deepEqual([seen.choice, seen.external, seen.freeDimensions, seen.workgroupSize], [{ name: 'a', threads: 3 }, content.external, { batch: 2 }, [1, 2, 3]]);
});

test('when no backend holds the model, all reasons are told', async () => {
  const backends = [fake('a', async () => { throw new Error('no'); }), fake('b', async () => { throw 1234; })];  // WebAssembly throws numbers
  await assert.rejects(openSessions([model], [{ name: 'a' }, { name: 'b' }], options, quiet, backends),
    { code: 'no_backend', message: 'none of 2 backends holds the model: a: no; b: 1234', tried: [{ backend: 'a', message: 'no' }, { backend: 'b', message: '1234' }] });
  await assert.rejects(openSessions([model], [], options, quiet, backends), { code: 'no_backend', message: 'none of 0 backends holds the model: none was named' });
});

test('files of the runtime that are missing are told as such', async () => {
  const backends = [fake('a', async () => { throw new Error('no'); }), fake('b', async () => { throw new CodedError('runtime_missing', '/ort/x could not be loaded'); })];
  await assert.rejects(openSessions([model], [{ name: 'a' }, { name: 'b' }], options, quiet, backends), { code: 'runtime_missing' });
});

test('an adapter must be able to run the workgroup', () => {
  const limits = /** @type {GPUSupportedLimits} */ ({ maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256, maxComputeWorkgroupSizeZ: 64, maxComputeInvocationsPerWorkgroup: 256 });
  checkWorkgroup(limits, [256, 1, 1]);
  checkWorkgroup(limits, [4, 4, 16]);
  for (const size of [[257, 1, 1], [1, 1, 65], [16, 16, 2]]) assert.throws(() => checkWorkgroup(limits, size), /at most 256 × 256 × 64 and 256 in all/);
});

test('what never answers is given up', async () => {
  assert.equal(await answeredWithin(Promise.resolve(5), 1000, 'it'), 5);
  await assert.rejects(answeredWithin(new Promise(() => {}), 10, 'WebNN on the npu'), /WebNN on the npu did not answer in 0.01 s/);
});

test('several contents are held by one backend or by none, and the part that it can not hold is named', async () => {
  let disposed = 0;
  const part = (/** @type {number} */ length) => ({ name: `part ${length}`, bytes: new Uint8Array(length) });
  const picky = fake('a', async bytes => {
    if (bytes.length > 1) throw new Error('too long');
    return session({ dispose: async () => { disposed++; } });
  });
  const opened = await openSessions([part(1), part(2)], [{ name: 'a' }, { name: 'b' }], options, quiet, [picky, fake('b', async bytes => session({ outputs: [{ name: `${bytes.length}`, datatype: 'FP32', shape: [] }] }))]);
  assert.deepEqual(opened.tried, [{ backend: 'a', message: '"part 2": too long' }]);
  assert.deepEqual(opened.sessions.map(({ outputs }) => outputs[0].name), ['1', '2']);
  assert.equal(disposed, 1);
});
