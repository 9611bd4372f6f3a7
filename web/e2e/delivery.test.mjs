// How batches leave a real browser where workers and policies are in the way, and when the page ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from './eventually.mjs';
import { lateIsThere } from './late.mjs';
import { built } from './site.mjs';
import { complete, context, degradedOf, flush, open, server, track, typesOf } from './tried_site.mjs';

describe('what the network sees', () => {
  test('an error before the late part is there is not sent before what it has to tell of elements', async () => {
    const asked = new Promise((resolve) => {
      server.files['/telemetry.late.js'] = (_, response) => resolve(response);
    });
    server.page = '<button id="buy">Buy</button>';
    const { page, tab } = await open();
    await page.click('#buy');
    await page.evaluate(() => {
      setTimeout(() => {
        throw new Error('mine');
      });
    });
    await eventually('the error', () =>
      page.evaluate(async () => (await window.customerTelemetry.stats()).captured.error),
    );
    const response = await asked;
    response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(built('telemetry.late.js'));
    await flush(page);
    const click = server.events(tab).find(({ type }) => type === 'click');
    assert.equal(click.element.id, 'buy');
  });

  test('a late part that the page preloads is asked for once', async () => {
    let asked = 0;
    server.files['/telemetry.late.js'] = (_, response) => {
      asked++;
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(built('telemetry.late.js'));
    };
    server.page = '<link rel="modulepreload" href="/telemetry.late.js">';
    const { page } = await open();
    await flush(page);
    assert.equal(asked, 1);
  });

  test('one request a batch and none before it, compressed once the collector knows how', async () => {
    server.answer = () => ({ status: 200, encodings: ['gzip'] });
    const { page, tab } = await open();
    for (let n = 0; n < 3; n++) {
      await page.evaluate(() => {
        for (let n = 0; n < 50; n++) window.telemetry.track('tick', { n });
      });
      await flush(page);
    }
    assert.deepEqual(
      server.requests.map(({ method, batch }) => [method, batch?.batch_seq]),
      [
        ['POST', 0],
        ['POST', 1],
        ['POST', 2],
      ],
    );
    const [first, second] = server.requests;
    assert.ok(second.bytes * 3 < first.bytes, `${first.bytes} bytes, then ${second.bytes}`);
    complete(tab);
  });

  test('a collector on the own origin: no preflight, and the encoding named', async () => {
    server.attributes['data-ct-endpoint'] = server.url;
    const { page } = await open();
    await flush(page);
    assert.deepEqual(
      server.requests.map(({ method, headers }) => [method, headers['content-encoding']]),
      [['POST', 'gzip']],
    );
  });

  test('the path that takes batches can be named', async () => {
    server.attributes = { 'data-ct-path': '/v1/in', 'data-ct-endpoint': `${server.collectorUrl}/` };
    const { page } = await open();
    await flush(page);
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      ['/v1/in?key=shop-key'],
    );
  });
});

