// The tab's main thread: holds the control socket, starts and ends workers, and shows what is going on. It never touches a tensor.

import { probeCapabilities } from './capabilities.js';
import { FrameSocket } from './frame_socket.js';
import { Hints } from './hints.js';
import { carryMessages, deliver } from './messages.js';
import { importModules } from './modules.js';
import { ProtocolError, version } from './protocol.js';
import { serveSpawns } from './spawner.js';
import { TimerDrift } from './timer_drift.js';
import { View } from './view.js';
import { prepareWorker, takeWorker } from './worker_supply.js';

/** Firefox does not report that a module which a worker imports can't be loaded. */
const startTimeout = 20_000;

/** @typedef {[source: string, message: string]} Trouble */

class Tab {
  /** @type {Map<number, () => void>} */ #workers = new Map();  // what ends each
  #drift = new TimerDrift();
  #hints = new Hints();
  #view;
  #socket;
  #welcomed = false;
  #farewell = '';
  /** @type {Trouble[]} */ #early;

  /** @param {View} view @param {Trouble[]} early what failed while there was nobody to tell */
  constructor(view, early) {
    this.#view = view;
    this.#early = early;
    this.#socket = new FrameSocket('/control', message => this.#receive(message));
    this.#socket.closed.then(reason => this.#end(this.#farewell || reason));
  }

  /** Introduces the tab. @param {URLSearchParams} invitation the link's fragment @param {Record<string, unknown>} capabilities */
  async join(invitation, capabilities) {
    await this.#socket.opened;
    const launch = Number.parseInt(invitation.get('launch') ?? '');
    this.#socket.send({ type: 'hello', version, token: invitation.get('token') ?? '', launch: launch >= 0 ? launch : undefined, capabilities });
  }

  /** Tells the pool about something in this page that failed, although the tab goes on. @param {string} source @param {string} message */
  #complain(source, message) {
    this.#view.showTrouble(`${source}: ${message}`);
    this.#socket.send({ type: 'trouble', source, message });
  }

  /** @param {number} connection */
  #begin(connection) {
    this.#welcomed = true;
    this.#view.showConnection('connected', `connection ${connection}`);
    for (const [source, message] of this.#early) this.#complain(source, message);
    carryMessages(frame => this.#socket.sendFrame(frame));
  }

  /** @param {import('./protocol.js').Message} message */
  #receive(message) {
    if (message.type === 'welcome' || message.type === 'refused') {
      if (this.#welcomed) throw new ProtocolError(`${message.type} came after welcome`);
      if (message.type === 'refused') return this.#leave(message.message);
      return this.#begin(message.connection);
    }
    if (message.type === 'close') return this.#leave(message.message);
    if (message.type === 'reload') return location.reload();
    if (!this.#welcomed) throw new ProtocolError(`${message.type} came before welcome`);
    if (message.type === 'ping') return this.#socket.send({ type: 'pong', id: message.id, timer_drift_ms: this.#drift.take(), ...this.#hints.read() });
    if (message.type === 'open_worker') return this.#openWorker(message);
    if (message.type === 'close_worker') return this.#closeWorker(message.worker);
    if (message.type === 'message') return void deliver(message, (source, words) => this.#complain(source, words));
    throw new ProtocolError(`${message.type} is not a message for a page`);
  }

  /** @param {import('./protocol.js').OpenWorker} message */
  #openWorker({ worker: id, key, webnn }) {
    if (this.#workers.has(id)) throw new ProtocolError(`worker ${id} is already open`);
    const { worker, started } = takeWorker(webnn);
    const end = serveSpawns(worker);
    const fail = (/** @type {string} */ message) => {
      if (this.#workers.get(id) !== end) return;  // it has been closed meanwhile, and nobody is interested any more
      this.#socket.send({ type: 'worker_failed', worker: id, message });
      this.#view.showTrouble(message);
      this.#closeWorker(id);
    };
    worker.addEventListener('error', ({ message }) => fail(message || 'the worker\'s script could not be loaded'));
    worker.addEventListener('messageerror', () => fail('a report of the worker could not be read'));
    const late = started ? undefined : setTimeout(() => fail(`the worker did not start in ${startTimeout / 1000} s`), startTimeout);
    worker.addEventListener('message', () => clearTimeout(late), { once: true });
    worker.addEventListener('message', ({ data }) => this.#hear(id, data, fail));
    this.#workers.set(id, end);
    worker.postMessage({ worker: id, key });
  }

  /** @param {number} id @param {import('./worker.js').Report} report @param {(message: string) => void} fail */
  #hear(id, report, fail) {
    if (report.event === 'failed') fail(report.message);
    else if (report.event === 'closed') this.#closeWorker(id);
    else if (report.event === 'trouble') this.#view.showTrouble(report.message);
    else if (report.event === 'runs') this.#view.showRuns(id, report.count);
    else if (report.event === 'loaded') this.#view.showModel(id, report.model, report.device_type ? `${report.backend} (asked for ${report.device_type})` : report.backend);
  }

  /** Ends the worker without asking it, because it may be stuck. @param {number} id */
  #closeWorker(id) {
    this.#workers.get(id)?.();
    this.#workers.delete(id);
    this.#view.forgetModel(id);
  }

  /** @param {string} farewell */
  #leave(farewell) {
    this.#farewell = farewell;
    this.#socket.close();
  }

  /** @param {string} reason */
  #end(reason) {
    for (const id of [...this.#workers.keys()]) this.#closeWorker(id);
    this.#view.showConnection('closed', reason);
  }
}

prepareWorker();
const view = new View(document);
/** @type {Trouble[]} */
const early = [];
const complain = (/** @type {string} */ source, /** @type {string} */ message) => early.push([source, message]);
const [capabilities] = await Promise.all([probeCapabilities(), importModules(complain)]);  // first: a socket that is open must introduce itself at once, or gives way to others
view.showBrowser(capabilities);
const tab = new Tab(view, early);
await tab.join(new URLSearchParams(location.hash.slice(1)), capabilities).catch(() => {});  // the view tells why the socket was closed
