// Memory on the GPU that is reused from run to run and read back.

/** WebGPU copies and binds only whole words, and at least one. @param {number} bytes */
export const wholeWords = bytes => Math.max(Math.ceil(bytes / 4) * 4, 4);

/** A buffer that grows on demand. */
export class GrowingBuffer {
  /** @type {GPUBuffer | undefined} */ #buffer;
  #device; #usage;
  /** @param {GPUDevice} device @param {number} usage */
  constructor(device, usage) {
    this.#device = device;
    this.#usage = usage;
  }

  /** Makes room for at least this many bytes; if it has to grow, its contents are lost. @param {number} bytes */
  of(bytes) {
    if (this.#buffer && this.#buffer.size >= bytes) return this.#buffer;
    this.destroy();
    return this.#buffer = this.#device.createBuffer({ size: wholeWords(bytes), usage: this.#usage });
  }

  destroy() {
    this.#buffer?.destroy();
    this.#buffer = undefined;
  }
}

/**
 * Firefox looks for finished GPU work every 100 ms, or at once if a page submits something. So empty work is submitted often during a run:
 * that cuts a small model's run from 100 ms to 2 ms.
 * @template T @param {GPUDevice} device @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function nudged(device, work) {
  if (!navigator.userAgent.includes('Firefox/')) return work();
  const timer = setInterval(() => device.queue.submit([]), 1);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Copies this many bytes of a buffer, starting at a whole word. @param {GPUDevice} device @param {GPUBuffer} buffer @param {number} bytes @param {number} [from] @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function readBack(device, buffer, bytes, from = 0) {
  const { MAP_READ, COPY_DST } = GPUBufferUsage;
  const reader = device.createBuffer({ size: wholeWords(bytes), usage: MAP_READ | COPY_DST });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, from, reader, 0, wholeWords(bytes));
    device.queue.submit([encoder.finish()]);
    await reader.mapAsync(GPUMapMode.READ);
    return new Uint8Array(reader.getMappedRange().slice(0, bytes));
  } finally {
    reader.destroy();
  }
}
