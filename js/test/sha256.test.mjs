import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { hashedByBrowser, sha256, Sha256 } from '../sha256.js';

const bytesOf = (/** @type {number} */ length) => Uint8Array.from({ length }, (_, i) => i * 7 + length);
const expected = (/** @type {Uint8Array} */ bytes) => createHash('sha256').update(bytes).digest('hex');
const inScript = (/** @type {Uint8Array[]} */ ...pieces) => {
  const hash = new Sha256();
  for (const piece of pieces) hash.update(piece);
  return hash.hex();
};

test('SHA-256 in script agrees with NIST\'s vectors', () => {
  const text = (/** @type {string} */ words) => inScript(new TextEncoder().encode(words));
  assert.equal(text(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(text('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  assert.equal(text('a'.repeat(1_000_000)), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
});

test('the browser\'s SHA-256 and that in script are one', async () => {
  for (const length of [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000, 70000]) {
    const bytes = bytesOf(length);
    assert.equal(inScript(bytes), expected(bytes));
    assert.equal(await sha256(bytes), expected(bytes));
  }
});

test('SHA-256 of pieces is that of the whole, and more may follow', () => {
  const whole = bytesOf(300);
  for (let first = 0; first <= 130; first++) {
    for (const second of [0, 1, 63, 64, 65, 128]) {
      const pieces = [whole.subarray(0, first), whole.subarray(first, first + second), whole.subarray(first + second)];
      assert.equal(inScript(...pieces), expected(whole));
    }
  }
  const hash = new Sha256();
  hash.update(whole);
  assert.equal(hash.hex(), expected(whole));
  hash.update(whole);
  assert.equal(hash.hex(), expected(Uint8Array.from([...whole, ...whole])));
});

test('a page that is not secure hashes in script, and every page what is too long for the browser', async t => {
  assert.ok(hashedByBrowser(2 ** 31 - 1));
  assert.ok(!hashedByBrowser(2 ** 31));
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
  t.after(() => Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true }));
  assert.ok(!hashedByBrowser(1));
  assert.equal(await sha256(bytesOf(100)), expected(bytesOf(100)));
});
