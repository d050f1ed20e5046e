// One loaded model, or several that share a device: a data socket to the pool, a session of each, one run at a time.
// The page starts this worker with { worker, key } and is told by it what to show; tensors never pass through the page.

import { CodedError, failureOf, messageOf } from './errors.js';
import { FrameSocket } from './frame_socket.js';
import { Generations } from './generation.js';
import { HeldModels } from './held_models.js';
import { loadModels } from './load.js';
import { ProtocolError, version } from './protocol.js';
import { areOnHost, onHost, Residents } from './residents.js';
import { RunQueue } from './run_queue.js';
import { since, timed } from './timing.js';

/** The result of a run. @typedef {Pick<import('./protocol.js').Result, 'outputs' | 'kept'> & Pick<import('./backends/registry.js').RunResult, 'times'>} Answer */
/**
 * What the page is told.
 * @typedef {{ event: 'started' } | { event: 'loaded', model: string, backend: string, device_type: string | null } | { event: 'runs', count: number }
 *   | { event: 'trouble', message: string } | { event: 'failed', message: string } | { event: 'closed' }} Report
 */

const tell = (/** @type {Report} */ report) => self.postMessage(report);

class ModelWorker {
  /** @type {RunQueue<Answer>} */ #queue = new RunQueue();
  /** @type {HeldModels | undefined} */ #models;
  #residents = new Residents();
  #generations = new Generations(this.#queue);
  #abort = new AbortController();
  #loadSeen = false;
  #lost = false;
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
    else if (message.type === 'generate') this.#generate(message);
    else if (message.type === 'fetch') this.#fetch(message);
    else if (message.type === 'release') this.#release(message.tensors);
    else if (message.type === 'cancel') this.#generations.cancel(message.id);
    else throw new ProtocolError(`${message.type} is not a message for a worker`);
  }

  /** @param {import('./protocol.js').Load} load */
  #load(load) {
    if (this.#loadSeen) throw new ProtocolError('a worker loads one model, once');
    this.#loadSeen = true;
    const deviceLost = (/** @type {string} */ reason, /** @type {string} */ message) => this.#loseDevice(reason, message);
    const worker = { progress: (/** @type {Omit<import('./protocol.js').Progress, 'type' | 'id'>} */ news) => this.#socket.send({ type: 'progress', id: load.id, ...news }), deviceLost, signal: this.#abort.signal };
    const announce = (/** @type {Awaited<ReturnType<typeof loadModels>>} */ { loaded }) => {
      this.#socket.send(loaded);
      tell({ event: 'loaded', model: load.model.name, backend: loaded.backend, device_type: loaded.device_type });
    };
    loadModels(load, worker).then(opened => {
      this.#models = new HeldModels(load, { ...worker, progress: () => {} }, opened, announce);
      announce(opened);
    }).catch(error => this.#answerFailure(load.id, error, 'no_backend'));
  }

  /** @param {import('./protocol.js').Run} message */
  #run({ id, part = 0, inputs, resident = [], outputs, keep = [] }) {
    const models = this.#models, session = models?.session(part);
    if (!models || !session) throw new ProtocolError(`run came before a model ${part} was loaded`);
    this.#answer(id, async () => {
      const there = this.#residents.inputs(resident);
      const feeds = there.length ? [...inputs, ...session.takesBuffers ? there : await Promise.all(there.map(onHost))] : inputs;
      const result = await models.run(part, feeds, outputs, keep.map(({ name }) => name), () => this.#lost || !this.#residents.empty);
      if (!keep.length && areOnHost(result.outputs)) return { outputs: result.outputs, times: result.times };
      return { ...await this.#residents.keep(result.outputs, keep), times: result.times };
    });
  }

  /** @param {number[]} ids of tensors and texts */
  #release(ids) {
    this.#residents.release(ids);
    this.#generations.release(ids);
  }

  /** @param {import('./protocol.js').Fetch} message */
  #fetch({ id, tensor }) {
    this.#answer(id, async () => {
      const [copy, download] = await timed(() => this.#residents.fetch(tensor));
      return { outputs: [copy], times: { upload: 0, compute: 0, download } };
    });
  }

  /** Does the work of this id when its turn comes, and sends the result or the error. @param {number} id @param {() => Promise<Answer>} work */
  #answer(id, work) {
    const arrival = performance.now();
    let started = false, queued = 0;
    this.#queue.add({
      id,
      job: () => {
        started = true;
        queued = since(arrival);
        return work();
      },
      done: result => {
        this.#socket.send({ type: 'result', id, ...result, times: { queued, ...result.times } });
        this.#runs++;
      },
      failed: error => this.#answerFailure(id, error, 'run_failed', started),
    });
  }

  /** @param {import('./protocol.js').Generate} message */
  #generate(message) {
    const session = this.#models?.session(message.part ?? 0);
    if (!session) throw new ProtocolError('generate came before the model was loaded');
    this.#generations.start(session, message, news => this.#socket.send(news)).then(result => {
      this.#socket.send(result);
      this.#runs++;
    }).catch(error => this.#answerFailure(message.id, error, 'run_failed'));
  }

  /** @param {number} id @param {unknown} error @param {string} otherwise @param {boolean} [started] of a run: whether it had begun */
  #answerFailure(id, error, otherwise, started) {
    const failure = failureOf(id, error, otherwise);
    this.#socket.send({ ...failure, started });
    if (failure.code !== 'cancelled') tell({ event: 'trouble', message: failure.message });
  }

  /** @param {string} reason @param {string} message */
  #loseDevice(reason, message) {
    if (this.#lost) return;  // each session tells
    this.#lost = true;
    this.#queue.fail(new CodedError('device_lost', `the device behind the model is gone (${reason})${message && `: ${message}`}`));
    setTimeout(() => this.#socket.send({ type: 'device_lost', reason, message }));  // after the runs' own errors, which say whether they had begun
  }

  /** The page shows how many runs there were; an update once a second is enough. */
  #countRuns() {
    let told = 0;
    setInterval(() => {
      if (told !== this.#runs) tell({ event: 'runs', count: told = this.#runs });
    }, 1000);
  }

  /** A worker without its socket serves nobody. @param {string} reason */
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
