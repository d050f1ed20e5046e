// Models for contenders in Node.js: where they are, and the inputs that the pool's contender gives them too.

import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

import { tensorOf } from './lines.mjs';

/** The first input, with 1 for free extents. @param {{ name: string, type: string, shape: (number | string)[] }[]} metadata */
export function inputFor([{ name, type, shape }]) {
  const dims = shape.map(extent => typeof extent === 'number' && extent > 0 && extent < 2 ** 31 ? extent : 1);
  const size = dims.reduce((product, extent) => product * extent, 1);
  return { name, type, dims, data: type === 'float32' ? tensorOf(4 * size) : BigInt64Array.from({ length: size }, (_, i) => BigInt(i % 50 + 1)) };
}

/** Serves the models and ONNX Runtime Web on loopback, isolated as its threads and good clocks want. @param {string} models @returns {Promise<{ origin: string, close: () => void }>} */
export async function serveModels(models) {
  const folders = { ort: new URL('../../../js/node_modules/onnxruntime-web/dist', import.meta.url).pathname, models };
  const types = { mjs: 'text/javascript', wasm: 'application/wasm' };
  const server = createServer((request, response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    const [, folder, ...rest] = normalize(request.url).split('/');
    const file = folder in folders ? join(folders[folder], ...rest) : '';
    if (!existsSync(file)) return response.setHeader('Content-Type', 'text/html').end('<!doctype html><link rel="icon" href="data:,">');
    response.setHeader('Content-Type', types[file.split('.').at(-1)] ?? 'application/octet-stream');
    return createReadStream(file).pipe(response);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}/`, close: () => { server.closeAllConnections(); server.close(); } };
}

/**
 * In a page of that origin: makes `window.sessionOf(model, backend)`, a promise of a session, the way the pool makes it. Self-contained, as it is sent there.
 */
export function prepare() {
  const builds = { wasm: ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'], webgpu: ['ort.jspi.bundle.min.mjs', 'ort-wasm-simd-threaded.jspi.wasm'] };
  const sessions = {};
  window.sessionOf = (model, backend) => sessions[`${model} ${backend}`] ??= (async () => {
    const [script, wasm] = builds[backend];
    const ort = await import(`/ort/${script}`);
    ort.env.wasm.wasmPaths = { wasm: new URL(`/ort/${wasm}`, location.href) };
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(`/models/${model}`, { executionProviders: [backend] });
    return { ort, session };
  })();
}

/** In a page: runs the model once on an array of numbers and gives back arrays. @param {{ model: string, backend: string, dims: number[], type: string, name: string, numbers: number[] }} request */
export async function runInPage({ model, backend, name, type, dims, numbers }) {
  const { ort, session } = await window.sessionOf(model, backend);
  const data = type === 'float32' ? Float32Array.from(numbers) : BigInt64Array.from(numbers, BigInt);
  const outputs = await session.run({ [name]: new ort.Tensor(type, data, dims) });
  return Object.values(outputs).map(({ data: values }) => Array.from(values));
}
