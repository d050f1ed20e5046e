import assert from 'node:assert/strict';
import { test } from 'node:test';

import { listeningForPlacements, overhearConsole, placementsIn } from '../backends/placements.js';

const line = (/** @type {string} */ words) => `2026-11-21 21:17:28.595565 [V:onnxruntime:, session_state.cc:1383 VerifyEachNodeIsAssignedToAnEp] ${words}`;
const log = [
  '2026-11-21 [I:onnxruntime:, inference_session.cc:764 TraceSessionOptions] Session Options { placed on [Nothing] }', line('Node placements'),
  line(' Node(s) placed on [CPUExecutionProvider]. Number of nodes: 3'), line('  Det ()'), line('  Det (second)'), line('  Unique (u)'),
  line(' Node(s) placed on [WebGpuExecutionProvider]. Number of nodes: 2'), line('  Relu ()'), line('  MemcpyToHost (Memcpy)'),
];

test('the log tells how many nodes are where, and of which kinds', () => {
  assert.deepEqual(placementsIn(log), [{ provider: 'CPU', nodes: 3, operators: ['Det', 'Unique'] }, { provider: 'WebGpu', nodes: 2, operators: ['Relu', 'MemcpyToHost'] }]);
  assert.deepEqual(placementsIn([line(' All nodes placed on [CPUExecutionProvider]. Number of nodes: 7')]), [{ provider: 'CPU', nodes: 7, operators: [] }]);
  assert.deepEqual(placementsIn([]), []);
});

test('not every one of many operators is told', () => {
  const many = Array.from({ length: 20 }, (_, i) => line(`  Op${i} ()`));
  assert.equal(placementsIn([log[2], ...many])[0].operators.length, 8);
});

test('what is logged while a session is made is heard and not shown, everything else is shown', async () => {
  /** @type {string[]} */
  const shown = [];
  const { error } = console;
  console.error = (...words) => { shown.push(words.join(' ')); };
  try {
    overhearConsole();
    overhearConsole();
    const [result, placements] = await listeningForPlacements(async () => { log.forEach(each => console.error(each)); return 5; });
    assert.equal(result, 5);
    assert.equal(placements.length, 2);
    await assert.rejects(listeningForPlacements(async () => { throw new Error('no'); }), /no/);
    console.error('after', 'that');
    assert.deepEqual(shown, ['after that']);
  } finally {
    console.error = error;
  }
});
