// Which browser this is. They all claim to be each other, so the order of the checks matters.

/**
 * @typedef {{ brand: string, version: string }} Brand
 * @typedef {{ userAgent: string, brands?: Brand[], hasChromeObject: boolean }} Clues `brands` from userAgentData, with full versions where they were given
 */

/** @type {[name: string, version: RegExp][]} */
const byUserAgent = [['edge', /\bEdgA?\/([\d.]+)/], ['firefox', /\bFirefox\/([\d.]+)/], ['chromium', /\b(?:Headless)?Chrome\/([\d.]+)/], ['safari', /\bVersion\/([\d.]+).*\bSafari\//]];

/**
 * Only their brands tell Chromium and Chrome apart, and pages that are not secure don't get those; then the name is the engine's.
 * A headless shell has no `window.chrome`; a full browser without a window has.
 * @param {Clues} clues @returns {{ browser: string, version: string | null }}
 */
export function nameBrowser({ userAgent, brands = [], hasChromeObject }) {
  const versionOf = (/** @type {string} */ brand) => brands.find(entry => entry.brand === brand)?.version;
  const engine = versionOf('Chromium') ?? userAgent.match(/\b(?:Headless)?Chrome\/([\d.]+)/)?.[1];
  if (engine && /\bHeadlessChrome\//.test(userAgent) && !hasChromeObject) return { browser: 'headless_shell', version: engine };
  /** @type {[string, string][]} */
  const branded = [['Microsoft Edge', 'edge'], ['Google Chrome', 'chrome'], ['HeadlessChrome', 'chrome'], ['Chromium', 'chromium']];
  for (const [brand, browser] of branded) {
    const version = versionOf(brand);
    if (version) return { browser, version };
  }
  for (const [browser, pattern] of byUserAgent) {
    const match = userAgent.match(pattern);
    if (match) return { browser, version: match[1] };
  }
  return { browser: 'other', version: null };
}
