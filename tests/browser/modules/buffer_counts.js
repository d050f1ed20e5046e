// Counts the page's GPU buffers, for the modules beside this one.

/** `read`: bytes that were mapped to be read. */
export const buffers = { created: 0, live: 0, read: 0 };

const { createBuffer } = GPUDevice.prototype, { destroy, mapAsync } = GPUBuffer.prototype;
GPUDevice.prototype.createBuffer = function (descriptor) {
  buffers.created++;
  buffers.live++;
  return createBuffer.call(this, descriptor);
};
GPUBuffer.prototype.destroy = function () {
  buffers.live--;
  return destroy.call(this);
};
GPUBuffer.prototype.mapAsync = function (mode, ...rest) {
  if (mode === GPUMapMode.READ) buffers.read += this.size;
  return mapAsync.call(this, mode, ...rest);
};
