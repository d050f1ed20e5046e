// The application's own modules, which the pool serves and every page imports before it joins.

import { messageOf } from './errors.js';
import { answeredWithin } from './timing.js';

/** For all modules together; those that are not done by then are no longer waited for. */
const patience = 10_000;

/**
 * Imports the modules in order. If one fails, the tab computes without it, and the pool is told.
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
