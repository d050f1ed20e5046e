// node playwright.mjs CHROMIUM MODELS: Playwright carries tensors by page.evaluate, as arrays of numbers or as base64, and drives ONNX Runtime Web.

import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

import { roundTrips, serve, timed } from './lines.mjs';
import { inputFor, prepare, runInPage, serveModels } from './models.mjs';

const [executablePath, models] = process.argv.slice(2);
const server = await serveModels(models);
const browser = await chromium.launch({ executablePath, args: ['--enable-unsafe-webgpu', '--ignore-gpu-blocklist'] });
const page = await browser.newPage();
await page.goto(server.origin);
await page.evaluate(prepare);

// The page gives back what it got: less than a tensor there would need.
const ways = {
  numbers: async tensor => Float32Array.from(await page.evaluate(given => given, Array.from(tensor))),
  async base64(tensor) {
    const back = Buffer.from(await page.evaluate(given => given, Buffer.from(tensor.buffer).toString('base64')), 'base64');
    return new Float32Array(back.buffer, back.byteOffset, back.length / 4);
  },
};
const { version } = JSON.parse(await readFile(new URL('../node_modules/playwright-core/package.json', import.meta.url), 'utf8'));

/** @param {{ model: string, backend: string, count: number }} task */
async function infer(task) {
  const metadata = await page.evaluate(async ({ model, backend }) => (await window.sessionOf(model, backend)).session.inputMetadata, task);
  const { data, ...input } = inputFor(metadata);
  const { model, backend } = task;
  return timed(task, () => page.evaluate(runInPage, { model, backend, ...input, numbers: Array.from(data, Number) }));
}

await serve({ Playwright: version }, task => task.task === 'infer' ? infer(task) : roundTrips(task, ways[task.as]), async () => {
  await browser.close();
  server.close();
});
