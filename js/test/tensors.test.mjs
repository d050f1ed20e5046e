import assert from 'node:assert/strict';
import { test } from 'node:test';

import { datatypeSizes } from '../protocol.js';
import { checkRun, datatypeOf, isCarried, ortTypeOf, typedArrayOf, zerosFor } from '../tensors.js';

test('every datatype of the wire has a type of ONNX Runtime and an array of its size', () => {
  for (const [datatype, size] of Object.entries(datatypeSizes)) {
    assert.equal(datatypeOf(ortTypeOf(datatype), 'x'), datatype);
    assert.equal(typedArrayOf({ name: 'x', datatype, shape: [2], data: new Uint8Array(2 * size) }).length, 2);
  }
  assert.throws(() => datatypeOf('string', 'words'), /"words" is of type string, which the pool's protocol does not carry/);
});

test('what the wire carries are tensors of its datatypes with at most eight dimensions', () => {
  assert.deepEqual(['float16', 'bool', 'string', 'int4', 'constructor'].map(type => isCarried(type, 8)), [true, true, false, false, false]);
  assert.equal(isCarried('float32', 9), false);
});

test('aligned bytes are viewed, others are copied', () => {
  const buffer = new Uint8Array([9, 0, 0, 0, 0, 0, 128, 63]).buffer;
  const view = typedArrayOf({ name: 'x', datatype: 'FP32', shape: [1], data: new Uint8Array(buffer, 4) });
  assert.equal(view.buffer, buffer);
  assert.deepEqual([...view], [1]);
  const copy = typedArrayOf({ name: 'x', datatype: 'UINT16', shape: [1], data: new Uint8Array(buffer, 5, 2) });
  assert.notEqual(copy.buffer, buffer);
  assert.deepEqual([...copy], [0x8000]);
});

test('a scalar may be given with the shape [1], and is computed with []', () => {
  const model = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }, { name: 'rate', datatype: 'INT64', shape: [] }], outputs: [] };
  const x = { name: 'x', datatype: 'FP32', shape: [1] }, rate = { name: 'rate', datatype: 'INT64', shape: [1] };
  assert.deepEqual(checkRun(model, [x, rate], []), [x, { ...rate, shape: [] }]);
  assert.deepEqual(rate.shape, [1]);
  const given = [{ ...rate, shape: [] }, x];
  assert.equal(checkRun(model, given, []), given);
  assert.throws(() => checkRun(model, [x, { ...rate, shape: [2] }], []), /the input "rate" must have the shape \[\], not \[2\]/);
  assert.throws(() => checkRun(model, [{ ...x, shape: [] }, rate], []), /the input "x" must have the shape \[\?\], not \[\]/);
});

test('zeros have a size for every dimension', () => {
  assert.deepEqual(zerosFor([{ name: 'x', datatype: 'INT64', shape: [-1, 2] }]), [{ name: 'x', datatype: 'INT64', shape: [1, 2], data: new Uint8Array(16) }]);
});
