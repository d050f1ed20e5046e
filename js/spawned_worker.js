// Replaces Worker inside a worker. On a busy machine, Firefox can block for ever in the constructor of a Worker inside a worker: parent and child
// then wait on one condition variable, and the wake-up for the parent goes to the child. So the page starts the other worker.

/** @typedef {{ event: 'spawn', child: number, script: string, name: string, port: MessagePort } | { event: 'end_spawned', child: number }} SpawnRequest   to the page */

const askPage = /** @type {(request: SpawnRequest, transfer?: Transferable[]) => void} */ (globalThis.postMessage);  // a spawned worker's own leads to its parent
let children = 0;

/** The parts of Worker that ONNX Runtime and this page need: its script is a module, and `onerror` gets an Error for whatever it did not catch. */
export class SpawnedWorker {
  #child = children++;
  #port;
  /** @type {((event: MessageEvent) => void) | null} */ onmessage = null;
  /** @type {((error: Error) => void) | null} */ onerror = null;

  /** @param {URL} script @param {{ name: string }} options */
  constructor(script, { name }) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = event => event.data?.spawnError ? this.onerror?.(new Error(event.data.spawnError)) : this.onmessage?.(event);
    askPage({ event: 'spawn', child: this.#child, script: script.href, name, port: port2 }, [port2]);
  }

  /** @param {unknown} message @param {Transferable[]} [transfer] */
  postMessage(message, transfer = []) { this.#port.postMessage(message, transfer); }

  /** Ends it and the workers that it started. */
  terminate() {
    this.#port.close();
    askPage({ event: 'end_spawned', child: this.#child });
  }
}
