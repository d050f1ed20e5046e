// Workers for models. The first one starts while the page still finds out what the browser can do, which takes as long as a worker's start.

/** @typedef {{ worker: Worker, started: boolean }} Starting */

/** @param {string} script @returns {Starting} */
function start(script) {
  const starting = { worker: new Worker(new URL(script, import.meta.url), { type: 'module' }), started: false };
  starting.worker.addEventListener('message', () => { starting.started = true; }, { once: true });
  return starting;
}

/** @type {Starting | undefined} */
let first;

/** Call it once, before anything that takes time. */
export function prepareWorker() {
  const starting = first = start('./worker.js');
  starting.worker.addEventListener('error', () => { if (first === starting) first = undefined; });  // the next caller starts another one, and learns why that fails
}

/** A worker that waits for its invitation, and whether it has already said that it has started. @param {boolean} webnn @returns {Starting} */
export function takeWorker(webnn) {
  if (webnn) return start('./webnn_worker.js');
  const taken = first ?? start('./worker.js');
  first = undefined;
  return taken;
}
