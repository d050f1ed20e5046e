// What a page says to a program, for the tests.

import { on, send } from '/js/messages.js';

send('hello', { agent: navigator.userAgent, text: 'grüß "Gott" 🙂' });  // before the tab has joined

on('double', (body, tensors) => send('doubled', { ...body, names: tensors.map(({ name }) => name) },
  tensors.map(tensor => ({ ...tensor, data: /** @type {any} */ (tensor.data).map((/** @type {number} */ value) => value * 2) }))));
on('fail', async () => { throw new Error('out of milk'); });
on('wrong', () => {
  const wrongs = [() => send('', 1), () => send('n', 1n), () => send('n', () => {}), () => send('n'.repeat(1025), 1), () => send('n', 'x'.repeat(600_000)), () => send('n', { a: '\ud800' }),
    () => send('n', 1, [{ name: 'x', datatype: 'FP32', shape: [3], data: new Float32Array(2) }])];
  send('refused', wrongs.map(wrong => {
    try {
      wrong();
      return 'sent';
    } catch (error) {
      return String(error);
    }
  }));
});
