// How an application's modules talk with its C++ program: `import { on, send } from '/js/messages.js'`.

import { messageOf } from './errors.js';
import { encodeFrame } from './protocol.js';
import { typedArrayOf } from './tensors.js';

/** @typedef {import('./protocol.js').WireTensor} WireTensor */
/** What a handler gets: the parsed JSON body, and tensors whose `data` is the typed array of their datatype (FP16: Uint16Array). @typedef {(body: any, tensors: WireTensor[]) => unknown} Handler */

/** The pool's limits: a message beyond them would cost the tab its connection. */
const most = { nameBytes: 1024, bodyBytes: 512 * 1024, depth: 512, tensors: 1024, dimensions: 8 };

/** @type {Map<string, Handler>} */
const handlers = new Map();
/** Frames that were sent before the tab had joined. @type {Uint8Array<ArrayBuffer>[] | undefined} */
let early = [];
/** @type {(frame: Uint8Array<ArrayBuffer>) => void} */
let transmit = frame => { early?.push(frame); };

/** Half a surrogate pair is not valid text; JSON.stringify writes it as an escape. */
const halfPair = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;
const bytesIn = (/** @type {string} */ text) => new TextEncoder().encode(text).length;

/** @param {unknown} value @param {number} [depth] */
function checkDepth(value, depth = 0) {
  if (depth > most.depth) throw new RangeError(`the body is nested more than ${most.depth} deep`);
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(inner => checkDepth(inner, depth + 1));
}

/** @param {unknown} name */
function checkName(name) {
  if (typeof name !== 'string' || !name || bytesIn(name) > most.nameBytes) throw new TypeError(`a message's name must be a string of 1 to ${most.nameBytes} bytes`);
}

/** The body as it will arrive. @param {unknown} body */
function checkedBody(body) {
  const json = JSON.stringify(body);
  if (json === undefined) throw new TypeError('a message\'s body must be a JSON value');
  if (halfPair.test(json)) throw new TypeError('the body contains half a surrogate pair');
  if (bytesIn(json) > most.bodyBytes) throw new RangeError(`the body has ${bytesIn(json)} bytes as JSON; at most ${most.bodyBytes} are allowed: send larger data as tensors`);
  const copy = JSON.parse(json);
  checkDepth(copy);
  return copy;
}

/** @param {WireTensor[]} tensors */
function checkTensors(tensors) {
  if (tensors.length > most.tensors) throw new RangeError(`a message can have at most ${most.tensors} tensors`);
  for (const { name, shape } of tensors) {
    if (bytesIn(name) > most.nameBytes) throw new RangeError(`a tensor's name can have at most ${most.nameBytes} bytes`);
    if (shape.length > most.dimensions) throw new RangeError(`"${name}" has ${shape.length} dimensions; at most ${most.dimensions} are allowed`);
  }
  if (new Set(tensors.map(({ name }) => name)).size < tensors.length) throw new TypeError('two tensors have the same name');
}

/**
 * From now on the program's messages of that name go to this handler, which replaces an earlier one. If it throws or rejects, the program is told.
 * Messages of one name arrive in order; the next one does not wait until the handler is done.
 * @param {string} name @param {Handler | null} handler null: to none
 */
export function on(name, handler) {
  checkName(name);
  if (handler) handlers.set(name, handler);
  else handlers.delete(name);
}

/**
 * Sends the program a message. A message that is sent before the tab has joined follows when it has. Throws if the pool would refuse it, because
 * the name or the body breaks the rules or a tensor's data does not fit its shape. Everything is copied before this returns.
 * @param {string} name @param {unknown} [body] any value that JSON has @param {WireTensor[]} [tensors]
 */
export function send(name, body = null, tensors = []) {
  checkName(name);
  const frame = encodeFrame({ type: 'message', name, body: checkedBody(body), tensors });
  checkTensors(tensors);
  transmit(frame);
}

/** For page.js: the tab has joined. @param {(frame: Uint8Array<ArrayBuffer>) => void} carrier */
export function carryMessages(carrier) {
  transmit = carrier;
  early?.forEach(carrier);
  early = undefined;
}

/** For page.js: hands a message of the program to its handler. @param {import('./protocol.js').Custom} message @param {(source: string, message: string) => void} complain */
export async function deliver({ name, body, tensors }, complain) {
  const handler = handlers.get(name);
  try {
    if (!handler) throw new Error('no module of this page handles it');
    await handler(body, tensors.map(tensor => ({ ...tensor, data: typedArrayOf(tensor) })));
  } catch (error) {
    complain(`message ${name}`.slice(0, 200), messageOf(error));
  }
}
