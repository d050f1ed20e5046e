import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, featuresOf, prelude, symbolsOf } from '../backends/kernel_source.js';

/** @type {import('../backends/kernel_source.js').Kernel} */
const kernel = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: ['rows', 4] }, { name: 'i', datatype: 'UINT32', shape: ['rows'] }],
  scratch: [{ name: 't', datatype: 'INT32', shape: ['twice'] }],
  outputs: [{ name: 'y', datatype: 'FP16', shape: ['rows'] }],
  extents: { twice: 'rows * 2' }, passes: [{ entry: 'main', invocations: ['rows', '1', '1'] }], variants: [],
};
const variant = { wgsl: 'fn main() {}\nnonsense', features: ['subgroups', 'timestamp-query'], workgroup_size: [64, 2, 1] };

test('a kernel finds its tensors, extents and workgroup declared, and what it needs enabled', () => {
  assert.deepEqual(symbolsOf(kernel), ['rows', 'twice']);
  assert.deepEqual(featuresOf(kernel, variant), ['subgroups', 'timestamp-query', 'shader-f16']);
  assert.deepEqual(prelude(kernel, variant).split('\n'), [
    'enable subgroups;', 'enable f16;',
    'const workgroup_x = 64u;', 'const workgroup_y = 2u;', 'const workgroup_z = 1u;',
    '@group(0) @binding(0) var<storage, read> x: array<f32>;',
    '@group(0) @binding(1) var<storage, read> i: array<u32>;',
    '@group(0) @binding(2) var<storage, read_write> t: array<i32>;',
    '@group(0) @binding(3) var<storage, read_write> y: array<f16>;',
    'struct Extents { rows: u32, twice: u32 }',
    '@group(0) @binding(4) var<uniform> extents: Extents;',
    '',
  ]);
});

test('compilers\' errors are told at lines of the application\'s own text; warnings are not', async () => {
  const lines = prelude(kernel, variant).split('\n').length - 1;
  const messages = [
    { type: 'warning', lineNum: lines + 1, linePos: 1, message: 'so so' }, { type: 'error', lineNum: lines + 2, linePos: 1, message: 'no such thing' },
    { type: 'error', lineNum: 1, linePos: 8, message: 'unknown extension' }, { type: 'error', lineNum: 0, linePos: 0, message: 'too long' },
  ];
  const device = /** @type {GPUDevice} */ (/** @type {unknown} */ ({ createShaderModule: () => ({ getCompilationInfo: async () => ({ messages }) }) }));
  await assert.rejects(compile(device, kernel, variant), { message: 'the WGSL does not compile: 2:1: no such thing; in the declarations: unknown extension; somewhere: too long' });
});
