// Writes the golden messages that the C++ half and the page's half of the wire are both held to.
//
//   node js/tools/golden.mjs > tests/protocol/golden.json
//
// The frames are put together here by hand, without js/protocol.js, so that its test against them means something.

const pad = (/** @type {Buffer} */ bytes) => Buffer.concat([bytes, Buffer.alloc((8 - bytes.length % 8) % 8)]);

/** @param {string | Buffer} json @param {Buffer[]} [tensors] @param {number} [length] a lie about the header's length */
function frame(json, tensors = [], length) {
  const text = Buffer.from(json);
  const padded = Buffer.concat([text, Buffer.alloc((8 - (4 + text.length) % 8) % 8, ' ')]);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(length ?? padded.length);
  return Buffer.concat([prefix, padded, ...tensors.map((t, i) => i + 1 < tensors.length ? pad(t) : t)]);
}

const bytesOf = (/** @type {ArrayBufferView} */ view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
const i64 = (/** @type {bigint[]} */ ...values) => bytesOf(new BigInt64Array(values));
const f32 = (/** @type {number[]} */ ...values) => bytesOf(new Float32Array(values));

/** @param {string} name @param {string} datatype @param {number[]} shape @param {number} size */
const tensor = (name, datatype, shape, size) => ({ name, datatype, shape, parameters: { binary_data_size: size } });

const sha = 'c0ffee'.padEnd(64, '0');
const webgpu = {
  vendor: 'mesa', architecture: '', device: '', description: 'llvmpipe (LLVM 15.0.6, 256 bits)', software: true,
  features: ['shader-f16', 'timestamp-query'], limits: { maxBufferSize: 1073741824, maxComputeInvocationsPerWorkgroup: 256 },
};
const capabilities = {
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', browser: 'firefox', browser_version: '153.7',
  platform: 'Linux x86_64', hardware_concurrency: 2, device_memory_gib: null, cross_origin_isolated: true, wasm_threads: true,
  jspi: false, visible: true, webgpu, webnn: 'this browser has no navigator.ml',
};
const bareCapabilities = {
  user_agent: '', browser: 'other', browser_version: null, platform: null, hardware_concurrency: null, device_memory_gib: 0.5,
  cross_origin_isolated: false, wasm_threads: false, jspi: true, visible: false, webgpu: 'this browser has no navigator.gpu',
  webnn: { cpu: null, gpu: null, npu: 'NotSupportedError: no npu here' },
};
const hidden = { ...capabilities, browser: 'safari', webgpu: { ...webgpu, vendor: 'apple', software: null, features: [], limits: {} } };
const digits = { name: 'digits', sha256: sha, bytes: 181234, url: `/models/${sha}` };
const description = { inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 1, 28, 28] }], outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 10] }] };
const times = { queued: 0.1, upload: 0.2, compute: 3.5, download: 0.1 };

/** One small tensor of every datatype, so that every size and every gap occurs. @type {[string, number[], Buffer][]} */
const everyDatatype = [
  ['BOOL', [3], Buffer.from([1, 0, 1])], ['UINT8', [2], Buffer.from([0, 255])], ['UINT16', [1], bytesOf(new Uint16Array([65535]))],
  ['UINT32', [1], bytesOf(new Uint32Array([4294967295]))], ['UINT64', [1], bytesOf(new BigUint64Array([18446744073709551615n]))],
  ['INT8', [5], bytesOf(new Int8Array([-128, -1, 0, 1, 127]))], ['INT16', [1, 2], bytesOf(new Int16Array([-32768, 32767]))],
  ['INT32', [1], bytesOf(new Int32Array([-2147483648]))], ['INT64', [2], bytesOf(new BigInt64Array([-9223372036854775808n, 9007199254740993n]))],
  ['FP16', [3], bytesOf(new Uint16Array([0x3c00, 0xc000, 0x7c00]))], ['FP32', [3], f32(0.5, -1.5, 2)], ['FP64', [1], bytesOf(new Float64Array([0.1]))],
];
const every = everyDatatype.map(([datatype, shape, bytes]) => tensor(datatype.toLowerCase(), datatype, shape, bytes.length));
const everyBytes = everyDatatype.map(([, , bytes]) => bytes);

