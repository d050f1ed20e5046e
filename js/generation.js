// A decoder goes on with a text, one token after the other.

import { CodedError } from './errors.js';
import { nextToken, uniformNumbers } from './sampling.js';
import { typedArrayOf } from './tensors.js';
import { rounded, timed } from './timing.js';

/** @typedef {import('./protocol.js').Generate} Generate @typedef {import('./protocol.js').Result} Result @typedef {import('./protocol.js').Tokens} Tokens */
/** @typedef {import('./run_queue.js').RunQueue<any>} Queue */

/**
 * Runs the loop. Each step is one job of the queue, so that other generations and runs get their turns in between.
 * @param {Queue} queue @param {() => import('./kv_cache.js').Sequence} begin @param {Generate} request @param {(news: Tokens) => void} tell of each token
 * @param {AbortSignal} cancelled heard between two tokens @returns {Promise<Result>}
 */
async function generate(queue, begin, { id, inputs: [prompt], max_tokens, seed, stop_tokens, ...choice }, tell, cancelled) {
  const uniform = uniformNumbers(seed);
  const sequence = begin();
  const arrival = performance.now();
  /** @type {number[]} */
  const tokens = [];
  /** @type {bigint[]} */
  let unread = [...typedArrayOf(prompt)];
  let queued = 0, compute = 0;
  /** @returns {Promise<'stop' | 'length'>} */
  const finish = async () => {
    while (tokens.length < max_tokens) {
      const [logits, time] = await queue.push(id, () => {
        if (!sequence.length) queued = rounded(performance.now() - arrival);
        return timed(() => sequence.read(unread));
      });
      cancelled.throwIfAborted();
      compute = rounded(compute + time);
      const token = nextToken(logits, choice, uniform);
      if (stop_tokens.includes(token)) return 'stop';
      tell({ type: 'tokens', id, index: tokens.length, tokens: [token] });
      tokens.push(token);
      unread = [BigInt(token)];
    }
    return 'length';
  };
  try {
    const reason = await finish();
    const outputs = [{ name: 'tokens', datatype: 'INT64', shape: [tokens.length], data: BigInt64Array.from(tokens, BigInt) }];
    return { type: 'result', id, outputs, times: { queued, upload: 0, compute, download: 0 }, finish: reason };
  } catch (error) {
    throw cancelled.aborted ? new CodedError('cancelled', `generation ${id} was cancelled after ${tokens.length} tokens`) : error;
  } finally {
    sequence.dispose();
  }
}

/** The generations of one worker. */
export class Generations {
  /** @type {Map<number, AbortController>} */ #running = new Map();
  #queue;
  /** @param {Queue} queue of the runs, which they share */
  constructor(queue) {
    this.#queue = queue;
  }

  /** @param {import('./backends/registry.js').Session} session @param {Generate} request @param {(news: Tokens) => void} tell of each token @returns {Promise<Result>} */
  async start(session, request, tell) {
    if (!session.begin) throw new CodedError('run_failed', 'this model was not loaded as one that generates');
    const cancellation = new AbortController();
    this.#running.set(request.id, cancellation);
    try {
      return await generate(this.#queue, session.begin, request, tell, cancellation.signal);
    } finally {
      this.#running.delete(request.id);
    }
  }

  /** Ends a generation with its next step. Does nothing where none has that id. @param {number} id */
  cancel(id) {
    this.#running.get(id)?.abort();
    this.#queue.cancel(id);
  }
}
