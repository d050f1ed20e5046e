// Memory on the GPU that is used again from run to run.

/** WebGPU copies and binds whole words only, and at least one. @param {number} bytes */
export const wholeWords = bytes => Math.max(Math.ceil(bytes / 4) * 4, 4);

/** A buffer that grows as it is asked to. */
export class GrowingBuffer {
  /** @type {GPUBuffer | undefined} */ #buffer;
  #device; #usage;
  /** @param {GPUDevice} device @param {number} usage */
  constructor(device, usage) {
    this.#device = device;
    this.#usage = usage;
  }

  /** Holds at least so many bytes; what it held before is lost when it had to grow. @param {number} bytes */
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
