// A browser and a site for each test, and what tests ask of both.
import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';
import { launch } from './browser.mjs';
import { site } from './site.mjs';

let browser;
/** Of the present test. */
export let server;
export let context;

before(async () => {
  browser = await launch();
});

after(() => browser.close());

beforeEach(async (t) => {
  server = await site();
  context = await browser.newContext();
  t.after(async () => {
    await context.close();
    await server.close();
  });
});

/** Opens a page of the site; `errors`: what the page's own listeners for errors would see. */
export async function open(path = '/') {
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(server.url + path);
  const { tab_id, visitor_id } = await page.evaluate(() => window.customerTelemetry.stats());
  return { page, tab: tab_id, visitor: visitor_id, errors };
}

/** Settles when all is answered; rejects after 15 s. */
export function flush(page) {
  return page.evaluate(() => {
    const late = new Promise((_, reject) => setTimeout(reject, 15_000, new Error('flush() did not settle')));
    return Promise.race([window.customerTelemetry.flush(), late]);
  });
}

export const track = (page, name) => page.evaluate((name) => window.customerTelemetry.track(name), name);
/** But for what the browser tells when it wants: vitals, long frames, requests for images and scripts. */
export const typesOf = (tab) =>
  server
    .events(tab)
    .map(({ type, name }) => name ?? type)
    .filter((type) => !['web_vital', 'long_frame', 'request'].includes(type));
export const degradedOf = (tab) => server.events(tab).flatMap(({ degraded }) => degraded?.what ?? []);

/** Seqs from 0 without a gap. */
export function complete(tab) {
  const seqs = server.events(tab).map(({ seq }) => seq);
  assert.deepEqual(seqs, [...seqs.keys()]);
}

export const down = () => ({ status: 503 });
/** It has read the request, and dies. */
export const killed = () => ({ status: 0 });
export const up = () => ({ status: 200 });

/** What of ours is on this device, as a page of the site sees it. */
export function onDevice(page) {
  return page.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name);
    const countIn = (name) =>
      new Promise((resolve) => {
        const request = indexedDB.open(name);
        // It was deleted since it was listed: it must not be made anew.
        request.onupgradeneeded = () => request.transaction.abort();
        request.onerror = () => resolve(0);
        request.onsuccess = () => {
          const count = request.result.transaction('batches').objectStore('batches').count();
          count.onsuccess = () => {
            request.result.close();
            resolve(count.result);
          };
        };
      });
    const held = (name) => (names.includes(name) ? countIn(name) : 0);
    const tails = Object.keys(localStorage).filter((name) => name.startsWith('ct-')).length;
    const cookie = /ct_visitor=[^;]/.test(document.cookie);
    return { batches: await held('ct-outbox'), frames: await held('ct-frames'), tails, cookie };
  });
}

export const NOTHING = { batches: 0, frames: 0, tails: 0, cookie: false };
