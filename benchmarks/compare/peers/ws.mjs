// node ws.mjs PROGRAM BROWSER: a Node.js server with the package ws, and the page of the bare echo. PROGRAM launches the browser.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

import { roundTrips, serve } from './lines.mjs';

const [program, browser] = process.argv.slice(2);
const pages = new URL('../page/', import.meta.url);

const server = createServer(async (request, response) => {
  const name = request.url === '/' ? 'index.html' : request.url.slice(1);
  response.setHeader('Content-Type', name.endsWith('.js') ? 'text/javascript' : 'text/html');
  response.end(await readFile(new URL(name, pages)));
});
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const sockets = new WebSocketServer({ server, maxPayload: 1 << 30 });
const connected = new Promise(resolve => sockets.on('connection', resolve));

const { port } = server.address();
const launcher = spawn(program, ['browse', browser, `http://127.0.0.1:${port}/#echo_worker.js`], { stdio: ['pipe', 'ignore', 'inherit'] });
const socket = await connected;

/** Answers come in order. @type {((data: Buffer) => void)[]} */
const waiting = [];
socket.on('message', data => waiting.shift()(data));
/** @param {string | Float32Array} message @returns {Promise<Buffer>} */
const exchange = message => new Promise(resolve => { waiting.push(resolve); socket.send(message); });

const ways = {
  json: async tensor => Float32Array.from(JSON.parse(await exchange(JSON.stringify(Array.from(tensor))))),
  async binary(tensor) {
    const back = new Uint8Array(await exchange(tensor));  // a copy, as the buffer begins at any byte
    return new Float32Array(back.buffer);
  },
};
const { version } = JSON.parse(await readFile(new URL('../node_modules/ws/package.json', import.meta.url), 'utf8'));
await serve({ ws: version }, task => roundTrips(task, ways[task.as]), async () => {
  launcher.stdin.end();
  await new Promise(resolve => launcher.on('exit', resolve));
  socket.terminate();
  server.close();
});
