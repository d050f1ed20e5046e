import assert from 'node:assert/strict';
import { test } from 'node:test';

import { datatypeSizes } from '../protocol.js';
import { datatypeOf, ortTypeOf, typedArrayOf, zerosFor } from '../tensors.js';

test('every datatype of the wire has a type of ONNX Runtime and an array of its size', () => {
  for (const [datatype, size] of Object.entries(datatypeSizes)) {
    assert.equal(datatypeOf(ortTypeOf(datatype), 'x'), datatype);
    assert.equal(typedArrayOf({ name: 'x', datatype, shape: [2], data: new Uint8Array(2 * size) }).length, 2);
  }
  assert.throws(() => datatypeOf('string', 'words'), /"words" is of type string, which the pool's protocol does not carry/);
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

test('zeros have a size for every dimension', () => {
  assert.deepEqual(zerosFor([{ name: 'x', datatype: 'INT64', shape: [-1, 2] }]), [{ name: 'x', datatype: 'INT64', shape: [1, 2], data: new Uint8Array(16) }]);
});
