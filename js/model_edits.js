// Edits of a model's protobuf, for what ONNX Runtime Web can't be told otherwise:
// - It takes the size of a free dimension by name only. One without a name gets its size here: that is appended to the dimension, where it counts as the
//   last word, and each message around it becomes as much longer.
// - It refuses a model for an output of an element type that it has no arrays for. Such an output can't travel anyway, so it goes.

/**
 * A field of a message: where it begins, where its length does (its content, if it has none), and where its content is.
 * @typedef {{ number: number, at: number, lengthAt: number, start: number, end: number, value: number }} Field
 */

/** Field numbers of onnx.proto. */
const graph = 7, graphInput = 11, graphOutput = 12, name = 1, type = 2, tensorType = 1, elementType = 1, tensorShape = 2, dimension = 1, dimensionValue = 1, dimensionName = 2;

/** Numbers of element types that ONNX Runtime Web has a name for: FLOAT to UINT64, UINT4 and INT4. */
const isNamed = (/** @type {number} */ element) => element <= 13 || element === 21 || element === 22;

const damaged = (/** @type {number} */ at) => new Error(`the model is damaged at byte ${at}`);

/** A number, and where it ends. @param {Uint8Array} bytes @param {number} at @param {number} end @returns {[number, number]} */
function readVarint(bytes, at, end) {
  let value = 0;
  for (let i = 0, scale = 1; i < 10 && at + i < end; i++, scale *= 128) {
    value += bytes[at + i] % 128 * scale;
    if (bytes[at + i] < 128) return [value, at + i + 1];
  }
  throw damaged(at);
}

/** @param {number} value @returns {number[]} */
const varint = value => value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))];

/** @param {Uint8Array} bytes @param {{ start: number, end: number }} message @returns {Generator<Field>} */
function* fieldsOf(bytes, { start, end }) {
  for (let at = start; at < end;) {
    const [tag, lengthAt] = readVarint(bytes, at, end);
    /** @type {Field} */
    const field = { number: Math.floor(tag / 8), at, lengthAt, start: lengthAt, end: lengthAt, value: NaN };
    if (tag % 8 === 0) [field.value, field.end] = readVarint(bytes, lengthAt, end);
    else if (tag % 8 === 1) field.end += 8;
    else if (tag % 8 === 5) field.end += 4;
    else if (tag % 8 === 2) {
      const [length, content] = readVarint(bytes, lengthAt, end);
      field.start = content;
      field.end = content + length;
    } else throw damaged(at);
    if (field.end > end) throw damaged(at);
    yield field;
    at = field.end;
  }
}

/** @typedef {(field: Field) => Uint8Array[] | null | undefined} Edit   the field's new content in parts; null if the field goes, undefined if it stays */

/** The message's new content in parts, each a view of the old one or a few bytes; undefined if nothing changes. @param {Uint8Array} bytes @param {{ start: number, end: number }} message @param {Edit} edit */
function edited(bytes, message, edit) {
  /** @type {Uint8Array[]} */
  const parts = [];
  let done = message.start;
  for (const field of fieldsOf(bytes, message)) {
    const content = edit(field);
    if (content === undefined) continue;
    if (content) parts.push(bytes.subarray(done, field.lengthAt), Uint8Array.from(varint(lengthOf(content))), ...content);
    else parts.push(bytes.subarray(done, field.at));
    done = field.end;
  }
  return parts.length ? [...parts, bytes.subarray(done, message.end)] : undefined;
}

const lengthOf = (/** @type {Uint8Array[]} */ parts) => parts.reduce((sum, { length }) => sum + length, 0);

/** Edits fields of this number alone. @param {number} number @param {Edit} edit @returns {Edit} */
const only = (number, edit) => field => field.number === number ? edit(field) : undefined;

/** The sizes by input and axis: of the keys, those that look like "x[2]". @param {Record<string, number>} sizes */
function byInput(sizes) {
  /** @type {Map<string, Map<number, number>>} */
  const inputs = new Map();
  for (const [key, size] of Object.entries(sizes)) {
    const [, input, axis] = /^(.*)\[(\d+)\]$/s.exec(key) ?? [];
    if (axis === undefined) continue;
    if (!inputs.has(input)) inputs.set(input, new Map());
    inputs.get(input)?.set(Number(axis), size);
  }
  return inputs;
}

/**
 * The model as ONNX Runtime Web can load it, a copy if something had to change. A size is under a key such as "x[2]", for axis 2 of the input "x", and is
 * given to a dimension only if that is free and has no name.
 * @param {Uint8Array<ArrayBuffer>} model @param {Record<string, number>} sizes @returns {Uint8Array<ArrayBuffer>}
 */
export function editModel(model, sizes) {
  const inputs = byInput(sizes);

  /** @type {(size: number | undefined) => Edit} */
  const editDimension = size => field => {
    const parts = [...fieldsOf(model, field)];
    const taken = parts.some(({ number, start, end, value }) => number === dimensionName && end > start || number === dimensionValue && value < 2 ** 63);
    return taken || size === undefined ? undefined : [model.subarray(field.start, field.end), Uint8Array.from([8 * dimensionValue, ...varint(size)])];
  };
  /** @type {Edit} */
  const editInput = input => {
    const label = [...fieldsOf(model, input)].find(({ number }) => number === name);
    const axes = label && inputs.get(new TextDecoder().decode(model.subarray(label.start, label.end)));
    if (!axes) return undefined;
    let axis = 0;
    const editShape = only(dimension, field => editDimension(axes.get(axis++))(field));
    return edited(model, input, only(type, value => edited(model, value, only(tensorType, tensor => edited(model, tensor, only(tensorShape, shape => edited(model, shape, editShape)))))));
  };

  /** @type {Edit} */
  const editOutput = output => {
    let known = true;
    edited(model, output, only(type, value => edited(model, value, only(tensorType, tensor => edited(model, tensor, only(elementType, ({ value: element }) => {
      known = isNamed(element);
      return undefined;
    }))))));
    return known ? undefined : null;
  };

  const editGraph = (/** @type {Field} */ field) => field.number === graphInput ? editInput(field) : field.number === graphOutput ? editOutput(field) : undefined;
  const parts = edited(model, { start: 0, end: model.length }, only(graph, field => edited(model, field, editGraph)));
  if (!parts) return model;
  const whole = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
