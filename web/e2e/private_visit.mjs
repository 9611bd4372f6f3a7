// Visits a page that holds private words everywhere, on the shop's origin. See `usage`.
import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';
import { BODY, change, FILES, leave, PATH, PLAIN, PRIVATE } from './private_page.mjs';

const usage = `usage: node e2e/private_visit.mjs --shop URL

Has headless Chromium (CHROMIUM, or /usr/bin/chromium) open a page of the shop's origin, with the shop's SDK and collector, that is
recorded and holds private words wherever a page may: then they change, more are typed, and the page view ends. Prints
{"private","plain","problems"} (what is in every private word, and words that anybody may know) and stays until SIGTERM, so
that everything arrives. Exit 1: the page had errors.`;

const { values } = parseArgs({ options: { shop: { type: 'string' }, help: { type: 'boolean', default: false } } });
if (values.help) console.log(usage);
else if (!values.shop) console.error(usage);
if (values.help || !values.shop) process.exit(values.help ? 0 : 2);

const told = new Promise((resolve) => process.once('SIGTERM', resolve));
const { collector_url, write_key } = await (await fetch(`${values.shop}/shop-config.json`)).json();
const sdk = `<script src="/telemetry/telemetry.js" data-ct-key="${write_key}" data-ct-endpoint="${collector_url}"
  data-ct-worker="/telemetry/telemetry.worker.js" data-ct-replay="always"></script>`;

const browser = await launch();
const problems = [];
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  const files = { '/user': { type: 'text/html; charset=utf-8', body: `<!doctype html>${BODY}${sdk}` }, ...FILES };
  for (const [path, { type, body, cache = 'max-age=600' }] of Object.entries(files))
    await page.route(
      (url) => url.pathname === path,
      (route) => route.fulfill({ contentType: type, headers: { 'Cache-Control': cache }, body }),
    );
  const snapshot = page.waitForResponse((response) => /\/v1\/replay\?/.test(response.url()) && response.ok());
  await page.goto(values.shop + PATH);
  await snapshot;
  await change(page);
  await leave(page);
  await page.evaluate(() => window.telemetry.flush());
  console.log(JSON.stringify({ private: PRIVATE, plain: PLAIN, problems }));
  await told;
} finally {
  await browser.close();
}
process.exit(problems.length ? 1 : 0);
