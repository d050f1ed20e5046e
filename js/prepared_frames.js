// Frames whose header differs from the last one only in the id, and in a result also in the times, as when a program calls a model again and again.
// They are read and written without JSON, which would take longer than everything else that a small tensor needs here. Other frames go through
// protocol.js.

import { completeFrame, decodeFrame, describe, encodeFrame } from './protocol.js';

/** @typedef {import('./protocol.js').Message} Message @typedef {import('./protocol.js').Run} Run @typedef {import('./protocol.js').Result} Result */
/** @typedef {import('./protocol.js').TensorHeader} TensorHeader @typedef {import('./protocol.js').WireTensor} WireTensor */

const ascii = (/** @type {string} */ text) => Uint8Array.from(text, character => character.charCodeAt(0));
const encoder = new TextEncoder(), decoder = new TextDecoder();
const zero = 0x30, point = 0x2e;

/** Ids with more digits might not be safe integers, or their quotients might be rounded up. */
const mostDigits = 15;
const tooLarge = 10 ** mostDigits;

const runStart = ascii('{"type":"run","id":');
const idStart = 4 + runStart.length;

/**
 * A run that was read, and where its inputs' data is in the frame of `length` bytes.
 * @typedef {{ run: Run, header: Uint8Array, idEnd: number, length: number, inputs: { name: string, datatype: string, shape: number[], start: number, end: number }[] }} Known
 */

/** Where the digits end that begin at `idStart`. @param {Uint8Array} bytes */
function idEndOf(bytes) {
  let end = idStart;
  while (bytes[end] >= zero && bytes[end] <= zero + 9) end++;
  return end;
}

/** The number that the digits from `idStart` to `end` form; NaN if JSON or a frame can't have it. @param {Uint8Array} bytes @param {number} end */
function idOf(bytes, end) {
  if (end === idStart || end > idStart + mostDigits || bytes[idStart] === zero) return NaN;
  let id = 0;
  for (let i = idStart; i < end; i++) {
    const digit = bytes[i] - zero;
    if (digit < 0 || digit > 9) return NaN;
    id = 10 * id + digit;
  }
  return id;
}

/** Reads frames, as `decodeFrame` does. */
export class FrameReader {
  /** @type {Known | undefined} */ #last;

  /** Tensors in the message are views of the frame. Throws ProtocolError for anything malformed. @param {ArrayBuffer} frame @returns {Message} */
  read(frame) {
    const bytes = new Uint8Array(frame);
    const again = this.#last && readAgain(bytes, this.#last);
    if (again) return again;
    const message = decodeFrame(bytes);
    if (message.type === 'run') this.#last = known(bytes, message);
    return message;
  }
}

/**
 * What the next run can be read by; undefined if the JSON has its id elsewhere than where the pool writes it.
 * @param {Uint8Array} bytes @param {Run} run @returns {Known | undefined}
 */
function known(bytes, run) {
  const header = bytes.slice(0, 4 + new DataView(bytes.buffer).getUint32(0, true)), idEnd = idEndOf(header);
  if (runStart.some((byte, i) => header[4 + i] !== byte) || idOf(header, idEnd) !== run.id) return undefined;
  header[idEnd - 1] ^= 1;  // another digit: would JSON see another id?
  if (JSON.parse(decoder.decode(header.subarray(4))).id !== idOf(header, idEnd)) return undefined;
  const inputs = run.inputs.map(({ name, datatype, shape, data }) => ({ name, datatype, shape: shape.slice(), start: data.byteOffset, end: data.byteOffset + data.byteLength }));
  return { run: { ...run, inputs: [], outputs: run.outputs.slice() }, header, idEnd, length: bytes.length, inputs };
}

/** @param {Uint8Array} bytes @param {Known} last @returns {Run | undefined} */
function readAgain(bytes, { run, header, idEnd, length, inputs }) {
  if (bytes.length !== length) return undefined;
  for (let i = 0; i < idStart; i++) if (bytes[i] !== header[i]) return undefined;
  for (let i = idEnd; i < header.length; i++) if (bytes[i] !== header[i]) return undefined;
  const id = idOf(bytes, idEnd);
  if (Number.isNaN(id)) return undefined;
  let offset = header.length;
  for (const { start, end } of inputs) {
    for (; offset < start; offset++) if (bytes[offset] !== 0) return undefined;
    offset = end;
  }
  const tensors = inputs.map(({ name, datatype, shape, start, end }) => ({ name, datatype, shape: shape.slice(), data: bytes.subarray(start, end) }));
  return { ...run, id, inputs: tensors, outputs: run.outputs.slice() };
}

