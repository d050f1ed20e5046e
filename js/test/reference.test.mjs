import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { formatNpy, parseNpy } from '../tools/npy.mjs';
import { classifier } from './onnx.mjs';

const folder = mkdtempSync(join(tmpdir(), 'webpool-test-'));
after(() => rmSync(folder, { recursive: true }));
const tool = fileURLToPath(new URL('../tools/reference.mjs', import.meta.url));
const run = (/** @type {string[]} */ ...words) => spawnSync(process.execPath, [tool, ...words], { cwd: folder, encoding: 'utf8' });

/** What numpy.save writes for an array of this header and data. @param {string} header @param {ArrayBufferView} data */
function numpyFile(header, data) {
  const padded = header.padEnd(117) + '\n';
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([padded.length, 0]), Buffer.from(padded), new Uint8Array(data.buffer)]);
}

test('reads what NumPy writes, and writes the same', () => {
  const file = numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", new Float32Array([1, 2, 3, 4, 5, 6]));
  const array = parseNpy(file);
  assert.deepEqual(array, { type: 'float32', shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) });
  assert.deepEqual(Buffer.from(formatNpy(array)), file);
});

test('arrays of every type and rank come back as they were', () => {
  /** @type {import('../tools/npy.mjs').Array[]} */
  const arrays = [
    { type: 'bool', shape: [2], data: new Uint8Array([1, 0]) }, { type: 'float16', shape: [1, 1, 1], data: new Uint16Array([0x3c00]) },
    { type: 'int64', shape: [], data: new BigInt64Array([-5n]) }, { type: 'float64', shape: [0, 4], data: new Float64Array(0) },
    { type: 'uint8', shape: [3], data: new Uint8Array([1, 2, 3]) }, { type: 'int16', shape: [1], data: new Int16Array([-2]) },
  ];
  for (const array of arrays) {
    const file = formatNpy(array);
    assert.deepEqual(parseNpy(file), array);
    assert.equal(file[file.length - array.data.byteLength - 1], 0x0a);
  }
});

test('says what is wrong with a file', () => {
  const data = new Float32Array(6);
  assert.throws(() => parseNpy(Buffer.from('not an array')), /not a .npy file of version 1/);
  assert.throws(() => parseNpy(numpyFile("{'descr': '<c8', 'fortran_order': False, 'shape': (3,), }", data)), /kind <c8 are not supported/);
  assert.throws(() => parseNpy(numpyFile("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", data)), /Fortran/);
  assert.throws(() => parseNpy(numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", data)), /takes 32 bytes, the file holds 24/);
});

test('the tool runs a model', () => {
  writeFileSync(join(folder, 'm.onnx'), classifier('rows'));
  writeFileSync(join(folder, 'x.npy'), formatNpy({ type: 'float32', shape: [1, 4], data: new Float32Array([1, 2, 3, 4]) }));
  const { stdout, stderr, status } = run('m.onnx', '--input', 'x=x.npy', '--output', 'scores=s.npy', '--output', 'probabilities=p.npy');
  assert.equal(status, 0, stderr);
  const answer = JSON.parse(stdout);
  assert.deepEqual(answer.outputs, [{ name: 'scores', type: 'float32', shape: [1, 3] }, { name: 'probabilities', type: 'float32', shape: [1, 3] }]);
  assert.ok(answer.run_ms > 0);
  const scores = /** @type {Float32Array} */ (parseNpy(readFileSync(join(folder, 's.npy'))).data);
  [9.6, 0.3, 5.175].forEach((score, i) => assert.ok(Math.abs(scores[i] - score) < 1e-5));
  const sum = /** @type {Float32Array} */ (parseNpy(readFileSync(join(folder, 'p.npy'))).data).reduce((a, b) => a + b);
  assert.ok(Math.abs(sum - 1) < 1e-6);
});

test('the tool says what is wrong, in one line', () => {
  /** @type {[string[], RegExp][]} */
  const mistakes = [
    [[], /^reference: usage: /], [['none.onnx'], /^reference: none\.onnx: /], [['m.onnx'], /the input "x" is missing; the model's inputs are "x"/],
    [['m.onnx', '--input', 'x'], /"x" is not NAME=FILE\.npy/], [['m.onnx', '--input', 'x=none.npy'], /none\.npy: ENOENT/],
    [['m.onnx', '--input', 'x=x.npy', '--input', 'y=x.npy'], /the model has no input "y"; its inputs are "x"/],
    [['m.onnx', '--input', 'x=x.npy', '--output', 'z=z.npy'], /the model has no output "z"; its outputs are "scores", "probabilities"/],
  ];
  for (const [words, why] of mistakes) {
    const { stderr, status } = run(...words);
    assert.equal(status, 1);
    assert.match(stderr, why);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});
