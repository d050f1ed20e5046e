import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FrameReader, FrameWriter } from '../prepared_frames.js';
import { decodeFrame, encodeFrame } from '../protocol.js';

/** @typedef {import('../protocol.js').Run} Run @typedef {import('../protocol.js').Result} Result */

const floats = (/** @type {number[]} */ ...values) => ({ datatype: 'FP32', shape: [values.length], data: new Uint8Array(Float32Array.from(values).buffer) });
const bytes = (/** @type {number[]} */ ...values) => ({ datatype: 'UINT8', shape: [1, values.length], data: Uint8Array.from(values) });

/** @param {number} id @param {number} seed @returns {Run} */
const run = (id, seed) => ({ type: 'run', id, part: 1, inputs: [{ name: '"id":9', ...bytes(seed, 1, 2) }, { name: 'ü', ...floats(seed, 0.5) }], outputs: ['y'], keep: [] });
/** @param {number} id @param {number} seed @param {number[]} times @returns {Result} */
const result = (id, seed, [queued, upload, compute, download]) => ({ type: 'result', id, outputs: [{ name: 'y', ...bytes(seed) }, { name: 'ü', ...floats(seed) }], times: { queued, upload, compute, download } });
const framed = (/** @type {import('../protocol.js').Message} */ message) => /** @type {ArrayBuffer} */ (encodeFrame(message).slice().buffer);

/** What the work does without JSON. @param {import('node:test').TestContext} t @param {() => unknown} work */
function withoutJson(t, work) {
  const calls = [t.mock.method(JSON, 'parse'), t.mock.method(JSON, 'stringify')];
  const before = calls.map(({ mock }) => mock.callCount());
  const value = work();
  assert.deepEqual(calls.map(({ mock }) => mock.callCount()), before);
  t.mock.restoreAll();
  return value;
}

test('a run that is the last one but for its id and data is read without JSON, as decodeFrame reads it', t => {
  const reader = new FrameReader();
  const first = reader.read(framed(run(1000, 1)));
  assert.deepEqual(first, decodeFrame(framed(run(1000, 1))));
  /** @type {Run} */ (first).inputs[0].shape[0] = 99;  // the reader's own are others
  /** @type {Run} */ (first).outputs.push('z');
  for (const id of [1001, 9999, 4711]) {
    const frame = framed(run(id, id % 256));
    assert.deepEqual(withoutJson(t, () => reader.read(frame)), decodeFrame(frame));
  }
});

test('a run that differs in anything else is read anew', () => {
  const reader = new FrameReader();
  reader.read(framed(run(1000, 1)));
  const others = [run(10000, 1), { ...run(1000, 1), part: 2 }, { ...run(1000, 1), outputs: ['z'] }, { ...run(1000, 1), inputs: [{ name: 'x', ...floats(1, 2, 3, 4) }] }];
  for (const other of others) {
    assert.deepEqual(reader.read(framed(other)), decodeFrame(framed(other)));
    assert.deepEqual(reader.read(framed(run(1000, 1))), decodeFrame(framed(run(1000, 1))));
  }
  assert.deepEqual(reader.read(framed({ type: 'cancel', id: 1000 })), { type: 'cancel', id: 1000 });
});

/** What comes of reading a frame: the message, or the error's words. @param {() => unknown} read */
function outcome(read) {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
}

test('a frame with a byte changed is read, or refused, as decodeFrame does', () => {
  const reader = new FrameReader(), frame = new Uint8Array(framed(run(1000, 1)));
  let refused = 0;
  for (let i = 0; i < frame.length; i++) {
    for (const change of [1, 2, 0x10, 0x80]) {
      reader.read(framed(run(1000, 1)));
      const changed = frame.slice();
      changed[i] ^= change;
      const expected = outcome(() => decodeFrame(changed.slice().buffer));
      assert.deepEqual(outcome(() => reader.read(changed.buffer)), expected, `byte ${i}`);
      refused += Number(typeof expected === 'string');
    }
  }
  assert.ok(refused > frame.length);
});

