// Whole numbers from rules: the extents of a kernel's tensors and dispatches, such as "(samples - 400) / 160 + 1".

/** @param {string} text @returns {string[]} */
const tokensOf = text => text.match(/\d+|[A-Za-z_]\w*|[-+*/()]|\S/g) ?? [];

/**
 * The value of an expression of whole numbers, names, + - * / and parentheses; a quotient is rounded down. Throws an Error that quotes the text.
 * @param {string | number} expression @param {ReadonlyMap<string, number>} values @returns {number}
 */
export function evaluate(expression, values) {
  const text = String(expression);
  const tokens = tokensOf(text);
  let next = 0;
  const fail = (/** @type {string} */ why) => { throw new Error(`"${text}": ${why}`); };

  /** @returns {number} */
  function operand() {
    const token = tokens[next++] ?? fail('something is missing at its end');
    if (/^\d/.test(token)) return Number(token);
    if (/^[A-Za-z_]/.test(token)) return values.get(token) ?? fail(`nothing is called ${token}`);
    if (token !== '(') fail(`${token} is out of place`);
    const value = sum();
    if (tokens[next++] !== ')') fail('a parenthesis is not closed');
    return value;
  }
  function product() {
    let value = operand();
    while (tokens[next] === '*' || tokens[next] === '/') {
      if (tokens[next++] === '*') value *= operand();
      else value = Math.floor(value / (operand() || fail('it divides by 0')));
    }
    return value;
  }
  function sum() {
    let value = product();
    while (tokens[next] === '+' || tokens[next] === '-') value += tokens[next++] === '+' ? product() : -product();
    return value;
  }

  const value = sum();
  if (next < tokens.length) fail(`${tokens[next]} is out of place`);
  return Number.isSafeInteger(value) ? value : fail('its value is too large');
}
