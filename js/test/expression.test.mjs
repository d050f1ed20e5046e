import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate } from '../expression.js';

const values = new Map([['samples', 16000], ['n', 7], ['workgroup_x', 64]]);

test('expressions of whole numbers have the value that mathematics gives them, quotients rounded down', () => {
  for (const [text, value] of /** @type {[string | number, number][]} */ ([
    ['5', 5], [5, 5], ['n', 7], ['2 + 3 * 4', 14], ['(2 + 3) * 4', 20], ['10 - 2 - 3', 5], ['7 / 2', 3], ['100 / 7 / 2', 7], ['(3 - 10) / 2', -4],
    ['(samples - 400) / 160 + 1', 98], ['n*workgroup_x', 448], ['((n))', 7],
  ])) assert.equal(evaluate(text, values), value, String(text));
});

test('what is no expression is refused with its text and the reason', () => {
  for (const [text, why] of [
    ['', 'something is missing at its end'], ['n *', 'something is missing at its end'], ['n n', 'n is out of place'], ['m', 'nothing is called m'], ['(n', 'a parenthesis is not closed'],
    ['n)', ') is out of place'], ['n / 0', 'it divides by 0'], ['n % 2', '% is out of place'], ['-n', '- is out of place'], ['n; n', '; is out of place'],
    ['9007199254740991 * 9', 'its value is too large'], ['constructor', 'nothing is called constructor'],
  ]) assert.throws(() => evaluate(text, values), { message: `"${text}": ${why}` });
});
