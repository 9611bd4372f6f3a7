// A browser for a file of tests, and for each test a shop with a collector and a context of its own.
import { after, before, beforeEach } from 'node:test';
import { serve } from '../shop/serve.mjs';
import { launch } from './browser.mjs';

let browser;
/** Of the present test. */
export let server;
export let context;
/** HTML by path, beside the shop's own. */
export const pages = {};

before(async () => {
  browser = await launch();
});

after(() => browser.close());

beforeEach(async (t) => {
  server = await serve({ pages });
  context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
  t.after(async () => {
    await context.close();
    await server.close();
  });
});

/** A document with the SDK at its end; `attributes`: further ones of the script. */
export const withSdk = (body, attributes = '') =>
  `<!doctype html><meta charset="utf-8">${body}<script src="/telemetry/telemetry.js" defer data-ct-key="shop-key"
  data-ct-endpoint="${server.collectorUrl}" ${attributes}></script>`;

export async function open(path = '/', from = context) {
  const page = await from.newPage();
  await page.goto(server.shopUrl + path);
  await page.waitForFunction(() => window.telemetry);
  return page;
}
