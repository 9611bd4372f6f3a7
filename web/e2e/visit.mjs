// Visits the shop as a person would, and says what the pages counted. See `usage`.
import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';
import { Person, seeded } from './person.mjs';
import { visitShop } from './shop_visit.mjs';

const usage = `usage: node e2e/visit.mjs --shop URL [--seconds 60] [--visitors 1] [--seed 7] [--canary TEXT] [--json]

Drives headless Chromium (CHROMIUM, or /usr/bin/chromium) through the shop: one browser context per visitor, all at
once. --canary is the text typed into every field. Prints what each document's SDK counted; with --json as
{"visitors":[{"visitor_id","tabs":[{"tab_id","captured","pointer_samples","dispatched_samples","acknowledged","dropped"}]}],"problems":[]}.
"captured" holds all events of the document, page_leave included. Half of the page loads wait for telemetry.flush(),
the others leave abruptly: their "acknowledged" is what was known at that moment. Exit 1: errors or CSP violations on a
page, or events that no answer came for within 60 s of the end.`;

/** How long the last page of a visit may take to get everything acknowledged. */
const SETTLE_MS = 60_000;

function options() {
  const { values } = parseArgs({
    options: {
      shop: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      visitors: { type: 'string', default: '1' },
      seed: { type: 'string', default: '7' },
      canary: { type: 'string', default: 'Quartermaine' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(usage);
  else if (!values.shop) console.error(usage);
  if (values.help || !values.shop) process.exit(values.help ? 0 : 2);
  const [seconds, visitors, seed] = [values.seconds, values.visitors, values.seed].map(Number);
  return { ...values, seconds, visitors, seed };
}

/** Errors of the page, other than the one that the shop plants and trouble in reaching the collector. */
function watch(page, problems) {
  page.on('pageerror', (error) => {
    if (!/reading 'open'/.test(error.message)) problems.push(`page error: ${error.message}`);
  });
  page.on('console', (message) => {
    const { url } = message.location();
    const text = message.text();
    if (message.type() !== 'error' || url.includes('/v1/events') || text.includes('/v1/events')) return;
    if (!/reading 'open'/.test(text)) problems.push(`console: ${text} (${url})`);
  });
}

const ready = (page) =>
  page
    .waitForFunction(() => window.telemetry, null, { timeout: 15_000 })
    .then(() => page.evaluate(() => window.telemetry.stats()));

/** Waits until everything is acknowledged, also of earlier documents; then stops capturing: the counts are final. */
function settle(page) {
  return page.evaluate(async (settleMs) => {
    const deadline = performance.now() + settleMs;
    const done = (request) =>
      new Promise((resolve, reject) =>
        Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }),
      );
    const stored = async () => {
      const database = await done(indexedDB.open('ct-outbox'));
      return done(database.transaction('batches').objectStore('batches').count()).finally(() => database.close());
    };
    for (;;) {
      await Promise.race([
        window.telemetry.flush(),
        new Promise((done) => setTimeout(done, deadline - performance.now())),
      ]);
      const tails = Object.keys(localStorage).filter((name) => name.startsWith('ct-tail:'));
      const unsent = (await stored()) + tails.length;
      // From here to the denial nothing may happen on the page, or it would be captured and not counted.
      const stats = await window.telemetry.stats();
      if ((stats.pending === 0 && unsent === 0) || performance.now() > deadline) {
        window.telemetry.consent('denied');
        return { ...stats, unsent };
      }
    }
  }, SETTLE_MS);
}

async function visitor(browser, { shop, seconds, seed, canary }, number, problems) {
  const random = seeded(seed * 1000 + number);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(() => {
    if (location.protocol.startsWith('http')) localStorage.setItem('ct-test', '1');
  });
  const page = await context.newPage();
  watch(page, problems);
  await page.goto(shop, { waitUntil: 'load' });
  const person = await Person.at(page, random);
  const dispatched = {};
  let { tab_id, visitor_id } = await ready(page);

  const leave = async (go) => {
    if (random() < 0.5) await page.evaluate(() => window.telemetry.flush());
    await go();
    dispatched[tab_id] = person.takeDispatched();
    ({ tab_id } = await ready(page));
  };
  await visitShop(person, canary, Date.now() + seconds * 1000, leave);
  // One more page load: its SDK delivers what the document before could not.
  await leave(() => page.goto(shop, { waitUntil: 'load' }));
  const last = await settle(page);
  dispatched[last.tab_id] = person.takeDispatched();
  if (last.unsent) problems.push(`visitor ${visitor_id}: ${last.unsent} batches are still in the outbox`);
  if (last.pending)
    problems.push(`visitor ${visitor_id}: ${last.pending} events of tab ${last.tab_id} without an answer`);
  const finals = await page.evaluate(() =>
    Object.keys(localStorage)
      .filter((name) => name.startsWith('ct-final-'))
      .map((name) => JSON.parse(localStorage.getItem(name))),
  );
  const tabs = [...finals, last].sort((a, b) => a.tab_id.localeCompare(b.tab_id));
  await context.close();
  return {
    visitor_id,
    tabs: tabs.map(({ tab_id, captured, pointer_samples, acknowledged, dropped }) => {
      return { tab_id, captured, pointer_samples, dispatched_samples: dispatched[tab_id] ?? 0, acknowledged, dropped };
    }),
  };
}

function print({ visitors }) {
  for (const { visitor_id, tabs } of visitors) {
    const total = {};
    for (const { captured } of tabs)
      for (const [type, count] of Object.entries(captured)) total[type] = (total[type] ?? 0) + count;
    const events = Object.values(total).reduce((sum, count) => sum + count, 0);
    console.log(`visitor ${visitor_id}: ${tabs.length} documents, ${events} events`);
    for (const [type, count] of Object.entries(total).sort((a, b) => b[1] - a[1])) console.log(`  ${type} ${count}`);
  }
}

const chosen = options();
const problems = [];
const browser = await launch();
try {
  const numbers = Array.from({ length: chosen.visitors }, (_, number) => number);
  const visitors = await Promise.all(numbers.map((number) => visitor(browser, chosen, number, problems)));
  if (chosen.json) console.log(JSON.stringify({ visitors, problems }));
  else print({ visitors });
} finally {
  await browser.close();
}
for (const problem of problems) console.error(`visit: ${problem}`);
process.exit(problems.length ? 1 : 0);
