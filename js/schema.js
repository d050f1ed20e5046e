// What each message of the wire must hold. The order of the fields is the order in which they are written.

/** A check throws a ProtocolError that names the field. @typedef {(value: unknown, path: string) => void} Check */
/** @typedef {Record<string, Check>} Fields */

/** A message or a frame that breaks the rules of the wire. */
export class ProtocolError extends Error {
  name = 'ProtocolError';
}

/** @param {string} expected @param {(value: any) => boolean} test @returns {Check} */
const is = (expected, test) => (value, path) => {
  if (!test(value)) throw new ProtocolError(value === undefined ? `${path} is missing` : `${path} must be ${expected}`);
};
/** @param {unknown} value @returns {value is Record<string, unknown>} */
export const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSize = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;

const any = is('anything', value => value !== undefined);
const string = is('a string', value => typeof value === 'string');
const boolean = is('a boolean', value => typeof value === 'boolean');
const number = is('a number', Number.isFinite);
const size = is('an integer from 0 to 2^53 - 1', isSize);
const dimension = is('an integer from -1', value => isSize(value) || value === -1);

/** @param {Check} check @returns {Check} */
const optional = check => (value, path) => { if (value !== undefined) check(value, path); };
/** @param {Check} check @returns {Check} */
const nullable = check => (value, path) => { if (value !== null) check(value, path); };
/** @param {...string} values @returns {Check} */
const oneOf = (...values) => is(`one of ${values.join(' ')}`, value => values.includes(value));
/** @param {Check} check @returns {Check} */
const listOf = check => {
  const array = is('an array', Array.isArray);
  return (value, path) => {
    array(value, path);
    const list = /** @type {unknown[]} */ (value);
    for (let i = 0; i < list.length; i++) check(list[i], `${path}[${i}]`);
  };
};
const object = is('an object', isObject);
/** @param {Check} check @returns {Check} */
const mapOf = check => (value, path) => {
  object(value, path);
  const map = /** @type {Record<string, unknown>} */ (value);
  for (const key in map) check(map[key], `${path}.${key}`);
};
/** @param {Fields} fields @returns {Check} */
const record = fields => {
  const entries = Object.entries(fields);
  return (value, path) => {
    object(value, path);
    for (const [key, check] of entries) check(/** @type {Record<string, unknown>} */ (value)[key], `${path}.${key}`);
  };
};

/** Size of one element in bytes. @type {Record<string, number>} */
export const datatypeSizes = { BOOL: 1, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8, INT8: 1, INT16: 2, INT32: 4, INT64: 8, FP16: 2, FP32: 4, FP64: 8 };
const datatype = oneOf(...Object.keys(datatypeSizes));

/** The exact bytes of a tensor of this shape, or a number that is not a safe integer. @param {string} type @param {number[]} shape */
export const byteSize = (type, shape) => shape.reduce((product, dimension) => product * dimension, datatypeSizes[type]);

const tensorFields = record({ name: string, datatype, shape: listOf(size), parameters: record({ binary_data_size: size }) });

/** Tensors that travel with the message. */
export const tensors = listOf((value, path) => {
  tensorFields(value, path);
  const { datatype, shape, parameters } = /** @type {import('./protocol.js').TensorHeader} */ (value);
  if (byteSize(datatype, shape) !== parameters.binary_data_size) {
    throw new ProtocolError(`${path}: binary_data_size is ${parameters.binary_data_size}, but ${datatype} [${shape}] takes ${byteSize(datatype, shape)} bytes`);
  }
});

const file = { sha256: is('64 hexadecimal digits', value => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)), bytes: size, url: string };
const descriptions = listOf(record({ name: string, datatype, shape: listOf(dimension) }));
const model = record({
  name: string, ...file, format: optional(oneOf('kernel')), generates: optional(boolean), device_outputs: optional(listOf(string)), external: optional(listOf(record({ path: string, ...file }))),
});
const references = optional(listOf(record({ name: string, tensor: size })));
const tried = listOf(record({ backend: string, message: string }));
const deviceType = oneOf('cpu', 'gpu', 'npu');

