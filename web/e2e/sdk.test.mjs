// The SDK in a real browser where pages end, crash, sleep in the cache, and collectors fail.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launch } from './browser.mjs';
import { eventually } from './eventually.mjs';
import { Person, seeded } from './person.mjs';
import { context, open as openPage, server } from './tried_shop.mjs';

/** Far above what is measured: tells a blunder from a busy machine. The budget is the page benchmark's to judge. */
const PAGE_MS_PER_EVENT_MAX = 1;

async function open(path, from) {
  const page = await openPage(path, from);
  const { tab_id } = await page.evaluate(() => window.telemetry.stats());
  return { page, tab: tab_id };
}

/** What was captured before a flush is answered after it; the browser may tell more meanwhile. */
async function assertFlushed(page) {
  const [before, after] = await page.evaluate(async () => {
    const before = await window.telemetry.stats();
    await window.telemetry.flush();
    return [before, await window.telemetry.stats()];
  });
  const captured = Object.values(before.captured).reduce((sum, count) => sum + count, 0);
  assert.ok(after.acknowledged >= captured, `${after.acknowledged} of ${captured} were answered`);
}

/** Seqs of a tab that were answered 200. */
function stored(tab) {
  const taken = server.batches.filter((batch) => batch.tab_id === tab && batch.attempt.status === 200);
  return new Set(taken.flatMap(({ events }) => events.map(({ seq }) => seq)));
}

const typesOf = (tab) =>
  server.batches.filter(({ tab_id }) => tab_id === tab).flatMap(({ events }) => events.map(({ type }) => type));

test('a page that ends beacons its tail, as text/plain with the key in the address', async () => {
  const { page, tab } = await open();
  // Only the late part can write a batch, and `flush` waits for it.
  await page.evaluate(() => window.telemetry.flush());
  await page.evaluate(() => window.telemetry.track('last_words'));
  await page.close();
  const batch = await eventually('page_leave', () =>
    server.batches.find(({ tab_id, events }) => tab_id === tab && events.some(({ type }) => type === 'page_leave')),
  );
  assert.match(batch.attempt.contentType, /^text\/plain/);
  assert.equal(batch.attempt.url, '/v1/events?key=shop-key');
  assert.ok(batch.events.some(({ name }) => name === 'last_words'));
  assert.deepEqual([...stored(tab)], [...stored(tab).keys()]);
});

test('the worker asks the browser for client hints, with full versions', async () => {
  const { page, tab } = await open();
  await page.evaluate(() => window.telemetry.flush());
  const [{ client_hints: hints }] = server.batches.filter(({ tab_id }) => tab_id === tab);
  assert.equal(hints.platform, 'Linux');
  assert.equal(hints.max_touch_points, 0);
  assert.match(hints.brands.find(({ brand }) => /Chrom/.test(brand)).version, /^\d+\.\d+\.\d+\.\d+$/);
});

test('a collector that is down while a page lives and ends loses nothing', async () => {
  server.answer = () => 503;
  const { page, tab } = await open();
  const events = 40;
  await page.evaluate((count) => {
    for (let n = 0; n < count; n++) window.telemetry.track('tick', { n });
  }, events);
  await page.goto(`${server.shopUrl}/checkout.html`);
  await page.waitForFunction(() => window.telemetry);
  assert.equal(stored(tab).size, 0);
  server.answer = () => 200;
  await eventually(
    'the events of the first page',
    () => stored(tab).size > events && typesOf(tab).includes('page_leave'),
  );
  const seqs = [...stored(tab)].sort((a, b) => a - b);
  assert.deepEqual(seqs, [...seqs.keys()]);
});

test('a crash of the page loses nothing that was cut: the next page delivers it', async () => {
  server.answer = () => 503;
  const { page, tab } = await open();
  await page.evaluate(() => {
    window.telemetry.track('before_crash');
    window.telemetry.flush();
  });
  await eventually('a first attempt', () => server.batches.some(({ tab_id }) => tab_id === tab));
  const crashed = page.waitForEvent('crash');
  page.goto('chrome://crash').catch(() => {});
  await crashed;
  server.answer = () => 200;
  await open();
  await eventually('the batch of the crashed page', () => stored(tab).size > 0);
  assert.ok(typesOf(tab).includes('custom'));
});

/** Leaves a page and comes back, until the browser takes it from its cache: it may refuse, a busy one often does. */
async function openFromCache(from) {
  for (let attempt = 0; attempt < 6; attempt++) {
    const { page, tab } = await open('/box.html?box=studio', from);
    await page.evaluate(() => {
      window.marker = true;
    });
    await page.goto(`${server.shopUrl}/checkout.html`);
    await page.waitForFunction(() => window.telemetry);
    await page.evaluate(() => setTimeout(() => history.back()));
    await page.waitForURL('**/box.html*', { waitUntil: 'commit' });
    await page.waitForFunction(() => window.telemetry);
    if (await page.evaluate(() => window.marker)) return { page, tab };
    await page.close();
  }
  return assert.fail('the browser never took the page from its cache');
}

