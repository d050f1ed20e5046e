// How failures cross the wire.

/** A failure with one of the wire's error codes. */
export class CodedError extends Error {
  /** @param {string} code @param {string} message @param {import('./protocol.js').Attempt[]} [tried] */
  constructor(code, message, tried) {
    super(message);
    this.code = code;
    this.tried = tried;
  }
}

/** Text that the wire accepts: valid Unicode, and short enough for a header. @param {string} text */
const tidy = text => text.replace(/\p{Surrogate}/gu, '\ufffd').trim().slice(0, 8192);

/** The browser's own words for whatever was thrown; WebAssembly can throw bare numbers. @param {unknown} thrown */
export const messageOf = thrown => tidy(thrown instanceof Error ? thrown.message || thrown.name : String(thrown));

/**
 * The `error` message that ends the load or run of this id.
 * @param {number} id @param {unknown} thrown @param {string} otherwise the code of an error that carries none @returns {import('./protocol.js').Failure}
 */
export function failureOf(id, thrown, otherwise) {
  const { code, tried } = thrown instanceof CodedError ? thrown : { code: otherwise, tried: undefined };
  return { type: 'error', id, code, message: messageOf(thrown), tried, stack: tidy(thrown instanceof Error && thrown.stack || '') };
}
