// A decoder continues a text, one token after the other.

import { CodedError } from './errors.js';
import { nextToken, uniformNumbers } from './sampling.js';
import { typedArrayOf } from './tensors.js';
import { rounded, since, timed } from './timing.js';

/** @typedef {import('./protocol.js').Generate} Generate @typedef {import('./protocol.js').Result} Result @typedef {import('./protocol.js').Tokens} Tokens */
/** @typedef {import('./run_queue.js').RunQueue<any>} Queue */
/** A text of one session, and what it has written but not read yet. @typedef {{ session: import('./backends/registry.js').Session, sequence: import('./kv_cache.js').Sequence, unread: bigint[] }} Text */

/**
 * Runs the loop. Each step is one job of the queue, so that other generations and runs get their turn in between.
 * @param {Queue} queue @param {Text} text which it goes on with, and whose cache it gives back on failure @param {Generate} request
 * @param {(news: Tokens) => void} tell of each token @param {AbortSignal} cancelled heard between two tokens @returns {Promise<Result>}
 */
async function generate(queue, text, { id, inputs: [prompt], max_tokens, seed, stop_tokens, ...choice }, tell, cancelled) {
  const uniform = uniformNumbers(seed);
  const arrival = performance.now();
  /** @type {number[]} */
  const tokens = [];
  let steps = 0, queued = 0, compute = 0;
  text.unread.push(...typedArrayOf(prompt));
  /** @returns {Promise<'stop' | 'length'>} */
  const finish = async () => {
    while (tokens.length < max_tokens) {
      const [logits, time] = await queue.push(id, () => {
        if (!steps++) queued = since(arrival);
        return timed(() => text.sequence.read(text.unread));
      });
      text.unread = [];
      cancelled.throwIfAborted();
      compute = rounded(compute + time);
      const token = nextToken(logits, choice, uniform);
      if (stop_tokens.includes(token)) return 'stop';
      tell({ type: 'tokens', id, index: tokens.length, tokens: [token] });
      tokens.push(token);
      text.unread = [BigInt(token)];
    }
    return 'length';
  };
  try {
    const reason = await finish();
    const outputs = [{ name: 'tokens', datatype: 'INT64', shape: [tokens.length], data: BigInt64Array.from(tokens, BigInt) }];
    return { type: 'result', id, outputs, times: { queued, upload: 0, compute, download: 0 }, finish: reason };
  } catch (error) {
    text.sequence.dispose();
    throw cancelled.aborted ? new CodedError('cancelled', `generation ${id} was cancelled after ${tokens.length} tokens`) : error;
  }
}

/** The generations of one worker, and the texts that stay between two of them. */
export class Generations {
  /** @type {Map<number, AbortController>} */ #running = new Map();
  /** @type {Map<number, Text>} */ #kept = new Map();
  #queue;
  /** @param {Queue} queue of the runs, which they share */
  constructor(queue) {
    this.#queue = queue;
  }

  /** @param {import('./backends/registry.js').Session} session @param {Generate} request @param {(news: Tokens) => void} tell of each token @returns {Promise<Result>} */
  async start(session, request, tell) {
    if (!session.begin) throw new CodedError('run_failed', 'this model was not loaded for generation');
    const text = request.resume ? this.#take(session, request.resume) : { session, sequence: session.begin(), unread: [] };
    const cancellation = new AbortController();
    this.#running.set(request.id, cancellation);
    try {
      const result = await generate(this.#queue, text, request, tell, cancellation.signal);
      return request.keep === undefined ? (text.sequence.dispose(), result) : { ...result, kept: [this.#keep(text, request.keep)] };
    } finally {
      this.#running.delete(request.id);
    }
  }

  /**
   * A kept text, for one generation. The result has another id, so that nobody continues what the text was before.
   * @param {import('./backends/registry.js').Session} session @param {{ tensor: number, length: number }} place
   */
  #take(session, { tensor, length }) {
    const text = this.#kept.get(tensor);
    if (!text) throw new CodedError('tensor_lost', `this worker has no text ${tensor}`);
    if (text.session !== session) throw new CodedError('bad_input', `text ${tensor} is another model's`);
    if (text.sequence.length !== length) throw new CodedError('tensor_lost', `text ${tensor} has ${text.sequence.length} tokens in its cache, not ${length}`);
    this.#kept.delete(tensor);
    return text;
  }

  /** @param {Text} text @param {number} tensor its id */
  #keep(text, tensor) {
    this.#kept.set(tensor, text);
    return { name: 'cache', datatype: 'UINT8', shape: [text.sequence.length, text.sequence.bytesPerToken], tensor };
  }

  /** @param {number[]} ids those that are no texts here are left to others */
  release(ids) {
    for (const id of ids) {
      this.#kept.get(id)?.sequence.dispose();
      this.#kept.delete(id);
    }
  }

  /** Ends a generation at its next step. Does nothing if none has that id. @param {number} id */
  cancel(id) {
    this.#running.get(id)?.abort();
    this.#queue.cancel(id);
  }
}