test('a page comes back from the back/forward cache, and goes on as the same tab', async () => {
  const caching = await launch([], { ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  try {
    const { page, tab } = await openFromCache(await caching.newContext());
    await page.evaluate(() => window.telemetry.flush());
    const types = typesOf(tab);
    assert.ok(types.includes('page_leave'));
    const seqs = [...stored(tab)].sort((a, b) => a - b);
    assert.deepEqual(seqs, [...seqs.keys()]);
    const stats = await page.evaluate(() => window.telemetry.stats());
    assert.equal(stats.captured.page_view, 2);
    assert.equal(stats.tab_id, tab);
  } finally {
    await caching.close();
  }
});

test('without workers the page itself delivers', async () => {
  await context.addInitScript(() => {
    delete window.Worker;
  });
  const { page, tab } = await open();
  await page.evaluate(() => window.telemetry.track('no_worker'));
  await assertFlushed(page);
  assert.ok(typesOf(tab).includes('custom'));
});

test('two tabs of one visitor: one visitor, two tabs, all delivered', async () => {
  const [one, two] = [await open(), await open('/checkout.html')];
  for (const { page } of [one, two]) await assertFlushed(page);
  assert.notEqual(one.tab, two.tab);
  assert.equal(new Set(server.batches.map(({ visitor_id }) => visitor_id)).size, 1);
});

test('a mouse of 1,000 samples a second is thinned, and the page says so', async () => {
  await context.addInitScript(() => localStorage.setItem('ct-test', '1'));
  const { page } = await open();
  // Scripted events, which only the test mode takes: a busy machine cannot dispatch real ones this fast.
  const sent = await page.evaluate(async () => {
    let count = 0;
    const until = performance.now() + 3000;
    while (performance.now() < until) {
      for (let n = 0; n < 300; n++, count++)
        document.body.dispatchEvent(new PointerEvent('pointermove', { clientX: n }));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return count;
  });
  await page.evaluate(() => window.telemetry.flush());
  const degraded = server.batches.flatMap(({ events }) => events.filter(({ type }) => type === 'capture_degraded'));
  assert.deepEqual(degraded[0].degraded, { what: 'pointer', rate_hz: 60 });
  const stats = await page.evaluate(() => window.telemetry.stats());
  assert.ok(stats.pointer_samples < sent, `${stats.pointer_samples} of ${sent} samples`);
});

/** Milliseconds that the page's thread spent in functions of a script, or in what they called, during `act`. */
async function timeIn(script, page, act) {
  const session = await context.newCDPSession(page);
  await session.send('Profiler.enable');
  await session.send('Profiler.setSamplingInterval', { interval: 100 });
  await session.send('Profiler.start');
  await act();
  const { nodes, samples, timeDeltas } = (await session.send('Profiler.stop')).profile;
  const inside = new Set();
  const visit = (node, parentInside) => {
    const here = parentInside || node.callFrame.url.endsWith(script);
    if (here) inside.add(node.id);
    for (const id of node.children ?? []) visit(byId.get(id), here);
  };
  const byId = new Map(nodes.map((node) => [node.id, node]));
  visit(nodes[0], false);
  // A delta is the time before its sample: the time since the sample before.
  return samples.reduce((sum, id, i) => sum + (inside.has(id) ? (timeDeltas[i + 1] ?? 0) : 0), 0) / 1000;
}

test('what capture costs the page thread', async (t) => {
  const { page } = await open();
  const person = await Person.at(page, seeded(3));
  const counts = async () => {
    const { captured, pointer_samples } = await page.evaluate(() => window.telemetry.stats());
    return { events: Object.values(captured).reduce((sum, count) => sum + count, 0), samples: pointer_samples };
  };
  const wander = async () => {
    for (const y of [200, 400, 250, 500, 300, 450]) await person.moveTo(y * 2, y);
  };
  await wander(); // a page lives for minutes: its first events, not yet compiled, are not what it costs
  const before = await counts();
  const ms = await timeIn('telemetry.js', page, wander);
  const after = await counts();
  const events = after.events - before.events;
  const samples = after.samples - before.samples;
  t.diagnostic(`${ms.toFixed(1)} ms of the page's thread for ${events} events with ${samples} samples`);
  assert.ok(ms / events < PAGE_MS_PER_EVENT_MAX, `${ms / events} ms an event`);
});
