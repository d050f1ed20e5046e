import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { bytesOf, decodeFrame, encodeFrame, ProtocolError } from '../protocol.js';

const goldenPath = fileURLToPath(new URL('../../tests/protocol/golden.json', import.meta.url));
const golden = JSON.parse(readFileSync(goldenPath, 'utf8'));
const unhex = (/** @type {string} */ text) => new Uint8Array(Buffer.from(text, 'hex'));
const hex = (/** @type {ArrayBufferView} */ view) => Buffer.from(bytesOf(view)).toString('hex');

/** The message that a golden entry's header and tensors stand for. @param {any} entry */
function messageOf({ header, tensors }) {
  const rest = tensors.map(unhex);
  const withData = (/** @type {any[]} */ list) => list.map(({ parameters, ...tensor }) => ({ ...tensor, data: rest.shift() }));
  const field = { run: 'inputs', generate: 'inputs', result: 'outputs', message: 'tensors' }[/** @type {string} */ (header.type)];
  return field ? { ...header, [field]: withData(header[field]) } : header;
}

/** The same object with its own fields in reverse. @param {any} message */
const reversed = message => /** @type {any} */ (Object.fromEntries(Object.entries(message).reverse()));

for (const entry of golden.messages) {
  test(`golden message: ${entry.name}`, () => {
    const message = messageOf(entry);
    assert.deepEqual(decodeFrame(unhex(entry.frame)), message);
    assert.equal(hex(encodeFrame(message)), entry.frame);
    assert.equal(hex(encodeFrame(message, new Uint8Array(4096).fill(255))), entry.frame, 'in a space that was used');
    assert.equal(hex(encodeFrame(reversed(message))), entry.frame, 'the order of the fields is the document\'s');
  });
}

for (const { name, frame, why } of golden.malformed) {
  test(`malformed frame: ${name}`, () => assert.throws(() => decodeFrame(unhex(frame)), ProtocolError, why));
}

test('golden.json is what its generator writes', () => {
  const generator = fileURLToPath(new URL('../tools/golden.mjs', import.meta.url));
  assert.equal(execFileSync(process.execPath, [generator], { encoding: 'utf8', maxBuffer: 1 << 24 }), readFileSync(goldenPath, 'utf8'));
});

test('the golden messages cover the wire document', () => {
  const types = new Set(golden.messages.map((/** @type {any} */ entry) => entry.header.type));
  const document = readFileSync(new URL('../../include/webpool/protocol/README.md', import.meta.url), 'utf8');
  for (const [, type] of document.matchAll(/\{"type":"(\w+)"/g)) assert.ok(types.has(type), `no golden message of type ${type}`);
});

/** A frame of `json`, padded. @param {string} json */
function frameOf(json) {
  const text = Buffer.from(json);
  const bytes = Buffer.alloc(Math.ceil((4 + text.length) / 8) * 8, ' ');
  bytes.writeUInt32LE(bytes.length - 4);
  text.copy(bytes, 4);
  return new Uint8Array(bytes);
}

test('a reader accepts any order of fields, whitespace, and fields that it does not know', () => {
  const message = decodeFrame(frameOf('{ "future": [1, {"a": null}], "id": 5, "type": "ping" }'));
  assert.equal(message.type, 'ping');
  assert.equal(/** @type {any} */ (message).id, 5);
});

test('tensors of a received frame are views of it', () => {
  const frame = encodeFrame({ type: 'run', id: 1, inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: new Float32Array([1, 2]) }], outputs: [] });
  const { inputs } = /** @type {import('../protocol.js').Run} */ (decodeFrame(frame));
  assert.equal(inputs[0].data.buffer, frame.buffer);
  assert.equal(inputs[0].data.byteOffset % 8, 0);
});

test('a message that breaks the rules is not sent', () => {
  const wrong = (/** @type {any} */ message, /** @type {RegExp} */ why) => assert.throws(() => encodeFrame(message), why);
  wrong({ type: 'pang' }, /no message has the type "pang"/);
  wrong({ type: 'pong', id: 1, visible: true }, /timer_drift_ms is missing/);
  wrong({ type: 'pong', id: -1, visible: true, timer_drift_ms: 0 }, /id must be an integer/);
  wrong({ type: 'result', id: 1, outputs: [{ name: 'y', datatype: 'FP32', shape: [3], data: new Float32Array(2) }], times: {} }, /FP32 \[3\] takes 12 bytes/);
});