describe('a worker that cannot be had', () => {
  const HTML = { type: 'text/html', body: '<!doctype html><title>Not found</title>' };
  const CASES = {
    'a missing file': { '/telemetry.worker.js': { status: 404, type: 'text/plain', body: 'no' } },
    'an HTML page': { '/telemetry.worker.js': HTML },
    'an HTML page that says it is a script': { '/telemetry.worker.js': { ...HTML, type: 'text/javascript' } },
    'another script': { '/telemetry.worker.js': { type: 'text/javascript', body: 'throw new Error("another")' } },
  };
  for (const [what, files] of Object.entries(CASES))
    test(`${what}: the page sends by itself, says so once, and has no errors`, async () => {
      Object.assign(server.files, files);
      const { page, tab, errors } = await open();
      await eventually('a way', () =>
        page.evaluate(() => window.telemetry.stats().then(({ captured }) => captured.capture_degraded)),
      );
      await track(page, 'bought');
      await flush(page);
      assert.deepEqual(typesOf(tab), ['page_view', 'capture_degraded', 'bought']);
      assert.deepEqual(degradedOf(tab), ['worker']);
      const { pending, acknowledged } = await page.evaluate(() => window.telemetry.stats());
      assert.deepEqual([pending, acknowledged], [0, server.events(tab).length]);
      assert.deepEqual(errors, []);
      await page.close();
      await eventually('page_leave', () => typesOf(tab).includes('page_leave'));
    });

  test('and a collector that takes a batch and never answers: it is given up, and the next one is sent', async () => {
    Object.assign(server.files, CASES['a missing file']);
    // The deadline of a request is soon.
    await context.addInitScript(() => {
      const timeout = AbortSignal.timeout.bind(AbortSignal);
      AbortSignal.timeout = (ms) => timeout(ms === 30_000 ? 300 : ms);
    });
    let turn = 0;
    server.answer = () => (turn++ ? { status: 200 } : new Promise(() => {}));
    const { page, tab, errors } = await open();
    await lateIsThere(page);
    await flush(page);
    await track(page, 'bought');
    await flush(page);
    assert.ok(server.requests[0].gone);
    assert.ok(typesOf(tab).includes('bought'));
    const { pending, dropped } = await page.evaluate(() => window.telemetry.stats());
    assert.deepEqual([pending, dropped > 0], [0, true]);
    assert.deepEqual(errors, []);
  });

  test('a policy without workers: the same class delivers from the page, and tries again', async () => {
    server.headers['Content-Security-Policy'] = "worker-src 'none'";
    let turn = 0;
    server.answer = () => ({ status: turn++ ? 200 : 503 });
    const { page, tab, errors } = await open();
    await flush(page);
    assert.deepEqual(typesOf(tab), ['page_view']);
    assert.equal(server.requests.length, 2);
    assert.deepEqual(errors, []);
  });

  test('a file that never comes: after a while the page sends by itself', async () => {
    server.files['/telemetry.worker.js'] = () => {};
    const { page, tab } = await open();
    await page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('the first batch', () => server.events(tab).length);
  });
});

describe('trusted types', () => {
  const REQUIRED = "require-trusted-types-for 'script'";
  for (const [policy, way] of [
    [REQUIRED, 'worker'],
    [`${REQUIRED}; trusted-types customer-telemetry`, 'worker'],
    [`${REQUIRED}; trusted-types another`, 'alone'],
    [`${REQUIRED}; trusted-types 'none'`, 'alone'],
  ])
    test(`${policy}: ${way}`, async () => {
      server.headers['Content-Security-Policy'] = policy;
      const { page, tab, errors } = await open();
      await track(page, 'bought');
      await flush(page);
      assert.ok(typesOf(tab).includes('bought'));
      const { captured } = await page.evaluate(() => window.telemetry.stats());
      assert.equal(captured.capture_degraded ?? 0, way === 'alone' ? 1 : 0);
      assert.deepEqual(errors, []);
    });
});

