// What the application's WGSL finds declared before its first line, and what compilers say about it.

/**
 * @typedef {{ name: string, datatype: string, shape: (number | string)[] }} KernelTensor   an extent is a number or the name of one
 * @typedef {{ wgsl: string, features: string[], workgroup_size: number[] }} Variant
 * @typedef {{ entry: string, invocations: string[] }} Pass
 * @typedef {{ inputs: KernelTensor[], outputs: KernelTensor[], scratch: KernelTensor[], extents: Record<string, string>, passes: Pass[], variants: Variant[] }} Kernel
 */

/** @type {Record<string, string>} */
const scalars = { FP32: 'f32', FP16: 'f16', INT32: 'i32', UINT32: 'u32' };
/** WGSL's names of features that a module must enable. @type {Record<string, string>} */
const extensions = { 'shader-f16': 'f16', subgroups: 'subgroups' };

/** All tensors in the order of their bindings. @param {Kernel} kernel */
export const bindingsOf = kernel => [...kernel.inputs, ...kernel.scratch, ...kernel.outputs];

/** Names of extents, in the order of their first appearance. @param {Kernel} kernel */
export const symbolsOf = kernel => [...new Set([...bindingsOf(kernel).flatMap(({ shape }) => shape.filter(extent => typeof extent === 'string')), ...Object.keys(kernel.extents)])];

/** @param {Kernel} kernel */
const usesHalf = kernel => bindingsOf(kernel).some(({ datatype }) => datatype === 'FP16');

/** What the adapter must offer. @param {Kernel} kernel @param {Variant} variant */
export const featuresOf = (kernel, variant) => [...new Set([...variant.features, ...usesHalf(kernel) ? ['shader-f16'] : []])];

/**
 * Declares the tensors as arrays in group 0, the extents as `extents.NAME`, and `workgroup_x`, `workgroup_y`, `workgroup_z`.
 * @param {Kernel} kernel @param {Variant} variant
 */
export function prelude(kernel, variant) {
  const symbols = symbolsOf(kernel);
  const tensors = bindingsOf(kernel);
  const enables = featuresOf(kernel, variant).map(feature => extensions[feature]).filter(Boolean);
  return [
    ...enables.map(extension => `enable ${extension};`),
    ...'xyz'.split('').map((axis, i) => `const workgroup_${axis} = ${variant.workgroup_size[i]}u;`),
    ...tensors.map(({ name, datatype }, i) => `@group(0) @binding(${i}) var<storage, ${i < kernel.inputs.length ? 'read' : 'read_write'}> ${name}: array<${scalars[datatype]}>;`),
    ...symbols.length ? [`struct Extents { ${symbols.map(symbol => `${symbol}: u32`).join(', ')} }`, `@group(0) @binding(${tensors.length}) var<uniform> extents: Extents;`] : [],
  ].join('\n') + '\n';
}

/** Compiles; throws an Error with the compiler's words, at lines and columns of the application's own text. @param {GPUDevice} device @param {Kernel} kernel @param {Variant} variant */
export async function compile(device, kernel, variant) {
  const before = prelude(kernel, variant);
  const lines = before.split('\n').length - 1;
  const module = device.createShaderModule({ code: before + variant.wgsl });
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter(({ type }) => type === 'error').map(({ lineNum, linePos, message }) => {
    const where = lineNum > lines ? `${lineNum - lines}:${linePos}` : lineNum ? 'in the declarations' : 'somewhere';
    return `${where}: ${message}`;
  });
  if (errors.length) throw new Error(`the WGSL does not compile: ${errors.slice(0, 5).join('; ')}`);
  return module;
}