/** A run's frame with this text for its header. @param {string} json */
function frameOf(json) {
  const text = Buffer.from(json.padEnd(Math.ceil((4 + json.length) / 8) * 8 - 4));
  return /** @type {ArrayBuffer} */ (new Uint8Array(Buffer.concat([Buffer.from(Uint32Array.of(text.length).buffer), text])).buffer);
}

test('an id that is not where the pool writes it is read as JSON has it', () => {
  for (const [one, two] of [['1e2', '2e2'], ['5,"id":7', '6,"id":7'], ['1.0', '2.0'], ['5 ', '6 '], ['1000000000000001', '1000000000000002'], ['12,"\\u0069d":7', '13,"\\u0069d":7']]) {
    const reader = new FrameReader();
    for (const id of [one, two]) {
      const frame = frameOf(`{"type":"run","id":${id},"inputs":[],"outputs":[]}`);
      assert.deepEqual(reader.read(frame), decodeFrame(frame));
    }
  }
});

test('a result that is the last one but for its id, data and times is written without JSON, as encodeFrame writes it', t => {
  const writer = new FrameWriter();
  writer.write(result(0, 0, [0, 0, 0, 0]));
  for (const [id, times] of /** @type {[number, number[]][]} */ ([[1, [0.001, 0.01, 0.1, 1]], [4294967297, [999.999, 100.1, 10.02, 12.345]], [10 ** 15 - 1, [0.5, 0, 86400.001, 60]], [10, [1e5, 0.25, -0, 7]]])) {
    const expected = encodeFrame(result(id, id % 256, times));
    assert.deepEqual(withoutJson(t, () => writer.write(result(id, id % 256, times)).slice()), expected);
  }
});

test('a result that differs in anything else is written as encodeFrame writes it', () => {
  const writer = new FrameWriter(), usual = result(1, 2, [0.1, 0.2, 0.3, 0.4]);
  const [y, u] = usual.outputs;
  const others = [
    result(2, 3, [1 / 3, 1e-7, 1e10, 2]), result(2 ** 53 - 1, 1, [0, 0, 0, 0]), { ...usual, outputs: [y] }, { ...usual, outputs: [y, { ...u, name: 'v' }] }, { ...usual, outputs: [y, { ...u, shape: [1, 1] }] },
    { ...usual, outputs: [y, { ...u, ...floats(1, 2) }] }, { ...usual, outputs: [{ ...y, ...floats(1) }, u] }, { ...usual, finish: /** @type {const} */ ('stop') },
    { ...usual, kept: [{ name: 'k', datatype: 'FP32', shape: [1], tensor: 1 }] },
  ];
  for (const other of others) {
    writer.write(usual);
    assert.deepEqual(writer.write(other).slice(), encodeFrame(other));
    assert.deepEqual(writer.write(usual).slice(), encodeFrame(usual));
  }
});

test('a shape that its owner changes afterwards is seen', () => {
  const writer = new FrameWriter(), message = result(1, 2, [0, 0, 0, 0]), output = message.outputs[1];
  writer.write(message);
  output.shape.unshift(1);
  assert.deepEqual(writer.write(message).slice(), encodeFrame(message));
});

test('what breaks the rules is refused after a good result, too', () => {
  const writer = new FrameWriter(), good = result(1, 2, [0, 0, 0, 0]);
  writer.write(good);
  for (const bad of [{ ...good, id: -1 }, { ...good, id: 0.5 }, { ...good, times: { ...good.times, compute: NaN } }, { ...good, outputs: [{ ...good.outputs[0], data: new Uint8Array(2) }, good.outputs[1]] }]) {
    assert.throws(() => writer.write(bad), { name: 'ProtocolError' });
  }
});

test('a result too large for the space is written as encodeFrame writes it', () => {
  const writer = new FrameWriter();
  for (const length of [1, (2 << 20) - 200, 3 << 20]) {
    for (let id = 0; id < 2; id++) {
      const large = /** @type {Result} */ ({ ...result(id, 0, [0, 0, 0, 0]), outputs: [{ name: 'y', datatype: 'UINT8', shape: [length], data: new Uint8Array(length).fill(id) }] });
      assert.ok(Buffer.from(writer.write(large)).equals(encodeFrame(large)));
    }
  }
});
