// A text in a decoder. The keys and values of its tokens stay where the model computed them, and each step adds to them.

import { quietly } from './backends/placements.js';
import { datatypeOf, ortTypeOf } from './tensors.js';

/** @typedef {import('onnxruntime-common').Tensor} Tensor @typedef {import('onnxruntime-common').InferenceSession} OrtSession */
/** @typedef {{ Tensor: new (type: any, data: any, dims: readonly number[]) => Tensor }} Ort */

/**
 * What a decoder has read so far, and how it continues. Not re-entrant.
 * @typedef {object} Sequence
 * @property {number} length   tokens in its cache
 * @property {number} bytesPerToken   of its cache
 * @property {(tokens: bigint[]) => Promise<Float32Array>} read   adds tokens; the logits of the one that follows them
 * @property {() => void} dispose   gives the cache back
 */

const pastName = /^past_key_values\./;
const pastOf = (/** @type {string} */ present) => present.replace(/^present\./, 'past_key_values.');

/** The logits after the last token, from [1, sequence, vocabulary]. @param {Tensor} logits @returns {Promise<Float32Array>} */
async function lastRow(logits) {
  const all = /** @type {Float32Array} */ (await logits.getData(true));
  return all.subarray(all.length - logits.dims[2]);
}

/** An empty cache. @param {Ort} ort @param {OrtSession} session */
const nothing = (ort, session) => Object.fromEntries(session.inputMetadata.flatMap(value => {
  if (!value.isTensor || !pastName.test(value.name)) return [];
  const { name, type, shape: [, heads, , size] } = value;
  const empty = new (type === 'float16' ? Uint16Array : Float32Array)(0);
  return [[name, new ort.Tensor(ortTypeOf(datatypeOf(type, name)), empty, [1, Number(heads), 0, Number(size)])]];
}));

/**
 * An empty sequence of the session's model, which has the inputs and outputs of a decoder.
 * @param {Ort} ort @param {OrtSession} session @param {(logits: Tensor) => Promise<Float32Array>} readLogits @returns {Sequence}
 */
function beginSequence(ort, session, readLogits) {
  const integers = (/** @type {bigint[]} */ values) => new ort.Tensor('int64', BigInt64Array.from(values), [1, values.length]);
  const wanted = session.outputNames.filter(name => name === 'logits' || session.inputNames.includes(pastOf(name)));
  /** @type {Record<string, Tensor>} */
  let past = nothing(ort, session);
  const release = () => {
    for (const tensor of Object.values(past)) tensor.dispose();
    past = {};
  };
  return {
    length: 0,
    bytesPerToken: Object.values(past).reduce((sum, { type, dims: [, heads, , size] }) => sum + heads * size * (type === 'float16' ? 2 : 4), 0),
    async read(tokens) {
      const from = this.length, total = from + tokens.length;
      /** @type {Record<string, Tensor>} */
      const feeds = { ...past, input_ids: integers(tokens) };
      if (session.inputNames.includes('attention_mask')) feeds.attention_mask = integers(Array(total).fill(1n));
      if (session.inputNames.includes('position_ids')) feeds.position_ids = integers(tokens.map((_, i) => BigInt(from + i)));
      const { logits, ...present } = /** @type {Record<string, Tensor>} */ (await session.run(feeds, wanted, quietly));
      release();
      past = Object.fromEntries(Object.entries(present).map(([name, tensor]) => [pastOf(name), tensor]));
      this.length = total;
      return readLogits(logits);
    },
    dispose: release,
  };
}

/**
 * What a decoder's session has beyond other sessions: sequences, and a warm-up that reads one token without a cache and one with it.
 * @param {Ort} ort @param {OrtSession} session @param {(logits: Tensor) => Promise<Float32Array>} [readLogits] gives the tensor back too
 * @param {<T>(work: () => Promise<T>) => Promise<T>} [around] each step
 */
export function decoding(ort, session, readLogits = lastRow, around = work => work()) {
  const begin = () => {
    const sequence = beginSequence(ort, session, readLogits);
    const read = sequence.read.bind(sequence);
    return Object.assign(sequence, { read: (/** @type {bigint[]} */ tokens) => around(() => read(tokens)) });
  };
  return {
    begin,
    async warmUp() {
      const sequence = begin();
      try {
        for (let i = 0; i < 2; i++) await sequence.read([0n]);
      } finally {
        sequence.dispose();
      }
    },
  };
}
