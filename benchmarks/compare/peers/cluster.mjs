// node cluster.mjs CHROMIUM MODELS: puppeteer-cluster, whose tasks each get a page of their own, on the work that the pool's tabs get.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import puppeteer from 'puppeteer-core';
import { Cluster } from 'puppeteer-cluster';

import { serve, timed } from './lines.mjs';
import { inputFor, prepare, runInPage, serveModels } from './models.mjs';

const settle = () => promisify(execFile)('python3', [new URL('../settle.py', import.meta.url).pathname]);

const [executablePath, models] = process.argv.slice(2);
const server = await serveModels(models);

/** What a page does once. @param {any} task @returns {Promise<(page: any) => Promise<unknown>>} */
async function workOf(task) {
  if (task.task === 'wait') return page => page.evaluate(ms => new Promise(resolve => setTimeout(resolve, ms)), task.ms);
  const { model, backend } = task;
  return async page => {
    page.request ??= await page.evaluate(async (...which) => (await window.sessionOf(...which)).session.inputMetadata, model, backend)
      .then(metadata => ({ model, backend, ...inputFor(metadata) }))
      .then(({ data, ...input }) => ({ ...input, numbers: Array.from(data, Number) }));
    return page.evaluate(runInPage, page.request);
  };
}

/** @param {any} page */
async function open(page) {
  await page.goto(server.origin);
  await page.evaluate(prepare);
}

/**
 * One task of the cluster for each piece of work, as it is meant to be used (`page_for_each`, which no model can be loaded for); or, in its favour,
 * one for each page, which goes on while there is work and is ready before the time is taken.
 * @param {any} task
 */
async function spread(task) {
  const cluster = await Cluster.launch({
    concurrency: Cluster.CONCURRENCY_PAGE, maxConcurrency: task.tabs, puppeteer, timeout: 300_000,
    puppeteerOptions: { executablePath, args: ['--no-sandbox', '--enable-unsafe-webgpu', '--ignore-gpu-blocklist'] },
  });
  try {
    const work = await workOf(task);
    const many = { count: task.count, in_flight: task.tabs };
    if (task.page_for_each) return await timed(many, () => cluster.execute(null, ({ page }) => work(page)));
    const pages = [], holds = [];
    let release;
    const over = new Promise(resolve => { release = resolve; });
    await new Promise((resolve, reject) => {
      for (let i = 0; i < task.tabs; i++) holds.push(cluster.execute(null, async ({ page }) => {
        await open(page);
        for (let run = 0; run < task.warm_up; run++) await work(page);
        if (pages.push(page) === task.tabs) resolve();
        await over;
      }).catch(reject));
    });
    await settle();
    const answer = await timed(many, async () => {
      const page = pages.pop();
      await work(page);
      pages.push(page);
    });
    release();
    await Promise.all(holds);
    return answer;
  } finally {
    await cluster.close();
  }
}

const versionOf = async name => JSON.parse(await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
await serve({ 'puppeteer-cluster': await versionOf('puppeteer-cluster'), 'puppeteer-core': await versionOf('puppeteer-core') }, spread, async () => server.close());
