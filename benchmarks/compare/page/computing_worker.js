// Sends back what comes, after it has computed for as many microseconds as the first number of it says.

/** @param {number} microseconds */
const compute = microseconds => {
  for (const end = performance.now() + microseconds / 1000; performance.now() < end;);
};

const socket = new WebSocket(`ws://${location.host}/`);
socket.binaryType = 'arraybuffer';
socket.onmessage = ({ data }) => {
  compute(new Float32Array(data, 0, 1)[0]);
  socket.send(data);
};
