// Sends back what comes, and does what the library's own page does for a small tensor meanwhile: reads a frame, queues and checks a run, builds the
// frame of its result.

import { FrameReader, FrameWriter } from '/js/prepared_frames.js';
import { encodeFrame } from '/js/protocol.js';
import { RunQueue } from '/js/run_queue.js';
import { checkRun } from '/js/tensors.js';
import { since } from '/js/timing.js';

const model = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
};
/** Runs that differ in their ids. */
const requests = Array.from({ length: 16 }, (_, i) => encodeFrame({ type: 'run', id: 4294967296 + i, inputs: [{ ...model.inputs[0], shape: [4], data: new Float32Array(4) }], outputs: [] }).buffer);
const reader = new FrameReader(), writer = new FrameWriter(), queue = new RunQueue();
let trips = 0;

/** @param {import('../../../js/protocol.js').WireTensor[]} feeds */
const run = async ([x]) => ({ outputs: [{ ...x, name: 'y' }] });

const socket = new WebSocket(`ws://${location.host}/`);
socket.binaryType = 'arraybuffer';
socket.onmessage = ({ data }) => {
  const { id, inputs, outputs } = /** @type {import('../../../js/protocol.js').Run} */ (reader.read(requests[trips++ % requests.length]));
  const arrival = performance.now();
  let queued = 0;
  queue.add({
    id,
    job: async () => {
      queued = since(arrival);
      checkRun(model, inputs, outputs);
      const start = performance.now();
      const result = await run(inputs);
      return { ...result, times: { upload: 0, compute: since(start), download: 0 } };
    },
    done: result => {
      writer.write({ type: 'result', id, ...result, times: { queued, ...result.times } });
      socket.send(data);
    },
    failed: error => { throw error; },
  });
};
