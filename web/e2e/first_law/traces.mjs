// What we leave on a page that nobody uses: no listener that costs the page something, no work at rest, no request of our own told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../eventually.mjs';
import { callsDuring, open } from '../laboratory.mjs';

async function listenersOf({ cdp }, expression) {
  const { result } = await cdp.send('Runtime.evaluate', { expression });
  const { listeners } = await cdp.send('DOMDebugger.getEventListeners', { objectId: result.objectId });
  return listeners;
}

test('no listener keeps the page out of the back/forward cache, or makes scrolling wait', async (t) => {
  const trial = await open(t, { body: '<p style="height:5000px">long</p>' });
  const all = [...(await listenersOf(trial, 'window')), ...(await listenersOf(trial, 'document'))];
  const ours = all.filter(({ scriptId }) => scriptId !== '0'); // the witness's are none of these kinds
  assert.ok(ours.length > 5, 'the SDK listens');
  const ends = ours.map(({ type }) => type).filter((type) => ['unload', 'beforeunload'].includes(type));
  assert.deepEqual(ends, []);
  const waiting = ours.filter(({ type, passive }) => /^(touch|wheel|mousewheel|scroll|pointer)/.test(type) && !passive);
  assert.deepEqual(
    waiting.map(({ type }) => type),
    [],
  );
});

test('no global but the API', async (t) => {
  const names = (trial) => trial.run('return Object.getOwnPropertyNames(window)');
  const [without, with_] = [await open(t, { sdk: false }), await open(t, {})];
  const known = new Set(await names(without));
  const added = (await names(with_)).filter((name) => !known.has(name));
  assert.ok(added.includes('telemetry'));
  assert.deepEqual(
    added.filter((name) => !['telemetry', 'customerTelemetry'].includes(name)),
    [],
  );
});

test('a page at rest: nothing of ours runs', async (t) => {
  const trial = await open(t, { body: '<button id="buy">Buy</button>' });
  // All parts are there then.
  await trial.delivered();
  await trial.page.click('#buy');
  // That it had no effect is known after a while, and is the last that the click leads to.
  await eventually('the effect of the click', () => trial.events('effect').length);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const calls = await callsDuring(() => new Promise((resolve) => setTimeout(resolve, 1500)));
  const total = calls.reduce((sum, call) => sum + call, 0);
  assert.ok(total < 3, `${total.toFixed(1)} ms in 1.5 s: ${calls.map((call) => call.toFixed(1))}`);
});

test('our own requests are told to nobody, nor counted as requests of the page', async (t) => {
  const trial = await open(t, {});
  for (let n = 0; n < 3; n++) await trial.delivered(`mark ${n}`);
  await trial.run("return fetch('/api/ok').then((response) => response.text())");
  await eventually('the request of the page', async () => {
    await trial.delivered();
    return trial.events('request').length;
  });
  const told = trial.events('request').map(({ request }) => new URL(request.url, 'http://page').pathname);
  assert.deepEqual(
    told.filter((path) => path !== '/favicon.ico'),
    ['/api/ok'],
  );
});

test('the script twice on a page: one capture, and the first API stays', async (t) => {
  const html =
    '<!doctype html><!--sdk--><script>window.first = telemetry;</script><!--sdk--><button id="buy">Buy</button>';
  const trial = await open(t, { html });
  await trial.page.click('#buy');
  await trial.delivered();
  assert.equal(await trial.run('return first === telemetry'), true);
  assert.equal(trial.events('click').length, 1);
  assert.equal(trial.events('page_view').length, 1);
});