describe('the end of a page', () => {
  test('takes 40 KiB of the 64 that a page has in flight; the rest is in localStorage for the next page', async () => {
    // A worker that never comes: everything is unkept.
    server.files['/telemetry.worker.js'] = () => {};
    server.page = `<script>addEventListener('pagehide', () => {
      localStorage.own = navigator.sendBeacon('/own', 'x'.repeat(15 * 1024));
    })</script>`;
    server.files['/own'] = { type: 'text/plain', body: '' };
    const { page, tab } = await open();
    await lateIsThere(page);
    await page.evaluate(() => {
      for (let n = 0; n < 100; n++) window.telemetry.track('big', { text: 'x'.repeat(1000) });
    });
    // The browser asks once for an address at a time, and the first page's request still waits.
    server.attributes['data-ct-worker'] = '/there.js';
    server.files['/there.js'] = { type: 'text/javascript', body: built('telemetry.worker.js') };
    server.page = '';
    await page.goto(server.url);
    assert.equal(await page.evaluate(() => localStorage.own), 'true');
    await flush(page);
    // A worker names no character set.
    const beacons = server.requests.filter(({ headers }) => /charset/.test(headers['content-type']));
    assert.ok(beacons.length > 0);
    assert.ok(beacons.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0) <= 40 * 1024);
    assert.equal(typesOf(tab).filter((name) => name === 'big').length, 100);
    complete(tab);
  });

  test('before the page can write batches, its tail is in localStorage for the next page', async () => {
    server.files['/telemetry.late.js'] = () => {};
    server.files['/telemetry.worker.js'] = () => {};
    const { page, tab } = await open();
    await track(page, 'early');
    server.attributes = { 'data-ct-late': '/late.js', 'data-ct-worker': '/there.js' };
    server.files['/late.js'] = { type: 'text/javascript', body: built('telemetry.late.js') };
    server.files['/there.js'] = { type: 'text/javascript', body: built('telemetry.worker.js') };
    await page.goto(server.url);
    await flush(page);
    assert.deepEqual(typesOf(tab), ['page_view', 'early', 'page_leave']);
  });

  test('where only the beacon is left, a batch that does not fit goes in parts', async () => {
    server.files['/telemetry.worker.js'] = () => {};
    server.attributes['data-ct-memory-only'] = '';
    const { page, tab } = await open();
    await lateIsThere(page);
    await page.evaluate(() => {
      // Three bytes a letter: about 60 KiB.
      for (let n = 0; n < 20; n++) window.telemetry.track('big', { text: '漢'.repeat(1000) });
    });
    await page.goto('about:blank');
    await eventually('all that fits', () => server.events(tab).length > 10 && server.taken(tab).length > 1);
    const sent = server.taken(tab);
    assert.equal(new Set(sent.map(({ batch }) => batch.batch_id)).size, sent.length);
  });
});

test("the site's own filter runs in the worker, and what it holds back is counted", async () => {
  server.attributes['data-ct-hooks'] = '/hooks.js';
  server.files['/hooks.js'] = {
    type: 'text/javascript',
    body: `telemetryBeforeSend = (event) => {
      if (event.name === 'secret') return null;
      delete event.properties;
      return event;
    }`,
  };
  const { page, tab } = await open();
  await page.evaluate(() => {
    window.telemetry.track('secret', { a: 'hidden' });
    window.telemetry.track('bought', { a: 'hidden' });
  });
  await flush(page);
  await page.evaluate(() => window.telemetry.track('bought', { a: 'hidden' }));
  await page.goto(server.url);
  await flush(page);
  assert.deepEqual(typesOf(tab), ['page_view', 'capture_degraded', 'bought', 'bought', 'page_leave']);
  assert.deepEqual(degradedOf(tab), ['before_send']);
  assert.ok(!JSON.stringify(server.requests).includes('hidden'));
});

describe('where the worker lies', () => {
  for (const script of ['/lib.js/telemetry.js', '/telemetry.js?v=1.2.js', '/telemetry.js#a.js'])
    test(`beside ${script}`, async () => {
      server.script = script;
      for (const name of ['telemetry.js', 'telemetry.late.js', 'telemetry.worker.js'])
        server.files[`/lib.js/${name}`] = { type: 'text/javascript', body: built(name) };
      const { page, tab } = await open();
      await flush(page);
      assert.deepEqual(typesOf(tab), ['page_view']);
      assert.equal(page.workers().length, 1);
    });

  test('beside the immutable name of a build', async () => {
    const manifest = JSON.parse(built('manifest.json'));
    server.script = `/${manifest['telemetry.js'].immutable}`;
    server.attributes.integrity = manifest['telemetry.js'].integrity;
    const { page, tab } = await open();
    await flush(page);
    assert.deepEqual(typesOf(tab), ['page_view']);
    assert.equal(page.workers()[0].url(), `${server.url}/${manifest['telemetry.worker.js'].immutable}`);
  });
});
