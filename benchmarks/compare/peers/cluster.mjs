// node cluster.mjs CHROMIUM MODELS: puppeteer-cluster, whose tasks each get a page of their own, on the work that the pool's tabs get.

import { readFile } from 'node:fs/promises';
import puppeteer from 'puppeteer-core';
import { Cluster } from 'puppeteer-cluster';

import { serve, timed } from './lines.mjs';
import { inputFor, prepare, runInPage, serveModels } from './models.mjs';

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

/** A browser with so many pages at most. @param {number} tabs */
const launch = tabs => Cluster.launch({
  concurrency: Cluster.CONCURRENCY_PAGE, maxConcurrency: tabs, puppeteer, timeout: 300_000,
  puppeteerOptions: { executablePath, args: ['--no-sandbox', '--enable-unsafe-webgpu', '--ignore-gpu-blocklist'] },
});

/** One task of the cluster for each page, which goes on until another kind of work is asked for. @param {any} task */
async function openPages(task) {
  const cluster = await launch(task.tabs), work = await workOf(task), pages = [], holds = [];
  let release;
  const over = new Promise(resolve => { release = resolve; });
  const close = async () => {
    release();
    await Promise.allSettled(holds);
    await cluster.close();
  };
  try {
    await new Promise((resolve, reject) => {
      for (let i = 0; i < task.tabs; i++) holds.push(cluster.execute(null, async ({ page }) => {
        await page.goto(server.origin);
        await page.evaluate(prepare);
        for (let run = 0; run < task.warm_up; run++) await work(page);
        if (pages.push(page) === task.tabs) resolve();
        await over;
      }).catch(reject));
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { pages, work, close };
}

/** @type {{ kind: string, pages: any[], work: (page: any) => Promise<unknown>, close: () => Promise<void> } | undefined} */
let opened;

async function closePages() {
  await opened?.close();
  opened = undefined;
}

/** In the cluster's favour, its pages are ready before the time is taken. @param {any} task */
async function spread(task) {
  const kind = JSON.stringify([task.task, task.model, task.backend, task.tabs]);
  if (opened?.kind !== kind) {
    await closePages();
    opened = { kind, ...await openPages(task) };
  }
  const { pages, work } = opened;
  return timed({ count: task.count, in_flight: task.tabs }, async () => {
    const page = pages.pop();
    await work(page);
    pages.push(page);
  });
}

/** One task of the cluster for each piece of work, as it is meant to be used; no model can be loaded for so short a life. @param {any} task */
async function spreadOnNewPages(task) {
  await closePages();
  const cluster = await launch(task.tabs);
  try {
    const work = await workOf(task);
    return await timed({ count: task.count, in_flight: task.tabs }, () => cluster.execute(null, ({ page }) => work(page)));
  } finally {
    await cluster.close();
  }
}

const versionOf = async name => JSON.parse(await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
await serve({ 'puppeteer-cluster': await versionOf('puppeteer-cluster'), 'puppeteer-core': await versionOf('puppeteer-core') }, task => task.page_for_each ? spreadOnNewPages(task) : spread(task), async () => {
  await closePages();
  server.close();
});