/** @type {Record<string, Fields>} */
const messages = {
  hello: { version: size, token: string, launch: optional(size), capabilities: mapOf(any) },
  welcome: { version: size, connection: size, heartbeat_ms: size },
  refused: { code: oneOf('wrong_token', 'version_mismatch', 'pool_full', 'pool_closed'), message: string },
  ping: { id: size },
  pong: {
    id: size, visible: boolean, timer_drift_ms: number, charging: optional(boolean), battery: optional(is('a number from 0 to 1', value => Number.isFinite(value) && value >= 0 && value <= 1)),
    pressure: optional(oneOf('nominal', 'fair', 'serious', 'critical')), save_data: optional(boolean),
  },
  open_worker: { worker: size, key: string, webnn: boolean },
  close_worker: { worker: size },
  worker_failed: { worker: size, message: string },
  reload: { message: string },
  close: { message: string },
  trouble: { source: string, message: string },
  message: { name: string, body: any, tensors },
  attach: { version: size, worker: size, key: string },
  load: {
    id: size,
    model,
    parts: optional(listOf(model)),
    backends: listOf(record({ name: string, device_type: optional(deviceType), threads: optional(size), module: optional(string) })),
    free_dimensions: mapOf(size),
    warmup: optional(boolean),
    compare: optional(boolean),
    verify: optional(boolean),
    workgroup_size: optional(is('three integers', value => Array.isArray(value) && value.length === 3 && value.every(isSize))),
    variant: optional(size),
    cache_bytes: optional(size),
    importance: optional(oneOf('high', 'low')),
  },
  progress: { id: size, stage: oneOf('fetch', 'create', 'warmup'), part: optional(size), done: size, total: size },
  loaded: {
    id: size, backend: string, device_type: nullable(deviceType), tried, remarks: optional(listOf(string)), verified: optional(boolean), cpu_fallback: boolean, inputs: descriptions, outputs: descriptions,
    times: record({ fetch: number, create: number, warmup: number }), from_cache: boolean, memory_bytes: size, variant: optional(size),
    placements: optional(listOf(record({ provider: string, nodes: size, operators: listOf(string) }))),
  },
  run: { id: size, part: optional(size), inputs: tensors, resident: references, outputs: listOf(string), keep: references },
  generate: { id: size, part: optional(size), inputs: tensors, max_tokens: size, temperature: number, top_k: size, top_p: number, seed: size, stop_tokens: listOf(size), resume: optional(record({ tensor: size, length: size })), keep: optional(size) },
  fetch: { id: size, tensor: size },
  release: { tensors: listOf(size) },
  tokens: { id: size, index: size, tokens: listOf(size) },
  result: {
    id: size, outputs: tensors, kept: optional(listOf(record({ name: string, datatype, shape: listOf(size), tensor: size }))),
    times: record({ queued: number, upload: number, compute: number, download: number }), finish: optional(oneOf('stop', 'length')),
  },
  cancel: { id: size },
  error: {
    id: size,
    code: oneOf('fetch_failed', 'hash_mismatch', 'no_backend', 'runtime_missing', 'bad_input', 'run_failed', 'device_lost', 'tensor_lost', 'cancelled'),
    message: string, tried: optional(tried), stack: optional(string), started: optional(boolean),
  },
  device_lost: { reason: string, message: string },
};

/** The fields of a message of this type. @param {unknown} type @returns {Fields} */
export function fieldsOf(type) {
  if (typeof type !== 'string') throw new ProtocolError('a message needs a type, which is a string');
  if (!Object.hasOwn(messages, type)) throw new ProtocolError(`no message has the type "${type.slice(0, 40)}"`);
  return messages[type];
}
