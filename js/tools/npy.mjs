// NumPy's .npy files, format version 1: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

/** @typedef {{ type: import('onnxruntime-common').Tensor.Type, shape: number[], data: ArrayBufferView }} Array */

/** @type {Record<string, { type: import('onnxruntime-common').Tensor.Type, array: any }>} */
const kinds = {
  '|b1': { type: 'bool', array: Uint8Array }, '|u1': { type: 'uint8', array: Uint8Array }, '|i1': { type: 'int8', array: Int8Array },
  '<u2': { type: 'uint16', array: Uint16Array }, '<i2': { type: 'int16', array: Int16Array }, '<u4': { type: 'uint32', array: Uint32Array },
  '<i4': { type: 'int32', array: Int32Array }, '<u8': { type: 'uint64', array: BigUint64Array }, '<i8': { type: 'int64', array: BigInt64Array },
  '<f2': { type: 'float16', array: Uint16Array }, '<f4': { type: 'float32', array: Float32Array }, '<f8': { type: 'float64', array: Float64Array },
};
const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');

/** @param {Uint8Array} file @returns {Array} */
export function parseNpy(file) {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 10 || !bytes.subarray(0, 8).equals(magic)) throw new Error('not a .npy file of version 1');
  const end = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, end);
  const descr = header.match(/'descr': *'([^']*)'/)?.[1] ?? 'unknown';
  const shapeText = header.match(/'shape': *\(([^)]*)\)/)?.[1];
  if (!kinds[descr]) throw new Error(`arrays of the kind ${descr} are not supported; ${Object.keys(kinds).join(' ')} are`);
  if (!/'fortran_order': *False/.test(header)) throw new Error('arrays in Fortran order are not supported');
  if (shapeText === undefined) throw new Error('the header has no shape');
  const shape = shapeText.split(',').map(text => text.trim()).filter(Boolean).map(Number);
  const { type, array } = kinds[descr];
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (bytes.length - end !== count * array.BYTES_PER_ELEMENT) throw new Error(`[${shape}] of ${descr} takes ${count * array.BYTES_PER_ELEMENT} bytes, the file holds ${bytes.length - end}`);
  const data = Uint8Array.from(bytes.subarray(end));  // a copy, so that it is aligned
  return { type, shape, data: new array(data.buffer, 0, count) };
}

/** @param {Array} array @returns {Uint8Array} */
export function formatNpy({ type, shape, data }) {
  const descr = Object.keys(kinds).find(key => kinds[key].type === type);
  if (!descr) throw new Error(`arrays of type ${type} are not supported`);
  const shapeText = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shapeText}), }`;
  const padded = header.padEnd(Math.ceil((10 + header.length + 1) / 64) * 64 - 10 - 1) + '\n';
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  return Buffer.concat([magic, length, Buffer.from(padded, 'latin1'), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}
