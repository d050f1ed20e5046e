// The script of a worker that the page started on behalf of another one. The module that it imports exchanges messages with that other one.

import './spawned_worker.js';  // before the page's postMessage is replaced
import { messageOf } from './errors.js';

self.addEventListener('message', async ({ data: { script, port } }) => {
  const fail = (/** @type {string} */ message) => port.postMessage({ spawnError: message });
  self.addEventListener('error', ({ message }) => fail(message));
  self.addEventListener('unhandledrejection', ({ reason }) => fail(messageOf(reason)));
  self.postMessage = (/** @type {unknown} */ message) => port.postMessage(message);
  try {
    await import(script);
    port.onmessage = (/** @type {MessageEvent} */ { data }) => self.dispatchEvent(new MessageEvent('message', { data }));
  } catch (error) {
    fail(`${script} could not be loaded: ${messageOf(error)}`);
  }
}, { once: true });
