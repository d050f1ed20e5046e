// The wire, version 1: frames to messages and back. The twin of include/webpool/protocol/; both are held to tests/protocol/golden.json.

import { byteSize, datatypeSizes, fieldsOf, isObject, ProtocolError, tensors as tensorCheck } from './schema.js';

export { ProtocolError };
export const version = 1;

/**
 * @typedef {{ name: string, datatype: string, shape: number[], parameters: { binary_data_size: number } }} TensorHeader
 * @typedef {{ name: string, datatype: string, shape: number[] }} TensorInfo   a model's input or output; -1 is a free dimension
 * @typedef {TensorInfo & { data: ArrayBufferView }} WireTensor   `data` is a view of a received frame, or what is to be sent
 * @typedef {{ backend: string, message: string }} Attempt
 * @typedef {{ name: string, device_type?: string, threads?: number, module?: string }} BackendChoice   `threads`: 0 asks to measure; `module`: the address of one of the application's own
 *
 * @typedef {{ type: 'hello', version: number, token: string, launch?: number, capabilities: Record<string, unknown> }} Hello
 * @typedef {{ type: 'welcome', version: number, connection: number, heartbeat_ms: number }} Welcome
 * @typedef {{ type: 'refused', code: string, message: string }} Refused
 * @typedef {{ type: 'ping', id: number }} Ping
 * @typedef {{ type: 'pong', id: number, visible: boolean, timer_drift_ms: number, charging?: boolean, battery?: number, pressure?: string, save_data?: boolean }} Pong
 * @typedef {{ type: 'open_worker', worker: number, key: string, webnn: boolean }} OpenWorker
 * @typedef {{ type: 'close_worker', worker: number }} CloseWorker
 * @typedef {{ type: 'worker_failed', worker: number, message: string }} WorkerFailed
 * @typedef {{ type: 'close', message: string }} Close
 * @typedef {{ type: 'reload', message: string }} Reload
 * @typedef {{ type: 'trouble', source: string, message: string }} Trouble
 * @typedef {{ type: 'message', name: string, body: any, tensors: WireTensor[] }} Custom   of the application's own, in both directions
 * @typedef {{ type: 'attach', version: number, worker: number, key: string }} Attach
 * @typedef {{ sha256: string, bytes: number, url: string }} ModelFile
 * @typedef {ModelFile & { path: string }} ExternalFile   `path`: its name in the ONNX file
 * @typedef {ModelFile & { name: string, format?: 'kernel', generates?: boolean, device_outputs?: string[], external?: ExternalFile[] }} ModelSource
 * @typedef {{ name: string, tensor: number }} Reference   an input or output, and the id of the tensor in the worker
 * @typedef {{ type: 'load', id: number, model: ModelSource, parts?: ModelSource[], backends: BackendChoice[], free_dimensions: Record<string, number>, warmup?: boolean,
 *             compare?: boolean, verify?: boolean, workgroup_size?: number[], variant?: number, cache_bytes?: number, importance?: 'high' | 'low' }} Load
 * @typedef {{ type: 'progress', id: number, stage: 'fetch' | 'create' | 'warmup', part?: number, done: number, total: number }} Progress
 * @typedef {{ type: 'loaded', id: number, backend: string, device_type: string | null, tried: Attempt[], remarks?: string[], verified?: boolean, cpu_fallback: boolean,
 *             inputs: TensorInfo[], outputs: TensorInfo[], times: { fetch: number, create: number, warmup: number },
 *             from_cache: boolean, memory_bytes: number, variant?: number, placements?: import('./backends/placements.js').Placement[] }} Loaded
 * @typedef {{ type: 'run', id: number, part?: number, inputs: WireTensor[], resident?: Reference[], outputs: string[], keep?: Reference[] }} Run
 * @typedef {{ type: 'fetch', id: number, tensor: number }} Fetch
 * @typedef {{ type: 'release', tensors: number[] }} Release
 * @typedef {{ type: 'generate', id: number, part?: number, inputs: WireTensor[], max_tokens: number, seed: number, stop_tokens: number[], resume?: { tensor: number, length: number },
 *             keep?: number } & import('./sampling.js').Choice} Generate   the input is the prompt
 * @typedef {{ type: 'tokens', id: number, index: number, tokens: number[] }} Tokens   `index`: how many came before
 * @typedef {{ type: 'result', id: number, outputs: WireTensor[], kept?: (TensorInfo & { tensor: number })[],
 *             times: { queued: number, upload: number, compute: number, download: number }, finish?: 'stop' | 'length' }} Result
 * @typedef {{ type: 'cancel', id: number }} Cancel
 * @typedef {{ type: 'error', id: number, code: string, message: string, tried?: Attempt[], stack?: string, started?: boolean }} Failure
 * @typedef {{ type: 'device_lost', reason: string, message: string }} DeviceLost
 *
 * @typedef {Welcome | Refused | Ping | OpenWorker | CloseWorker | Close | Reload | Custom} ToPage       control socket
 * @typedef {Hello | Pong | WorkerFailed | Trouble | Custom} FromPage
 * @typedef {Load | Run | Generate | Fetch | Release | Cancel} ToWorker                 data socket
 * @typedef {Attach | Progress | Loaded | Tokens | Result | Failure | DeviceLost} FromWorker
 * @typedef {ToPage | FromPage | ToWorker | FromWorker} Message
 */

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const aligned = (/** @type {number} */ offset) => Math.ceil(offset / 8) * 8;

