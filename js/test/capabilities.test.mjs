import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nameBrowser } from '../browser_name.js';
import { isSoftware } from '../capabilities.js';

const webkit = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)';
const brands = (/** @type {string[]} */ ...names) => names.map(brand => ({ brand, version: brand.startsWith('Not') ? '8.0.0.0' : '156.0.8078.79' }));

/** @type {[string, Partial<import('../browser_name.js').Clues>, string, string | null][]} */
const browsers = [
  ['Chromium without a window', { userAgent: `${webkit} HeadlessChrome/156.0.0.0 Safari/537.36`, brands: brands('Not:A-Brand', 'Chromium'), hasChromeObject: true }, 'chromium', '156.0.8078.79'],
  ['the headless shell', { userAgent: `${webkit} HeadlessChrome/156.0.0.0 Safari/537.36`, brands: brands('HeadlessChrome', 'Not_A Brand', 'Chromium') }, 'headless_shell', '156.0.8078.79'],
  ['the headless shell on a page that is not secure', { userAgent: `${webkit} HeadlessChrome/156.0.0.0 Safari/537.36` }, 'headless_shell', '156.0.0.0'],
  ['Chrome', { userAgent: `${webkit} Chrome/156.0.0.0 Safari/537.36`, brands: brands('Google Chrome', 'Not A Brand', 'Chromium'), hasChromeObject: true }, 'chrome', '156.0.8078.79'],
  ['Edge', { userAgent: `${webkit} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`, brands: brands('Not A Brand', 'Chromium', 'Microsoft Edge'), hasChromeObject: true }, 'edge', '156.0.8078.79'],
  ['Edge on a page that is not secure', { userAgent: `${webkit} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.3.4`, hasChromeObject: true }, 'edge', '156.0.3.4'],
  ['Chrome or Chromium on a page that is not secure', { userAgent: `${webkit} Chrome/156.0.0.0 Mobile Safari/537.36`, hasChromeObject: true }, 'chromium', '156.0.0.0'],
  ['Firefox', { userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0' }, 'firefox', '153.0'],
  ['Safari', { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1' }, 'safari', '26.1'],
  ['something else', { userAgent: 'Lynx/2.9' }, 'other', null],
];

for (const [name, clues, browser, version] of browsers) {
  test(`names ${name}`, () => assert.deepEqual(nameBrowser({ userAgent: '', hasChromeObject: false, ...clues }), { browser, version }));
}

const hidden = { vendor: '', architecture: '', device: '', description: '' };

test('an adapter is software by its name or by the browser\'s mark, hardware only by the mark, else unknown', () => {
  assert.equal(isSoftware({ ...hidden, vendor: 'google', architecture: 'swiftshader' }), true);
  assert.equal(isSoftware({ ...hidden, description: 'llvmpipe (LLVM 15.0.6, 256 bits)', isFallbackAdapter: false }), true);
  assert.equal(isSoftware({ ...hidden, description: 'Microsoft Basic Render Driver' }), true);
  assert.equal(isSoftware({ ...hidden, isFallbackAdapter: true }), true);
  assert.equal(isSoftware({ ...hidden, vendor: 'nvidia', architecture: 'hopper', isFallbackAdapter: false }), false);
  assert.equal(isSoftware({ ...hidden, vendor: 'apple' }), null);
  assert.equal(isSoftware(hidden), null);
});
