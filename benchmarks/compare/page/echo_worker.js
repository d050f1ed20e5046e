// Sends back what comes: bytes as they are, JSON as a tensor that was made of it.

const socket = new WebSocket(`ws://${location.host}/`);
socket.binaryType = 'arraybuffer';
socket.onmessage = ({ data }) => socket.send(typeof data === 'string' ? JSON.stringify(Array.from(Float32Array.from(JSON.parse(data)))) : data);