const resultStart = ascii('{"type":"result","id":');
const timeKeys = /** @type {const} */ (['queued', 'upload', 'compute', 'download']);
const timeStarts = timeKeys.map((key, i) => ascii(`${i ? ',' : ',"times":{'}"${key}":`));
const resultEnd = ascii('}}');

/** Space in which frames are built; only what is used takes memory. A larger frame gets memory of its own, which takes longer to allocate. */
const spaceBytes = 2 << 20;
/** The most that a result's header takes besides the text of its outputs. */
const otherBytes = 256;

/** Whether the tensors have these descriptions. @param {WireTensor[]} tensors @param {TensorHeader[]} described */
const sameTensors = (tensors, described) => tensors.length === described.length && tensors.every(({ name, datatype, shape, data }, i) => {
  const other = described[i];
  return name === other.name && datatype === other.datatype && data.byteLength === other.parameters.binary_data_size &&
    shape.length === other.shape.length && shape.every((dimension, axis) => dimension === other.shape[axis]);
});

/** Writes frames, as `encodeFrame` does. */
export class FrameWriter {
  #space = new Uint8Array(spaceBytes);
  #end = 0;  // of the text that is there
  /** The outputs of the previous result, and their text in its header. @type {{ outputs: TensorHeader[], text: Uint8Array } | undefined} */
  #last;

  /** The frame is valid until the next one is written. Throws ProtocolError if the message breaks the rules. @param {Message} message @returns {Uint8Array<ArrayBuffer>} */
  write(message) {
    if (message.type !== 'result' || message.kept || message.finish) return encodeFrame(message, this.#space);
    const again = this.#writeAgain(message);
    if (again) return again;
    const frame = encodeFrame(message, this.#space);
    this.#remember(message.outputs, frame.length);
    return frame;
  }

  /** @param {WireTensor[]} outputs @param {number} length of the frame */
  #remember(outputs, length) {
    const described = outputs.map(output => describe({ ...output, shape: output.shape.slice() }));
    this.#last = length + otherBytes > spaceBytes ? undefined : { outputs: described, text: encoder.encode(`,"outputs":${JSON.stringify(described)}`) };
  }

  /** @param {Result} result @returns {Uint8Array<ArrayBuffer> | undefined} */
  #writeAgain({ id, outputs, times }) {
    if (!this.#last || !Number.isSafeInteger(id) || id < 0 || id >= tooLarge || !sameTensors(outputs, this.#last.outputs)) return undefined;
    this.#end = 4;
    this.#put(resultStart);
    this.#putInteger(id);
    this.#put(this.#last.text);
    for (let i = 0; i < timeKeys.length; i++) {
      this.#put(timeStarts[i]);
      if (!this.#putTime(times[timeKeys[i]])) return undefined;
    }
    this.#put(resultEnd);
    return completeFrame(this.#space, this.#end, outputs);
  }

  /** @param {Uint8Array} text */
  #put(text) {
    this.#space.set(text, this.#end);
    this.#end += text.length;
  }

  /** @param {number} value */
  #putInteger(value) {
    let power = 1;
    while (10 * power <= value) power *= 10;
    for (; power >= 1; power /= 10) this.#space[this.#end++] = zero + Math.floor(value / power) % 10;
  }

  /** Whether it can: of more than thousandths, and of the hours that a run may take, protocol.js knows more. @param {number} milliseconds */
  #putTime(milliseconds) {
    const thousandths = Math.round(1000 * milliseconds);
    if (!(thousandths >= 0 && thousandths < 1e9 && thousandths / 1000 === milliseconds)) return false;
    this.#putInteger(Math.floor(thousandths / 1000));
    let rest = thousandths % 1000;
    if (rest) this.#space[this.#end++] = point;
    for (let power = 100; rest; rest %= power, power /= 10) this.#space[this.#end++] = zero + Math.floor(rest / power);
    return true;
  }
}
