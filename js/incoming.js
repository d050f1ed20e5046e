// A file's bytes as they come in, in one array, and their SHA-256.

import { messageOf } from './errors.js';
import { hashedByBrowser, sha256, Sha256 } from './sha256.js';

const progressInterval = 100;

/** An error that another attempt would not change. */
export class Refusal extends Error {}

/** Room for the bytes; a Refusal if the browser has none. @param {number} total */
function arrayOf(total) {
  try {
    return new Uint8Array(total);
  } catch (error) {
    throw new Refusal(`this tab has no room for ${total} bytes in one array: ${messageOf(error)}`);
  }
}

export class Incoming {
  done = 0;
  #hash;
  #next = 0;

  /** Throws Refusal. @param {number} total */
  constructor(total) {
    this.bytes = arrayOf(total);
    this.#hash = hashedByBrowser(total) ? undefined : new Sha256();
  }

  /** The next bytes will be the first ones again. */
  restart() {
    this.done = 0;
    if (this.#hash) this.#hash = new Sha256();
  }

  /** Takes what the stream has. Throws Refusal if that is too much. @param {ReadableStream<Uint8Array>} stream @param {(done: number) => void} progress called now and then */
  async take(stream, progress) {
    const reader = stream.getReader();
    for (let part = await reader.read(); part.value; part = await reader.read()) {
      if (this.done + part.value.length > this.bytes.length) throw new Refusal(`there are more than the ${this.bytes.length} bytes announced`);
      this.bytes.set(part.value, this.done);
      this.#hash?.update(part.value);
      this.done += part.value.length;
      if (this.done < this.bytes.length && performance.now() >= this.#next) {
        progress(this.done);
        this.#next = performance.now() + progressInterval;
      }
    }
  }

  /** Of all bytes, which must have come. @returns {Promise<string>} hexadecimal */
  async sha256() {
    return this.#hash ? this.#hash.hex() : sha256(this.bytes);
  }
}
