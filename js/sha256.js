// SHA-256 for what crypto.subtle does not do: pages that are not secure, as a phone's that joins by neither https nor localhost, bytes that come in
// pieces, and 2 GiB or more.

const isPrime = (/** @type {number} */ n) => { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return true; };
const primes = Array.from({ length: 312 }, (_, n) => n).filter(n => n > 1 && isPrime(n)).slice(0, 64);
/** The first 32 bits of a number's fraction, as in the standard's constants. */
const fraction = (/** @type {number} */ x) => Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;
const roundConstants = Int32Array.from(primes, prime => fraction(Math.cbrt(prime)));
const initialState = Int32Array.from(primes.slice(0, 8), prime => fraction(Math.sqrt(prime)));

/** The bytes of the last block or two: what is left, a one, zeros, and the length in bits. @param {Uint8Array} rest @param {number} length of all, in bytes */
function tailOf(rest, length) {
  const tail = new Uint8Array(rest.length < 56 ? 64 : 128);
  tail.set(rest);
  tail[rest.length] = 0x80;
  new DataView(tail.buffer).setBigUint64(tail.length - 8, BigInt(length) * 8n);
  return tail;
}

/** Plain numbers and no calls: twice as fast as shorter ways to write it. @param {Int32Array} state @param {Uint8Array} blocks a multiple of 64 bytes */
function absorb(state, blocks) {
  const words = new Int32Array(64);
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  for (let offset = 0; offset < blocks.length; offset += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(offset + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15], y = words[i - 2];
      words[i] = words[i - 16] + words[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10);
    }
    let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (let i = 0; i < 64; i++) {
      const s = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + roundConstants[i] + words[i] | 0;
      const t = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      h = g;
      g = f;
      f = e;
      e = d + s | 0;
      d = c;
      c = b;
      b = a;
      a = s + t | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] += word; });
  }
}

/** Of bytes that come in pieces. */
export class Sha256 {
  #state = initialState.slice();
  #block = new Uint8Array(64);
  #filled = 0;
  #length = 0;

  /** @param {Uint8Array} bytes */
  update(bytes) {
    this.#length += bytes.length;
    if (this.#filled) {
      const first = bytes.subarray(0, 64 - this.#filled);
      this.#block.set(first, this.#filled);
      this.#filled += first.length;
      if (this.#filled < 64) return;
      absorb(this.#state, this.#block);
      bytes = bytes.subarray(first.length);
    }
    this.#filled = bytes.length % 64;
    const whole = bytes.length - this.#filled;
    absorb(this.#state, bytes.subarray(0, whole));
    this.#block.set(bytes.subarray(whole));
  }

  /** Of everything so far; more may follow. @returns {string} hexadecimal */
  hex() {
    const state = this.#state.slice();
    absorb(state, tailOf(this.#block.subarray(0, this.#filled), this.#length));
    return Array.from(state, word => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

/** Chromium and Firefox refuse to hash more at once. */
const mostAtOnce = 2 ** 31 - 1;

/** Whether the browser can hash so many bytes by itself, which is faster than a script. @param {number} bytes */
export const hashedByBrowser = bytes => Boolean(globalThis.crypto?.subtle) && bytes <= mostAtOnce;

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<string>} hexadecimal */
export async function sha256(bytes) {
  if (!hashedByBrowser(bytes.length)) {
    const hash = new Sha256();
    hash.update(bytes);
    return hash.hex();
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}
