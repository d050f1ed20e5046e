// SHA-256 for pages without crypto.subtle: browsers offer it only to https and localhost, and a phone may join by neither.

const isPrime = (/** @type {number} */ n) => { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return true; };
const primes = Array.from({ length: 312 }, (_, n) => n).filter(n => n > 1 && isPrime(n)).slice(0, 64);
/** The first 32 bits of a number's fraction, as in the standard's constants. */
const fraction = (/** @type {number} */ x) => Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;
const roundConstants = Int32Array.from(primes, prime => fraction(Math.cbrt(prime)));
const initialState = Int32Array.from(primes.slice(0, 8), prime => fraction(Math.sqrt(prime)));

/** The bytes of the last block or two: what is left, a one, zeros, and the length in bits. @param {Uint8Array} bytes */
function tailOf(bytes) {
  const rest = bytes.subarray(bytes.length - bytes.length % 64);
  const tail = new Uint8Array(rest.length < 56 ? 64 : 128);
  tail.set(rest);
  tail[rest.length] = 0x80;
  new DataView(tail.buffer).setBigUint64(tail.length - 8, BigInt(bytes.length) * 8n);
  return tail;
}

/** @param {Int32Array} state @param {Uint8Array} blocks a multiple of 64 bytes */
function absorb(state, blocks) {
  const words = new Int32Array(64);
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  const rotate = (/** @type {number} */ x, /** @type {number} */ by) => x >>> by | x << (32 - by);
  for (let offset = 0; offset < blocks.length; offset += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(offset + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15], y = words[i - 2];
      words[i] = words[i - 16] + (rotate(x, 7) ^ rotate(x, 18) ^ x >>> 3) + words[i - 7] + (rotate(y, 17) ^ rotate(y, 19) ^ y >>> 10);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const s = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (e & f ^ ~e & g) + roundConstants[i] + words[i] | 0;
      const t = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, d + s | 0, c, b, a, s + t | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] += word; });
  }
}

/** @param {Uint8Array} bytes @returns {string} hexadecimal */
export function sha256InScript(bytes) {
  const state = initialState.slice();
  absorb(state, bytes.subarray(0, bytes.length - bytes.length % 64));
  absorb(state, tailOf(bytes));
  return Array.from(state, word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<string>} hexadecimal */
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return sha256InScript(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}
