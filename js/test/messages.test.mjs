import assert from 'node:assert/strict';
import { test } from 'node:test';

import { carryMessages, deliver, on, send } from '../messages.js';
import { decodeFrame } from '../protocol.js';

/** What has been sent. @type {any[]} */
const sent = [];
const carry = (/** @type {Uint8Array} */ frame) => sent.push(decodeFrame(frame));
/** @param {string} name @param {unknown} body @param {any[]} [tensors] @returns {import('../protocol.js').Custom} */
const message = (name, body, tensors = []) => ({ type: 'message', name, body, tensors });
const nobody = () => assert.fail('there is nothing to complain of');

test('what is sent before the tab has joined follows in order, as it was then', () => {
  const data = new Float32Array([1, 2]);
  const body = { list: [1] };
  send('early', body, [{ name: 'x', datatype: 'FP32', shape: [2], data }]);
  send('bare');
  data.fill(9);
  body.list.push(2);
  assert.equal(sent.length, 0);
  carryMessages(carry);
  assert.deepEqual(sent.map(({ name, body }) => [name, body]), [['early', { list: [1] }], ['bare', null]]);
  assert.deepEqual(new Float32Array(sent[0].tensors[0].data.slice().buffer), new Float32Array([1, 2]));
  send('later', 'text');
  assert.equal(sent.length, 3);
  assert.equal(sent[2].body, 'text');
});

test('what the pool would not take is thrown at its sender, and nothing is sent', () => {
  const before = sent.length;
  const tensor = (/** @type {object} */ own) => [{ name: 'x', datatype: 'UINT8', shape: [1], data: new Uint8Array(1), ...own }];
  /** @type {any} */
  const circle = {};
  circle.circle = circle;
  /** @type {any} */
  let deep = 1;
  for (let i = 0; i < 600; i++) deep = [deep];
  /** @type {[unknown, unknown, any[]][]} */
  const wrongs = [
    ['', 1, []], [5, 1, []], ['é'.repeat(600), 1, []], ['n', () => {}, []], ['n', 1n, []], ['n', circle, []], ['n', deep, []],
    ['n', 'x'.repeat(600_000), []], ['n', '\ud800', []], ['n', { '\udc00': 1 }, []], ['n', ['\\\ud800'], []],
    ['n', 1, tensor({ shape: [2] })], ['n', 1, tensor({ datatype: 'BF16' })], ['n', 1, tensor({ shape: Array(9).fill(1) })], ['n', 1, tensor({ name: 'x'.repeat(1025) })],
    ['n', 1, [...tensor({}), ...tensor({})]], ['n', 1, Array.from({ length: 1025 }, (_, i) => tensor({ name: `${i}` })[0])],
  ];
  for (const [name, body, tensors] of wrongs) assert.throws(() => send(/** @type {string} */ (name), body, tensors), Error, String(name));
  assert.equal(sent.length, before);
  for (const body of ['\\ud800', '🙂', 'a\\\\ud800', { 'back\\slash': '\n' }]) send('n', body);
  assert.deepEqual(sent.slice(before).map(({ body }) => body), ['\\ud800', '🙂', 'a\\\\ud800', { 'back\\slash': '\n' }]);
});

test('a message goes to the handler of its name, tensors as typed arrays', async () => {
  /** @type {any[]} */
  const heard = [];
  on('a', (body, tensors) => { heard.push(body, ...tensors.map(({ data }) => data)); });
  await deliver(message('a', { n: 1 }, [{ name: 'x', datatype: 'INT16', shape: [2], data: new Uint8Array([1, 0, 255, 255]) }]), nobody);
  assert.deepEqual(heard.splice(0), [{ n: 1 }, new Int16Array([1, -1])]);
  on('a', () => { heard.push('replaced'); });
  await deliver(message('a', 2), nobody);
  assert.deepEqual(heard, ['replaced']);
});

test('a message without a handler, and one whose handler fails, are complained of', async () => {
  /** @type {[string, string][]} */
  const complaints = [];
  const complain = (/** @type {string} */ source, /** @type {string} */ words) => { complaints.push([source, words]); };
  on('throws', () => { throw new Error('now'); });
  on('rejects', async () => { throw new Error('later'); });
  on('gone', () => {});
  on('gone', null);
  for (const name of ['throws', 'rejects', 'gone', 'x'.repeat(1024)]) await deliver(message(name, null), complain);
  assert.deepEqual(complaints.slice(0, 3), [['message throws', 'now'], ['message rejects', 'later'], ['message gone', 'no module of this page handles it']]);
  assert.ok(complaints[3][0].length <= 200);
});
