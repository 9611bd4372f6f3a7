// The API is there in a real browser, whatever the page is called, lacks, throws or hands over.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from './eventually.mjs';
import { built } from './site.mjs';
import { flush, open, server, track, typesOf } from './tried_site.mjs';

test('a frame without an origin: the API is there, and all is sent', async () => {
  // For such a frame its own files are another origin's.
  server.headers['Access-Control-Allow-Origin'] = '*';
  const { page } = await open();
  await flush(page);
  server.requests.length = 0;
  await page.evaluate((address) => {
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', 'allow-scripts');
    frame.src = address;
    document.body.append(frame);
  }, server.url);
  await eventually('the frame', () => page.frames().length === 2);
  const frame = page.frames()[1];
  await frame.waitForFunction(() => window.telemetry);
  await frame.evaluate(() => window.telemetry.track('bought'));
  await flush(frame);
  const stats = await frame.evaluate(() => window.telemetry.stats());
  assert.ok(typesOf(stats.tab_id).includes('bought'));
  assert.equal(await frame.evaluate(() => window.telemetry.forget()), undefined);
});

describe('names on the page', () => {
  for (const body of [
    '<section id="telemetry"></section><section id="customerTelemetry"></section>',
    '<form name="telemetry"><input name="flush"></form>',
    '<img name="cookie"><img name="currentScript"><img name="documentElement"><form name="createElement"></form>',
    '<img name="head"><img name="body"><form name="addEventListener"></form>',
    '<form id="localStorage"></form><form id="indexedDB"></form><form id="Worker"></form>',
  ])
    test(`${body}`, async () => {
      server.page = body;
      const { page, tab, errors } = await open();
      assert.equal(await page.evaluate(() => window.telemetry === window.customerTelemetry), true);
      await track(page, 'bought');
      await flush(page);
      assert.ok(typesOf(tab).includes('bought'));
      assert.match(
        await page.evaluate(() => Object.getOwnPropertyDescriptor(Document.prototype, 'cookie').get.call(document)),
        /ct_visitor/,
      );
      assert.deepEqual(errors, []);
    });

  test('what the page has of its own by our name stays', async () => {
    server.page = '<script>window.telemetry = "mine"</script>';
    const { page, tab } = await open();
    assert.equal(await page.evaluate(() => window.telemetry), 'mine');
    await flush(page);
    assert.deepEqual(typesOf(tab), ['page_view']);
  });
});

test('whatever fails at the start, there is an API, and it settles', async () => {
  for (const broken of ['MessageChannel', 'IntersectionObserver', 'Float64Array', 'Uint32Array', 'crypto']) {
    server.page = `<script>Object.defineProperty(window, '${broken}', { value: undefined })</script>`;
    const { page, errors } = await open();
    const settled = await page.evaluate(async () => {
      window.telemetry.track('x');
      window.telemetry.identify({ toString: null });
      await Promise.all([window.telemetry.flush(), window.telemetry.stats(), window.telemetry.forget()]);
      return true;
    });
    assert.ok(settled);
    assert.deepEqual(errors, [], broken);
    await page.close();
  }
});

test('a flush that waits for the late part settles when consent is taken back meanwhile', async () => {
  const asked = new Promise((resolve) => {
    server.files['/telemetry.late.js'] = (_, response) => resolve(response);
  });
  const { page } = await open();
  const settled = page.evaluate(async () => {
    const flushed = window.telemetry.flush();
    await window.telemetry.forget();
    await flushed;
    return 'settled';
  });
  const response = await asked;
  await page.evaluate(() => window.telemetry.stats());
  response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(built('telemetry.late.js'));
  assert.equal(await settled, 'settled');
});

test('no argument of the API harms the page', async () => {
  const { page, tab, errors } = await open();
  await page.evaluate(() => {
    const { telemetry } = window;
    const bad = {
      toString() {
        throw new Error('no text');
      },
    };
    const junk = [undefined, null, bad, Symbol('s'), 1n, [], document, window, () => {}, Object.create(null)];
    for (const one of junk) {
      telemetry.track(one, one);
      telemetry.track('named', one);
      telemetry.identify(one);
    }
    telemetry.identify('customer-17');
    telemetry.track('bought');
  });
  await flush(page);
  assert.ok(typesOf(tab).includes('bought'));
  assert.equal(server.requests.at(-1).batch.identity.user_id, 'customer-17');
  assert.deepEqual(errors, []);
});

describe('properties without an end', () => {
  for (const [what, make] of Object.entries({
    'three objects that hold each other':
      'const a={},b={},c={}; for (const o of [a,b,c]) Object.assign(o,{a,b,c}); return {a}',
    four: 'const a={},b={},c={},d={}; for (const o of [a,b,c,d]) Object.assign(o,{a,b,c,d}); return {a}',
    'an event': "return { event: new MouseEvent('click', { view: window, relatedTarget: document.body }) }",
    'the window': 'return { window, self, document, body: document.body }',
    'the window itself': 'return window',
    'an endless getter':
      'return { get next() { return Object.create(Object.prototype, Object.getOwnPropertyDescriptors(this)); } }',
  }))
    test(what, async () => {
      const { page, tab } = await open();
      const ms = await page.evaluate((make) => {
        const properties = new Function(make)();
        const begun = performance.now();
        window.telemetry.track('bought', properties);
        return performance.now() - begun;
      }, make);
      assert.ok(ms < 100, `${ms} ms`);
      await flush(page);
      assert.ok(typesOf(tab).includes('bought'));
    });
});
