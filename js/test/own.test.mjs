import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openSessions } from '../backends/registry.js';

const script = (/** @type {string} */ text) => `data:text/javascript,${encodeURIComponent(text)}`;
const session = '{ inputs: [{ name: "x", datatype: "UINT8", shape: [-1] }], outputs: [], run: async feeds => ({ outputs: feeds }) }';
const options = { freeDimensions: {}, deviceLost: () => {} };

/** @param {...string} modules */
const open = (...modules) => openSessions([{ name: 'm', bytes: new Uint8Array([7]) }], modules.map((text, i) => ({ name: `own${i}`, module: script(text) })), options, () => {});

test('a module that can be used here holds the model, and what its session leaves out is filled in', async () => {
  const { sessions: [opened], backend, tried } = await open(`export const detect = () => null; export const create = async (model, { choice }) => { if (model[0] !== 7 || choice.name !== 'own0') throw 1; return ${session}; };`);
  assert.equal(backend, 'own0');
  assert.deepEqual(tried, []);
  assert.deepEqual(opened.details, { deviceType: null, cpuFallback: false });
  const feed = { name: 'x', datatype: 'UINT8', shape: [2], data: new Uint8Array(2) };
  const { outputs, times } = await opened.run([feed], []);
  assert.deepEqual(outputs, [feed]);
  assert.deepEqual([times.upload, times.download], [0, 0]);
  assert.ok(times.compute >= 0);
  await assert.rejects(opened.run([{ ...feed, name: 'y' }], []), { code: 'bad_input' });
  await opened.dispose();
});

test('why a module is passed over is told', async () => {
  const create = 'export const create = async () => { throw new Error("asked all the same"); };';
  const { tried } = await open(
    `export const detect = async () => 'no board'; ${create}`, `export const detect = () => { throw new Error('it burns'); }; ${create}`, 'throw new Error("at import");', 'export const detect = () => null;',
    'export const detect = () => null; export const create = async () => ({});', `export const detect = () => null; export const create = async () => (${session});`);
  const words = tried.map(({ message }) => message);
  assert.equal(words[0], 'no board');
  assert.equal(words[1], 'it burns');
  assert.match(words[2], /could not be imported: at import$/);
  assert.match(words[3], /exports no function create$/);
  assert.equal(words[4], 'create returned no session: a session has inputs, outputs and run');
  assert.equal(words.length, 5);
});