/** @type {[name: string, direction: string, socket: string, header: Record<string, unknown>, tensors?: Buffer[]][]} */
const messages = [
  ['hello of a browser that the pool launched', 'page_to_pool', 'control', { type: 'hello', version: 1, token: '6f0c19', launch: 3, capabilities }],
  ['hello of a tab that joined by link', 'page_to_pool', 'control', { type: 'hello', version: 1, token: '6f0c19', capabilities: bareCapabilities }],
  ['hello with a hidden adapter', 'page_to_pool', 'control', { type: 'hello', version: 1, token: '', launch: 0, capabilities: hidden }],
  ['pong', 'page_to_pool', 'control', { type: 'pong', id: 5, visible: true, timer_drift_ms: 0.4 }],
  ['pong of a hidden tab, largest id', 'page_to_pool', 'control', { type: 'pong', id: 9007199254740991, visible: false, timer_drift_ms: 59000 }],
  ['pong that tells all there is', 'page_to_pool', 'control', { type: 'pong', id: 6, visible: true, timer_drift_ms: 0, charging: false, battery: 0.25, pressure: 'serious', save_data: true }],
  ['trouble', 'page_to_pool', 'control', { type: 'trouble', source: '/modules/greet.js', message: 'TypeError: x is not a function' }],
  ['message of a page', 'page_to_pool', 'control', { type: 'message', name: 'greet', body: { text: 'é "quoted" \n', list: [1, -2.5, true, null, {}] },
    tensors: [tensor('odd', 'UINT8', [3], 3), tensor('x', 'FP32', [2], 8)] }, [Buffer.from([1, 2, 3]), f32(1, 2)]],
  ['message of a page without anything', 'page_to_pool', 'control', { type: 'message', name: 'ping', body: null, tensors: [] }],
  ['message of the pool', 'pool_to_page', 'control', { type: 'message', name: 'greet', body: { a: [1, 'two', null] }, tensors: [tensor('x', 'FP32', [1, 2], 8)] }, [f32(1, 2)]],
  ['message of the pool without anything', 'pool_to_page', 'control', { type: 'message', name: 'é', body: 5, tensors: [] }],
  ['worker_failed', 'page_to_pool', 'control', { type: 'worker_failed', worker: 7, message: 'RuntimeError: unreachable' }],
  ['welcome', 'pool_to_page', 'control', { type: 'welcome', version: 1, connection: 12, heartbeat_ms: 1000 }],
  ...['wrong_token', 'version_mismatch', 'pool_full', 'pool_closed'].map(code => /** @type {typeof messages[0]} */ ([
    `refused: ${code}`, 'pool_to_page', 'control', { type: 'refused', code, message: "the link's token does not belong to this pool; open the pool's join link again" }])),
  ['ping', 'pool_to_page', 'control', { type: 'ping', id: 5 }],
  ['ping, largest id', 'pool_to_page', 'control', { type: 'ping', id: 9007199254740991 }],
  ['open_worker', 'pool_to_page', 'control', { type: 'open_worker', worker: 7, key: '9a1e44', webnn: false }],
  ['open_worker with WebNN', 'pool_to_page', 'control', { type: 'open_worker', worker: 7, key: '9a1e44', webnn: true }],
  ['close_worker', 'pool_to_page', 'control', { type: 'close_worker', worker: 7 }],
  ['reload', 'pool_to_page', 'control', { type: 'reload', message: 'the worker of model digits died twice' }],
  ['close', 'pool_to_page', 'control', { type: 'close', message: 'the pool is shutting down' }],
  ['close with every kind of character', 'pool_to_page', 'control', { type: 'close', message: 'a "quote", a \\ and a /, \b\f\n\r\t\u0001\u001f\u007f, é, 漢, 🙂, \u2028' }],
  ['attach', 'page_to_pool', 'data', { type: 'attach', version: 1, worker: 7, key: '9a1e44' }],
  ['load', 'pool_to_page', 'data', { type: 'load', id: 41, model: digits,
    backends: [{ name: 'webnn', device_type: 'npu' }, { name: 'webgpu' }, { name: 'wasm', threads: 1 }],
    free_dimensions: { batch: 1, 'x[2]': 224 }, warmup: true, compare: true, verify: true, workgroup_size: [256, 1, 1], cache_bytes: 4294967296, importance: 'high' }],
  ['load on a backend of the application', 'pool_to_page', 'data', { type: 'load', id: 41, model: { ...digits, url: 'https://models.example/digits.onnx' },
    backends: [{ name: 'plain', module: '/backends/plain.js' }], free_dimensions: {}, warmup: false }],
  ['load of a kernel', 'pool_to_page', 'data', { type: 'load', id: 41, model: { ...digits, format: 'kernel' }, backends: [{ name: 'webgpu' }], free_dimensions: { n: 1024 }, warmup: true, variant: 1 }],
  ['load of several models', 'pool_to_page', 'data', { type: 'load', id: 41, model: { ...digits, device_outputs: ['a', 'é"'] }, parts: [{ ...digits, name: 'head', device_outputs: [] }, { ...digits, name: 'k', format: 'kernel' }],
    backends: [{ name: 'webgpu' }], free_dimensions: {}, warmup: true }],
  ['load of a model with files beside it', 'pool_to_page', 'data', { type: 'load', id: 41,
    model: { ...digits, external: [{ path: 'weights.bin', sha256: sha, bytes: 5000000000, url: `/models/${sha}` }, { path: 'ü', sha256: sha, bytes: 0, url: `/models/${sha}` }] },
    backends: [{ name: 'wasm' }], free_dimensions: {} }],
  ['load with nothing optional', 'pool_to_page', 'data', { type: 'load', id: 0, model: { ...digits, name: '' }, backends: [{ name: 'wasm' }], free_dimensions: {} }],
  ['progress of the fetch', 'page_to_pool', 'data', { type: 'progress', id: 41, stage: 'fetch', done: 65536, total: 181234 }],
  ['progress of another model', 'page_to_pool', 'data', { type: 'progress', id: 41, stage: 'fetch', part: 2, done: 65536, total: 181234 }],
  ['progress of the creation', 'page_to_pool', 'data', { type: 'progress', id: 41, stage: 'create', done: 0, total: 1 }],
  ['progress of the warmup', 'page_to_pool', 'data', { type: 'progress', id: 41, stage: 'warmup', done: 1, total: 1 }],
  ['loaded on wasm', 'page_to_pool', 'data', { type: 'loaded', id: 41, backend: 'wasm', device_type: null,
    tried: [{ backend: 'webgpu', message: 'no adapter: this browser has no navigator.gpu' }], cpu_fallback: false, ...description,
    times: { fetch: 1.2, create: 80, warmup: 0 }, from_cache: false, memory_bytes: 8123456 }],
  ['loaded on webnn', 'page_to_pool', 'data', { type: 'loaded', id: 41, backend: 'webnn', device_type: 'gpu', tried: [], cpu_fallback: true, ...description,
    times: { fetch: 0, create: 80.5, warmup: 12.5 }, from_cache: true, memory_bytes: 0,
    placements: [{ provider: 'CPU', nodes: 3, operators: ['Det', 'Unique'] }, { provider: 'WebNN', nodes: 1, operators: [] }] }],
  ['loaded with a remark', 'page_to_pool', 'data', { type: 'loaded', id: 41, backend: 'webgpu', device_type: null, tried: [], remarks: ['a warm-up run failed: no such index'], verified: false,
    cpu_fallback: false, ...description, times: { fetch: 0, create: 1, warmup: 1 }, from_cache: true, memory_bytes: 10 }],
  ['loaded a kernel', 'page_to_pool', 'data', { type: 'loaded', id: 41, backend: 'webgpu', device_type: null, tried: [], cpu_fallback: false, inputs: [], outputs: [],
    times: { fetch: 0, create: 1, warmup: 1 }, from_cache: false, memory_bytes: 10, variant: 1 }],
  ['run', 'pool_to_page', 'data', { type: 'run', id: 42, inputs: [tensor('x', 'FP32', [1, 4], 16)], outputs: ['probabilities'] }, [f32(1, 2, 3, 4)]],
  ['run without inputs, all outputs', 'pool_to_page', 'data', { type: 'run', id: 43, inputs: [], outputs: [] }],
  ['run with a scalar and an empty tensor', 'pool_to_page', 'data', { type: 'run', id: 44,
    inputs: [tensor('scalar', 'FP32', [], 4), tensor('empty', 'INT64', [0, 4], 0), tensor('last', 'UINT8', [3], 3)], outputs: ['a', 'b'] },
    [f32(0.25), Buffer.alloc(0), Buffer.from([7, 8, 9])]],
  ['run with every datatype', 'pool_to_page', 'data', { type: 'run', id: 45, inputs: every, outputs: [] }, everyBytes],
  ['run of a part on tensors that are there', 'pool_to_page', 'data', { type: 'run', id: 46, part: 2, inputs: [tensor('x', 'FP32', [1], 4)], resident: [{ name: 'é', tensor: 7 }, { name: 'b', tensor: 9007199254740991 }],
    outputs: ['a', 'b'], keep: [{ name: 'b', tensor: 8 }] }, [f32(1)]],
  ['fetch', 'pool_to_page', 'data', { type: 'fetch', id: 47, tensor: 8 }],
  ['release', 'pool_to_page', 'data', { type: 'release', tensors: [7, 8] }],
  ['load of a decoder', 'pool_to_page', 'data', { type: 'load', id: 41, model: { ...digits, generates: true }, backends: [{ name: 'wasm' }], free_dimensions: {}, warmup: true }],
  ['generate', 'pool_to_page', 'data', { type: 'generate', id: 46, inputs: [tensor('prompt', 'INT64', [3], 24)],
    max_tokens: 64, temperature: 0.8, top_k: 40, top_p: 0.95, seed: 4294967295, stop_tokens: [95, 0] }, [i64(33n, 0n, 95n)]],
  ['generate, most likely tokens', 'pool_to_page', 'data', { type: 'generate', id: 47, part: 1, inputs: [tensor('prompt', 'INT64', [1], 8)],
    max_tokens: 1, temperature: 0, top_k: 0, top_p: 1, seed: 0, stop_tokens: [] }, [i64(7n)]],
  ['generate, going on with a text', 'pool_to_page', 'data', { type: 'generate', id: 48, inputs: [tensor('prompt', 'INT64', [0], 0)],
    max_tokens: 1, temperature: 0, top_k: 0, top_p: 1, seed: 0, stop_tokens: [], resume: { tensor: 8, length: 73 }, keep: 9 }, [i64()]],
  ['cancel', 'pool_to_page', 'data', { type: 'cancel', id: 42 }],
  ['result', 'page_to_pool', 'data', { type: 'result', id: 42, outputs: [tensor('probabilities', 'FP32', [1, 2], 8)], times }, [f32(0.75, 0.25)]],
  ['result that stays', 'page_to_pool', 'data', { type: 'result', id: 46, outputs: [tensor('a', 'FP32', [1], 4)], kept: [{ name: 'b', datatype: 'INT64', shape: [2, 0], tensor: 8 }], times }, [f32(2)]],
  ['tokens', 'page_to_pool', 'data', { type: 'tokens', id: 46, index: 5, tokens: [36, 0, 9007199254740991] }],
  ['tokens without any', 'page_to_pool', 'data', { type: 'tokens', id: 46, index: 0, tokens: [] }],
  ['result of a generation', 'page_to_pool', 'data', { type: 'result', id: 46, outputs: [tensor('tokens', 'INT64', [2], 16)], times, finish: 'stop' }, [i64(36n, 0n)]],
  ['result of a generation as long as it may be', 'page_to_pool', 'data', { type: 'result', id: 47, outputs: [tensor('tokens', 'INT64', [1], 8)], times, finish: 'length' }, [i64(9n)]],
  ['result without outputs', 'page_to_pool', 'data', { type: 'result', id: 43, outputs: [], times: { queued: 0, upload: 0, compute: 0, download: 0 } }],
  ['result with every datatype', 'page_to_pool', 'data', { type: 'result', id: 45, outputs: every, times }, everyBytes],
  ...['fetch_failed', 'hash_mismatch', 'runtime_missing', 'bad_input', 'run_failed', 'device_lost', 'tensor_lost', 'cancelled'].map(code => /** @type {typeof messages[0]} */ ([
    `error: ${code}`, 'page_to_pool', 'data', { type: 'error', id: 42, code, message: 'what went wrong', stack: 'Error: what went wrong\n    at run (worker.js:1:1)' }])),
  ['error: no_backend', 'page_to_pool', 'data', { type: 'error', id: 41, code: 'no_backend', message: 'none of 2 backends could hold the model',
    tried: [{ backend: 'webnn', message: 'this browser has no navigator.ml' }, { backend: 'wasm', message: 'kernel not found: "Foo"' }], stack: '' }],
  ['error of a run that had not begun', 'page_to_pool', 'data', { type: 'error', id: 43, code: 'device_lost', message: 'the device is gone', started: false }],
  ['device_lost', 'page_to_pool', 'data', { type: 'device_lost', reason: 'destroyed', message: '' }],
];

