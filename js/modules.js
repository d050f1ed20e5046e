// The application's own modules, which the pool serves and every page imports before it joins.

import { messageOf } from './errors.js';
import { answeredWithin } from './timing.js';

/** All of them together; what is not done by then goes on without being waited for. */
const patience = 10_000;

/**
 * Imports the modules in order. One that fails is left out: the tab computes without it, and the pool hears of it.
 * @param {(source: string, message: string) => void} complain
 */
export async function importModules(complain) {
  /** @type {string[]} */
  const addresses = await fetch('/modules/index.json').then(answer => answer.ok ? answer.json() : []).catch(() => []);
  const deadline = performance.now() + patience;
  for (const address of addresses) {
    try {
      await answeredWithin(import(address), Math.max(deadline - performance.now(), 0), 'the import');
    } catch (error) {
      complain(address, messageOf(error));
    }
  }
}
