// The pool's side of the wire, small: serves the page, speaks to one tab and its workers. What the C++ library does, for the page's own tests.

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

import { decodeFrame, encodeFrame } from '../protocol.js';

/** @typedef {import('../protocol.js').Message} Message */

const home = fileURLToPath(new URL('..', import.meta.url));
const ortFolder = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web')));
const mimeTypes = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

export const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
};

/** ONNX Runtime's WebNN glue makes functions from text, so workers for WebNN, and only they, may do that: a worker has the policy of its own script's answer. */
const webnnHeaders = { ...headers, 'Content-Security-Policy': headers['Content-Security-Policy'].replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-eval'") };

/** One WebSocket, message by message. */
export class Peer {
  /** @type {Message[]} */ #inbox = [];
  /** @type {{ matches: (m: Message) => boolean, resolve: (m: any) => void, reject: (e: Error) => void }[]} */ #waiting = [];

  /** @param {import('ws').WebSocket} socket */
  constructor(socket) {
    this.socket = socket;
    /** @type {Promise<{ code: number, reason: string }>} */
    this.closed = new Promise(resolve => socket.on('close', (code, reason) => {
      this.#waiting.splice(0).forEach(({ reject }) => reject(new Error(`the socket was closed: ${code} ${reason}`)));
      resolve({ code, reason: String(reason) });
    }));
    socket.on('message', data => {
      const message = decodeFrame(new Uint8Array(/** @type {Buffer} */ (data)));
      const i = this.#waiting.findIndex(({ matches }) => matches(message));
      if (i < 0) this.#inbox.push(message);
      else this.#waiting.splice(i, 1)[0].resolve(message);
    });
  }

  /** @param {Message} message */
  send(message) {
    this.socket.send(encodeFrame(message));
  }

  /** The first message, received or to come, that matches. @param {(m: any) => boolean} matches @returns {Promise<any>} */
  receive(matches, milliseconds = 60000) {
    const i = this.#inbox.findIndex(matches);
    if (i >= 0) return Promise.resolve(this.#inbox.splice(i, 1)[0]);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms`)), milliseconds);
      this.#waiting.push({ matches, resolve: message => { clearTimeout(timer); resolve(message); }, reject: error => { clearTimeout(timer); reject(error); } });
    });
  }

  /** Sends a message with an id and returns what ends it. @param {Message & { id: number }} message @returns {Promise<any>} */
  ask(message) {
    this.send(message);
    return this.receive(reply => reply.id === message.id && reply.type !== 'progress');
  }

  /** All messages of this type that nobody waited for. @param {string} type @returns {any[]} */
  heard(type) {
    return this.#inbox.filter(message => message.type === type);
  }
}

/** Serves one tab. */
export class TestPool {
  token = randomBytes(16).toString('hex');
  #nextId = 1;
  /** @type {Map<string, Uint8Array>} */ #models = new Map();
  /** Paths that were asked for. @type {string[]} */ requests = [];
  /** Paths to answer with 404. @type {Set<string>} */ missing = new Set();
  /** @type {Map<string, (peer: Peer) => void>} */ #awaited = new Map();

  id = () => this.#nextId++;

  /** @param {Uint8Array} bytes @param {string} name @returns the `model` of a load message */
  addModel(bytes, name) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.#models.set(`/models/${sha256}`, bytes);
    return { name, sha256, bytes: bytes.length, url: `/models/${sha256}` };
  }

  async listen() {
    this.server = createServer((request, response) => this.#answer(request, response));
    const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 30, perMessageDeflate: false });
    /** @type {Promise<Peer>} */
    this.control = new Promise(resolve => this.#awaited.set('/control', resolve));
    this.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, ws => this.#welcome(String(request.url), ws)));
    await new Promise(resolve => this.server?.listen(0, '127.0.0.1', () => resolve(undefined)));
    this.origin = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.server.address()).port}`;
    this.link = `${this.origin}/#token=${this.token}&launch=3`;
  }

  /** Waits for the tab's hello and answers it. @param {import('../protocol.js').ToPage} [answer] */
  async join(answer = { type: 'welcome', version: 1, connection: 1, heartbeat_ms: 1000 }) {
    this.tab = await /** @type {Promise<Peer>} */ (this.control);
    this.hello = await this.tab.receive(message => message.type === 'hello');
    this.tab.send(answer);
  }

  /** Opens a worker and waits for its data socket. @param {boolean} [webnn] whether it may try WebNN */
  async openWorker(webnn = false) {
    const worker = this.id();
    const key = randomBytes(8).toString('hex');
    /** @type {Promise<Peer>} */
    const attached = new Promise(resolve => this.#awaited.set(key, resolve));
    this.tab?.send({ type: 'open_worker', worker, key, webnn });
    return { worker, peer: await attached };
  }

  close() {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  /** @param {string} path @param {import('ws').WebSocket} socket */
  async #welcome(path, socket) {
    const peer = new Peer(socket);
    if (path === '/control') return this.#awaited.get(path)?.(peer);
    const { key } = await peer.receive(message => message.type === 'attach');
    return this.#awaited.get(key)?.(peer);
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  #answer(request, response) {
    const path = normalize(String(request.url).split('?')[0]);
    this.requests.push(path);
    const model = this.#models.get(path);
    if (model) return response.writeHead(200, { ...headers, 'Content-Type': 'application/octet-stream', 'Cache-Control': 'public, max-age=31536000, immutable', 'Content-Length': model.length }).end(model);
    const file = path === '/' ? join(home, 'index.html') : path.startsWith('/js/') ? join(home, path.slice(4)) : path.startsWith('/ort/') ? join(ortFolder, path.slice(5)) : '';
    if (!file || !existsSync(file) || this.missing.has(path)) return response.writeHead(404, headers).end();
    response.writeHead(200, { ...(path === '/js/webnn_worker.js' ? webnnHeaders : headers), 'Content-Type': mimeTypes[/** @type {keyof typeof mimeTypes} */ (extname(file))] ?? 'application/octet-stream', 'Content-Length': statSync(file).size });
    return createReadStream(file).pipe(response);
  }
}
