import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

/** @type {any[]} */
const asked = [];
Object.assign(globalThis, { postMessage: (/** @type {unknown} */ request) => asked.push(request) });
const { SpawnedWorker } = await import('../spawned_worker.js');
Reflect.deleteProperty(globalThis, 'postMessage');

/** @type {InstanceType<typeof SpawnedWorker>[]} */
const workers = [];
afterEach(() => workers.splice(0).forEach(each => each.terminate()));

/** A worker, and the port that the page would hand to it. */
function spawned() {
  const worker = new SpawnedWorker(new URL('http://pool/thread.js'), { name: 'thread' });
  workers.push(worker);
  return { worker, request: asked[asked.length - 1] };
}

test('the page is asked to start it, and to end it', () => {
  const { worker, request } = spawned();
  assert.deepEqual([request.event, request.script, request.name], ['spawn', 'http://pool/thread.js', 'thread']);
  worker.terminate();
  assert.deepEqual(asked[asked.length - 1], { event: 'end_spawned', child: request.child });
});

test('each has a number of its own', () => assert.notEqual(spawned().request.child, spawned().request.child));

test('messages go both ways', async () => {
  const { worker, request: { port } } = spawned();
  const heard = (/** @type {{ onmessage: any }} */ end) => new Promise(resolve => { end.onmessage = (/** @type {MessageEvent} */ { data }) => resolve(data); });
  const [question, answer] = [heard(port), heard(worker)];
  worker.postMessage('question');
  assert.equal(await question, 'question');
  port.postMessage('answer');
  assert.equal(await answer, 'answer');
});

test('what nobody in it caught is no message, but an error', async () => {
  const { worker, request: { port } } = spawned();
  worker.onmessage = () => assert.fail('it is no message');
  const failed = new Promise(resolve => { worker.onerror = resolve; });
  port.postMessage({ spawnError: 'out of memory' });
  assert.match(String(await failed), /^Error: out of memory$/);
});
