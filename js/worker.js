// One loaded model: its own data socket to the pool, one session, one run at a time.
// The page starts this worker with { worker, key } and hears from it what to show; tensors never pass through the page.

import { kernelOnWebGpu } from './backends/kernel.js';
import { installed, openSession } from './backends/registry.js';
import { wasmBytes } from './backends/ort.js';
import { CodedError, failureOf, messageOf } from './errors.js';
import { FrameSocket } from './frame_socket.js';
import { fetchModel } from './model_source.js';
import { ProtocolError, version } from './protocol.js';
import { RunQueue } from './run_queue.js';
import { rounded, timed } from './timing.js';

/**
 * What the page hears.
 * @typedef {{ event: 'started' } | { event: 'loaded', model: string, backend: string, device_type: string | null } | { event: 'runs', count: number }
 *   | { event: 'trouble', message: string } | { event: 'failed', message: string } | { event: 'closed' }} Report
 */

const tell = (/** @type {Report} */ report) => self.postMessage(report);

class ModelWorker {
  /** @type {RunQueue<import('./protocol.js').Result>} */ #queue = new RunQueue();
  /** @type {import('./backends/registry.js').Session | undefined} */ #session;
  #abort = new AbortController();
  #loadSeen = false;
  #runs = 0;
  #socket;

  /** @param {{ worker: number, key: string }} invitation */
  constructor({ worker, key }) {
    this.#socket = new FrameSocket('/data', message => this.#receive(message));
    this.#socket.opened.then(() => this.#socket.send({ type: 'attach', version, worker, key }), () => {});
    this.#socket.closed.then(reason => this.#end(reason));
    this.#countRuns();
  }

  /** @param {import('./protocol.js').Message} message */
  #receive(message) {
    if (message.type === 'load') this.#load(message);
    else if (message.type === 'run') this.#run(message);
    else if (message.type === 'cancel') this.#queue.cancel(message.id);
    else throw new ProtocolError(`${message.type} is no message for a worker`);
  }

  /** @param {import('./protocol.js').Load} load */
  #load(load) {
    if (this.#loadSeen) throw new ProtocolError('a worker loads one model, once');
    this.#loadSeen = true;
    this.#open(load).then(loaded => {
      this.#socket.send(loaded);
      tell({ event: 'loaded', model: load.model.name, backend: loaded.backend, device_type: loaded.device_type });
    }).catch(error => this.#answerFailure(load.id, error, 'no_backend'));
  }

  /** @param {import('./protocol.js').Load} load @returns {Promise<import('./protocol.js').Loaded>} */
  async #open({ id, model, backends, free_dimensions: freeDimensions, warmup, compare, workgroup_size: workgroupSize }) {
    /** @param {import('./protocol.js').Progress['stage']} stage @param {number} done @param {number} total */
    const progress = (stage, done, total) => this.#socket.send({ type: 'progress', id, stage, done, total });
    const [{ bytes, fromCache }, fetchTime] = await timed(() => fetchModel(model, (done, total) => progress('fetch', done, total), this.#abort.signal));
    const deviceLost = (/** @type {string} */ reason, /** @type {string} */ message) => this.#loseDevice(reason, message);
    const opened = await openSession(bytes, backends, { freeDimensions, warmup, compare, workgroupSize, deviceLost }, (stage, done) => progress(stage, done, 1), model.format === 'kernel' ? [kernelOnWebGpu] : installed);
    this.#session = opened.session;
    const { inputs, outputs, details } = opened.session;
    return {
      type: 'loaded', id, backend: opened.backend, device_type: details.deviceType, tried: opened.tried, cpu_fallback: details.cpuFallback,
      inputs, outputs, times: { fetch: fetchTime, ...opened.times }, from_cache: fromCache, memory_bytes: wasmBytes() + bytes.length,
    };
  }

  /** @param {import('./protocol.js').Run} message */
  #run({ id, inputs, outputs }) {
    const session = this.#session;
    if (!session) throw new ProtocolError('run came before the model was loaded');
    const arrival = performance.now();
    let started = false;
    this.#queue.push(id, async () => {
      started = true;
      const queued = rounded(performance.now() - arrival);
      const result = await session.run(inputs, outputs);
      return { type: 'result', id, outputs: result.outputs, times: { queued, ...result.times } };
    }).then(result => {
      this.#socket.send(result);
      this.#runs++;
    }).catch(error => this.#answerFailure(id, error, 'run_failed', started));
  }

  /** @param {number} id @param {unknown} error @param {string} otherwise @param {boolean} [started] of a run: whether it had begun */
  #answerFailure(id, error, otherwise, started) {
    const failure = failureOf(id, error, otherwise);
    this.#socket.send({ ...failure, started });
    if (failure.code !== 'cancelled') tell({ event: 'trouble', message: failure.message });
  }

  /** @param {string} reason @param {string} message */
  #loseDevice(reason, message) {
    this.#queue.fail(new CodedError('device_lost', `the device behind the model is gone (${reason})${message && `: ${message}`}`));
    setTimeout(() => this.#socket.send({ type: 'device_lost', reason, message }));  // after the runs' own errors, which say whether they had begun
  }

  /** The page shows how many runs were made; once a second is enough for that. */
  #countRuns() {
    let told = 0;
    setInterval(() => {
      if (told !== this.#runs) tell({ event: 'runs', count: told = this.#runs });
    }, 1000);
  }

  /** Without its socket a worker serves nobody. @param {string} reason */
  #end(reason) {
    this.#abort.abort();
    this.#queue.fail(new Error(reason));
    tell({ event: 'closed' });
    self.close();
  }
}

self.addEventListener('unhandledrejection', ({ reason }) => tell({ event: 'failed', message: messageOf(reason) }));
self.addEventListener('message', ({ data }) => new ModelWorker(data), { once: true });
tell({ event: 'started' });
