import assert from 'node:assert/strict';
import { test } from 'node:test';

import { editModel } from '../model_edits.js';
import { FLOAT, onnxModel } from './onnx.mjs';

/** With the inputs w and x. @param {(number | string)[]} w @param {(number | string)[]} x @param {(number | string)[]} y @returns {Uint8Array<ArrayBuffer>} */
const model = (w, x, y = ['']) => new Uint8Array(onnxModel({
  nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
  inputs: [{ name: 'w', type: FLOAT, shape: w }, { name: 'x', type: FLOAT, shape: x }], outputs: [{ name: 'y', type: FLOAT, shape: y }],
  weights: [{ name: 'b', shape: [100], values: Array(100).fill(1) }],
}));

test('a free dimension without a name gets its size, and every length around it grows', () => {
  const free = model(['n'], [1, '', '']), before = free.slice();
  assert.deepEqual(editModel(free, { n: 5, 'x[1]': 3, 'x[2]': 70_000 }), model(['n'], [1, 3, 70_000]));
  assert.deepEqual(free, before);
});

test('several inputs are edited, and their lengths may take a byte more', () => {
  const many = Array(40).fill('');
  const sizes = Object.fromEntries(many.flatMap((_, i) => [[`x[${i}]`, 2], [`w[${i}]`, 300]]));
  assert.deepEqual(editModel(model(many, many), sizes), model(many.map(() => 300), many.map(() => 2)));
});

test('a negative size is free, and what is behind it counts', () => {
  const fixed = editModel(model(['n'], [1, -1]), { 'x[1]': 3 });
  assert.equal(fixed.length, model(['n'], [1, -1]).length + 2);
  assert.ok(Buffer.from(fixed).includes(Buffer.from([...Array(9).fill(0xff), 0x01, 0x08, 3])));
});

test('dimensions with a name or a size, and inputs of other models, are left alone, without a copy', () => {
  const bytes = model(['n'], [1, 'n', '']);
  for (const key of ['n', 'x[0]', 'x[1]', 'x[3]', 'z[2]', 'x[2', '[2]']) assert.equal(editModel(bytes, { [key]: 3 }), bytes);
  assert.equal(editModel(bytes, {}), bytes);
});

test('an output of an element type that ONNX Runtime Web has no name for goes, others stay', () => {
  const withOutputs = (/** @type {number[]} */ ...types) => new Uint8Array(onnxModel({
    nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], inputs: [{ name: 'x', type: FLOAT, shape: [3] }],
    outputs: types.map(type => ({ name: `y${type}`, type, shape: ['n', ''] })),
  }));
  assert.deepEqual(editModel(withOutputs(16, 1, 17, 8, 23), {}), withOutputs(1, 8));
  const known = withOutputs(1, 8, 13, 21, 22);
  assert.equal(editModel(known, {}), known);
});

test('damaged bytes end with an error or are left alone', () => {
  const bytes = model(['n'], [1, '', '']);
  for (let length = 0; length < bytes.length; length++) {
    try {
      editModel(bytes.slice(0, length), { 'x[1]': 3 });
    } catch (error) {
      assert.match(String(error), /^Error: the model is damaged at byte \d+$/);
    }
  }
  assert.throws(() => editModel(bytes.slice(0, bytes.length - 8), { 'x[1]': 3 }), /damaged/);
  assert.throws(() => editModel(new Uint8Array(20).fill(255), { 'x[1]': 3 }), /the model is damaged at byte 0/);
  assert.throws(() => editModel(Uint8Array.of(0x0b), { 'x[1]': 3 }), /the model is damaged at byte 0/);  // a group
});