/** The same fault in a message of either direction, so that each half meets it in one that it would accept. @param {(type: string) => Buffer} fault */
const both = fault => [fault('run'), fault('result')];

/** A run or result with one or more tensors described by `list` (JSON). @param {string} type @param {string} list */
const carrier = (type, list) => type === 'run'
  ? `{"type":"run","id":1,"inputs":${list},"outputs":[]}`
  : `{"type":"result","id":1,"outputs":${list},"times":{"queued":0,"upload":0,"compute":0,"download":0}}`;

const good = JSON.stringify(tensor('x', 'FP32', [2], 8));
const odd = JSON.stringify(tensor('x', 'UINT8', [3], 3));
const pong = '{"type":"pong","id":5,"visible":true,"timer_drift_ms":0.4}';

/** @type {[name: string, why: string, frames: Buffer[]][]} */
const faults = [
  ['empty frame', 'a frame holds at least the length of its header', [Buffer.alloc(0)]],
  ['three bytes', 'a frame holds at least the length of its header', [Buffer.from([4, 0, 0])]],
  ['header past the end', 'the header is longer than the frame', [frame(pong, [], 1004)]],
  ['header length of four gigabytes', 'the header is longer than the frame', [frame(pong, [], 4294967292)]],
  ['unpadded header', '4 + header length must be a multiple of 8', [frame(pong, [], Buffer.byteLength(pong) + 1)]],
  ['empty header', 'the header is not JSON', [frame('    ')]],
  ['unfinished header', 'the header is not JSON', [frame('{"type":"pong","id":5,"visible":true'), frame('{"type":"ping","id":5')]],
  ['two objects', 'the header is one JSON object', [frame(`${pong} {}`), frame('{"type":"ping","id":5} {}')]],
  ['array as header', 'the header is one JSON object', [frame('["pong"]')]],
  ['null as header', 'the header is one JSON object', [frame('null')]],
  ['string as header', 'the header is one JSON object', [frame('"pong"')]],
  ['header that is not UTF-8', 'the header is UTF-8', ['{"type":"close","message":"', '{"type":"worker_failed","worker":7,"message":"'].map(start =>
    frame(Buffer.concat([Buffer.from(start), Buffer.from([0xff, 0xc3]), Buffer.from('"}')])))],
  ['no type', 'every message has a type', [frame('{"id":5}')]],
  ['type that is a number', 'the type is a string', [frame('{"type":5,"id":5}')]],
  ['unknown type', 'no message has this type', [frame('{"type":"pingpong","id":5}')]],
  ['no id', 'the field id is missing', [frame('{"type":"ping"}'), frame('{"type":"pong","visible":true,"timer_drift_ms":0}')]],
  ...['9007199254740992', '-1', '1.5', '"5"', 'null'].map(id => /** @type {typeof faults[0]} */ ([
    `id ${id}`, 'an id is an integer from 0 to 2^53 - 1', [frame(`{"type":"ping","id":${id}}`), frame(`{"type":"pong","id":${id},"visible":true,"timer_drift_ms":0}`)]])),
  ['battery that is more than full', 'a battery holds from 0 to 1', [frame(pong.replace('}', ',"battery":1.5}')), frame(pong.replace('}', ',"battery":-0.1}'))]],
  ['unknown pressure', 'the pressure is one of four words', [frame(pong.replace('}', ',"pressure":"hot"}'))]],
  ['message without a name', 'every field must be there', [frame('{"type":"message","body":1,"tensors":[]}')]],
  ['message without a body', 'every field must be there', [frame('{"type":"message","name":"a","tensors":[]}')]],
  ['message whose body is not JSON', 'the header is JSON, inside of the body too', [frame('{"type":"message","name":"a","body":{"x":nope},"tensors":[]}'), frame('{"type":"message","name":"a","body":{"x":1,},"tensors":[]}')]],
  ['message whose tensor is cut off', 'the frame ends before its tensors do', [frame(`{"type":"message","name":"a","body":1,"tensors":[${good}]}`, [f32(1)])]],
  ['tensors that are not an array', 'inputs and outputs are arrays', both(type => frame(carrier(type, '{}')))],
  ['tensor that is a string', 'a tensor is an object', both(type => frame(carrier(type, '["x"]')))],
  ['tensor without a name', 'a tensor has a name', both(type => frame(carrier(type, `[${good.replace('"name":"x",', '')}]`), [f32(1, 2)]))],
  ['tensor without parameters', 'a tensor in a message has parameters.binary_data_size', both(type => frame(carrier(type, '[{"name":"x","datatype":"FP32","shape":[2]}]'), [f32(1, 2)]))],
  ['unknown datatype', 'BF16 is no datatype of the wire', both(type => frame(carrier(type, `[${good.replace('FP32', 'BF16')}]`), [f32(1, 2)]))],
  ['datatype in lower case', 'datatypes are upper case', both(type => frame(carrier(type, `[${good.replace('FP32', 'fp32')}]`), [f32(1, 2)]))],
  ['shape that is a number', 'a shape is an array', both(type => frame(carrier(type, `[${good.replace('[2]', '2')}]`), [f32(1, 2)]))],
  ['negative dimension', 'a dimension of a tensor in a message is an integer from 0', both(type => frame(carrier(type, `[${good.replace('[2]', '[-2]')}]`), [f32(1, 2)]))],
  ['negative dimensions whose product fits', 'a dimension of a tensor in a message is an integer from 0', both(type => frame(carrier(type, `[${good.replace('[2]', '[-1,-2]')}]`), [f32(1, 2)]))],
  ['broken dimension', 'a dimension is an integer', both(type => frame(carrier(type, `[${good.replace('[2]', '[1.5]')}]`), [f32(1, 2)]))],
  ['size that overflows 64 bits', 'the product of the shape wraps to 0', both(type => frame(carrier(type, `[${JSON.stringify(tensor('x', 'FP32', [4294967296, 4294967296], 0))}]`)))],
  ['size too small', 'binary_data_size is not the product of the shape times the datatype', both(type => frame(carrier(type, `[${good.replace('_size":8', '_size":4')}]`), [f32(1)]))],
  ['size too large', 'binary_data_size is not the product of the shape times the datatype', both(type => frame(carrier(type, `[${good.replace('_size":8', '_size":12')}]`), [f32(1, 2, 3)]))],
  ['token that is no integer', 'a token is an integer from 0', [frame('{"type":"tokens","id":1,"index":0,"tokens":[1.5]}'), frame('{"type":"tokens","id":1,"index":0,"tokens":[-1]}')]],
  ['tokens without their place', 'the field index is missing', [frame('{"type":"tokens","id":1,"tokens":[1]}')]],
  ['result that finishes for no known reason', 'finish is length or stop', [frame(carrier('result', '[]').replace(/}$/, ',"finish":"tired"}'))]],
  ['size that is a string', 'binary_data_size is an integer', both(type => frame(carrier(type, `[${good.replace('_size":8', '_size":"8"')}]`), [f32(1, 2)]))],
  ['no tensor bytes', 'the frame ends before its tensors do', both(type => frame(carrier(type, `[${good}]`)))],
  ['tensor bytes cut off', 'the frame ends before its tensors do', both(type => frame(carrier(type, `[${good}]`), [f32(1)]))],
  ['second tensor cut off', 'the frame ends before its tensors do', both(type => frame(carrier(type, `[${odd},${good}]`), [Buffer.from([1, 2, 3]), f32(1)]))],
  ['bytes after the last tensor', 'a frame ends with its last tensor', both(type => frame(carrier(type, `[${good}]`), [f32(1, 2, 3)]))],
  ['padding after the last tensor', 'a frame ends with its last tensor', both(type => frame(carrier(type, `[${odd}]`), [Buffer.from([1, 2, 3, 0, 0, 0, 0, 0])]))],
  ['bytes after a message without tensors', 'a frame ends with its last tensor', [frame(pong, [f32(1, 2)]), frame('{"type":"ping","id":5}', [f32(1, 2)])]],
  ['gap that is not zero', 'gaps between tensors are zero', both(type => frame(carrier(type, `[${odd},${good}]`), [Buffer.from([1, 2, 3, 0, 0, 0, 0, 1]), f32(1, 2)]))],
];

const lines = (/** @type {object[]} */ entries) => entries.map(entry =>
  `    {\n${Object.entries(entry).map(([key, value]) => `      ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n')}\n    }`).join(',\n');

const golden = messages.map(([name, direction, socket, header, tensors = []]) => ({
  name, direction, socket, header, tensors: tensors.map(t => t.toString('hex')), frame: frame(JSON.stringify(header), tensors).toString('hex') }));
const malformed = faults.flatMap(([name, why, frames]) => frames.map((bytes, i) => ({
  name: frames.length > 1 ? `${name} (${i + 1})` : name, frame: bytes.toString('hex'), why })));

process.stdout.write(`{\n  "messages": [\n${lines(golden)}\n  ],\n  "malformed": [\n${lines(malformed)}\n  ]\n}\n`);
