// A WebSocket to the pool that served this page. It carries messages instead of bytes.

import { FrameReader, FrameWriter } from './prepared_frames.js';
import { ProtocolError } from './protocol.js';

/** The close code that a page may send instead of 1008, which browsers reserve for themselves. */
const policyViolation = 4008;

/** A close reason holds 123 bytes. @param {string} text */
const cut = text => new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, 120));

export class FrameSocket {
  #socket;
  #reader = new FrameReader();
  #writer = new FrameWriter();

  /**
   * @param {string} path
   * @param {(message: import('./protocol.js').Message) => void} receive may throw ProtocolError for a message out of turn, which closes the socket
   */
  constructor(path, receive) {
    const url = new URL(path, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    url.hash = '';
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = ({ data }) => this.#receive(data, receive);

    /** Settles once: when the socket is open, or can no longer open. @type {Promise<void>} */
    this.opened = new Promise((resolve, reject) => {
      this.#socket.onopen = () => resolve();
      this.#socket.addEventListener('close', () => reject(new Error('the pool did not accept the socket')));
    });
    /** Why it was closed, in a sentence. @type {Promise<string>} */
    this.closed = new Promise(resolve => {
      this.#socket.addEventListener('close', ({ code, reason }) => resolve(reason || `the connection to the pool ended (${code})`));
    });
    this.opened.catch(() => {});  // whoever waits for `closed` alone has heard of it
  }

  /** Does nothing if the socket is closed, because the pool has given up on the answer. @param {import('./protocol.js').Message} message */
  send(message) {
    this.sendFrame(this.#writer.write(message));
  }

  /** The same with a message that is already a frame. @param {Uint8Array<ArrayBuffer>} frame */
  sendFrame(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  /** @param {string} [violation] the rule of the wire that the pool broke */
  close(violation) {
    if (violation === undefined) this.#socket.close(1000);
    else this.#socket.close(policyViolation, cut(violation));
  }

  /** @param {unknown} data @param {(message: import('./protocol.js').Message) => void} receive */
  #receive(data, receive) {
    try {
      if (!(data instanceof ArrayBuffer)) throw new ProtocolError('messages are binary');
      receive(this.#reader.read(data));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.message);
    }
  }
}