/** @param {ArrayBufferView} view */
export const bytesOf = view => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** @param {WireTensor} tensor @returns {TensorHeader} */
export const describe = ({ name, datatype, shape, data }) => ({ name, datatype, shape, parameters: { binary_data_size: data.byteLength } });

const noSpace = new Uint8Array(0);

/**
 * Builds the frame of a message. Tensor data is copied once, into the frame. Throws ProtocolError if the message breaks the rules.
 * @param {Message} message @param {Uint8Array<ArrayBuffer>} [space] to build a frame in that fits, which then lasts until the space is used again
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeFrame(message, space = noSpace) {
  const given = /** @type {Record<string, any>} */ (message);
  const fields = fieldsOf(message.type);
  /** @type {Record<string, unknown>} */
  const header = { type: message.type };
  /** @type {WireTensor[]} */
  const payload = [];
  for (const field in fields) {
    const check = fields[field];
    const carries = check === tensorCheck && Array.isArray(given[field]);
    const value = carries ? given[field].map(describe) : given[field];
    check(value, field);
    if (value !== undefined) header[field] = value;
    if (carries) payload.push(...given[field]);
  }
  const text = JSON.stringify(header);
  const json = 4 + 3 * text.length > space.length ? encoder.encode(text) : space.subarray(4, 4 + encoder.encodeInto(text, space.subarray(4)).written);
  const length = payload.reduce((end, { data }) => aligned(end) + data.byteLength, aligned(4 + json.length));
  const frame = length > space.length ? new Uint8Array(length) : space;
  if (json.buffer !== frame.buffer) frame.set(json, 4);
  return completeFrame(frame, 4 + json.length, payload);
}

/**
 * Writes what belongs around the text of a frame's header: its length, and the tensors' data.
 * @param {Uint8Array<ArrayBuffer>} space large enough; the text is there from byte 4 on @param {number} textEnd @param {{ data: ArrayBufferView }[]} tensors
 */
export function completeFrame(space, textEnd, tensors) {
  let end = aligned(textEnd);
  new DataView(space.buffer, space.byteOffset).setUint32(0, end - 4, true);
  space.fill(0x20, textEnd, end);
  for (const { data } of tensors) {
    const start = aligned(end);
    space.fill(0, end, start).set(bytesOf(data), start);
    end = start + data.byteLength;
  }
  return space.subarray(0, end);
}

/** @param {Uint8Array} text */
function parseHeader(text) {
  let header;
  try {
    header = JSON.parse(strictDecoder.decode(text));
  } catch (error) {
    throw new ProtocolError(`the header is not JSON in UTF-8: ${error instanceof Error ? error.message : error}`);
  }
  if (!isObject(header)) throw new ProtocolError('the header must be one JSON object');
  return header;
}

/**
 * Reads a frame. Tensors in the message are views of it, not copies. Throws ProtocolError for anything malformed.
 * @param {ArrayBuffer | Uint8Array} frame @returns {Message}
 */
export function decodeFrame(frame) {
  const bytes = frame instanceof Uint8Array ? frame : new Uint8Array(frame);
  if (bytes.length < 4) throw new ProtocolError(`a frame of ${bytes.length} bytes cannot hold the length of its header`);
  const headerEnd = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (headerEnd > bytes.length) throw new ProtocolError(`the header ends at ${headerEnd}, but the frame at ${bytes.length}`);
  if (headerEnd % 8) throw new ProtocolError(`the header ends at ${headerEnd}, which is not a multiple of 8`);
  const message = parseHeader(bytes.subarray(4, headerEnd));
  const fields = fieldsOf(message.type);
  for (const field in fields) fields[field](message[field], field);

  let offset = headerEnd;
  for (const field in message) {  // in the header's own order, which is the order of the bytes
    if (fields[field] !== tensorCheck) continue;
    message[field] = /** @type {TensorHeader[]} */ (message[field]).map(({ name, datatype, shape, parameters: { binary_data_size } }) => {
      const start = aligned(offset);
      if (start + binary_data_size > bytes.length) throw new ProtocolError(`tensor "${name}" ends at ${start + binary_data_size}, but the frame at ${bytes.length}`);
      if (bytes.subarray(offset, start).some(byte => byte !== 0)) throw new ProtocolError(`the gap before tensor "${name}" is not zero`);
      offset = start + binary_data_size;
      return { name, datatype, shape, data: bytes.subarray(start, offset) };
    });
  }
  if (offset !== bytes.length) throw new ProtocolError(`the message ends at ${offset}, but the frame at ${bytes.length}`);
  return /** @type {Message} */ (/** @type {unknown} */ (message));
}

export { byteSize, datatypeSizes };
