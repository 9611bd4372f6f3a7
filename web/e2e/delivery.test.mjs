// How batches leave a real browser where workers, databases, policies and other tabs are in the way.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { launch } from './browser.mjs';
import { built, eventually, site } from './site.mjs';

let browser;
let server;
let context;

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
async function open(path = '/') {
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(server.url + path);
  const { tab_id, visitor_id } = await page.evaluate(() => window.customerTelemetry.stats());
  return { page, tab: tab_id, visitor: visitor_id, errors };
}

/** Settles when all is answered; rejects after 15 s. */
function flush(page) {
  return page.evaluate(() => {
    const late = new Promise((_, reject) => setTimeout(reject, 15_000, new Error('flush() did not settle')));
    return Promise.race([window.customerTelemetry.flush(), late]);
  });
}

const track = (page, name) => page.evaluate((name) => window.customerTelemetry.track(name), name);
/** But for what the browser tells when it wants: vitals, long frames, requests for images and scripts. */
const typesOf = (tab) =>
  server
    .events(tab)
    .map(({ type, name }) => name ?? type)
    .filter((type) => !['web_vital', 'long_frame', 'request'].includes(type));
const degradedOf = (tab) => server.events(tab).flatMap(({ degraded }) => degraded?.what ?? []);

/** Seqs from 0 without a gap. */
function complete(tab) {
  const seqs = server.events(tab).map(({ seq }) => seq);
  assert.deepEqual(seqs, [...seqs.keys()]);
}

const down = () => ({ status: 503 });
const up = () => ({ status: 200 });

describe('what the network sees', () => {
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

/** What of ours is on this device, as a page of the site sees it. */
function onDevice(page) {
  return page.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name);
    let batches = 0;
    if (names.includes('ct-outbox'))
      batches = await new Promise((resolve) => {
        const request = indexedDB.open('ct-outbox');
        request.onsuccess = () => {
          const count = request.result.transaction('batches').objectStore('batches').count();
          count.onsuccess = () => {
            request.result.close();
            resolve(count.result);
          };
        };
      });
    const tails = Object.keys(localStorage).filter((name) => name.startsWith('ct-')).length;
    return { batches, tails, cookie: /ct_visitor=[^;]/.test(document.cookie) };
  });
}

const NOTHING = { batches: 0, tails: 0, cookie: false };

describe('consent taken back', () => {
  /** A page that has stored what it could not send, and is gone. */
  async function leftBehind() {
    server.answer = down;
    const { page, tab } = await open();
    await track(page, 'private');
    page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('a first attempt', () => server.requests.some(({ batch }) => batch?.tab_id === tab));
    await eventually('stored', async () => (await onDevice(page)).batches > 0);
    await page.goto(`${server.url}/plain`);
    return { page, tab };
  }

  /** A granted page with a collector that takes everything gets nothing of before. */
  async function nothingOf(tab) {
    server.answer = up;
    server.attributes = {};
    const { page } = await open();
    await track(page, 'later');
    await flush(page);
    assert.deepEqual(server.events(tab), []);
    return page;
  }

  test('by consent("denied"): what this page and earlier ones kept is deleted', async () => {
    const before = await leftBehind();
    const { page, tab } = await open();
    await track(page, 'private');
    page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('stored', async () => (await onDevice(page)).batches > 1);
    await page.evaluate(() => window.telemetry.consent('denied'));
    await eventually('all gone', async () => JSON.stringify(await onDevice(page)) === JSON.stringify(NOTHING));
    await page.close();
    await before.page.close();
    await nothingOf(tab);
    await nothingOf(before.tab);
  });

  test('by a page that is denied from its start', async () => {
    const { page, tab } = await leftBehind();
    server.attributes = { 'data-ct-consent': 'denied' };
    await page.goto(server.url);
    await eventually('all gone', async () => JSON.stringify(await onDevice(page)) === JSON.stringify(NOTHING));
    assert.ok(server.requests.every(({ batch }) => batch.tab_id === tab));
    await nothingOf(tab);
  });

  test('in another tab: what waits there is deleted too, and no more is captured', async () => {
    server.answer = down;
    const one = await open();
    await track(one.page, 'private');
    one.page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('stored', async () => (await onDevice(one.page)).batches > 0);
    const two = await open();
    await two.page.evaluate(() => window.telemetry.forget());
    await eventually('all gone', async () => JSON.stringify(await onDevice(one.page)) === JSON.stringify(NOTHING));
    const before = await one.page.evaluate(() => window.telemetry.stats());
    await track(one.page, 'after');
    const after = await one.page.evaluate(() => window.telemetry.stats());
    assert.deepEqual(after.captured, before.captured);
    server.answer = up;
    await flush(one.page);
    await one.page.close();
    await nothingOf(one.tab);
  });

  test('a request on its way is given up', async () => {
    server.answer = () => new Promise(() => {});
    const { page, tab } = await open();
    page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('a request', () => server.requests.some(({ batch }) => batch?.tab_id === tab));
    await page.evaluate(() => window.telemetry.forget());
    await eventually('its end', () => server.requests[0].gone);
  });

  test('forget(): nothing is captured without consent anew, and then as somebody else', async () => {
    const { page, tab, visitor } = await open();
    await flush(page);
    await page.evaluate(() => window.customerTelemetry.forget());
    await track(page, 'between');
    const between = await page.evaluate(() => window.telemetry.stats());
    assert.deepEqual(between.captured, {});
    assert.deepEqual(await onDevice(page), NOTHING);
    await page.evaluate(() => window.telemetry.consent('granted'));
    await track(page, 'after');
    await flush(page);
    const after = await page.evaluate(() => window.telemetry.stats());
    assert.notEqual(after.tab_id, tab);
    assert.notEqual(after.visitor_id, visitor);
    assert.equal((await onDevice(page)).cookie, true);
    assert.deepEqual(typesOf(after.tab_id), ['after']);
    complete(after.tab_id);
    const links = server.requests.map(({ batch }) => batch.page_view_id);
    assert.equal(new Set(links).size, links.length);
  });

  test('consent("denied") is final for its page, and so is every other word', async () => {
    for (const word of ['denied', 'revoked', undefined]) {
      const { page, tab } = await open();
      await flush(page);
      await page.evaluate((word) => window.telemetry.consent(word), word);
      await page.evaluate(() => window.telemetry.consent('granted'));
      await track(page, 'after');
      await flush(page);
      await page.close();
      assert.ok(!typesOf(tab).includes('after'));
      assert.equal(new Set(server.requests.map(({ batch }) => batch.tab_id)).size, 1);
      server.requests.length = 0;
    }
  });

  test('forget(): a later visit is somebody else’s', async () => {
    const { page, visitor } = await open();
    await flush(page);
    assert.equal((await onDevice(page)).cookie, true);
    await page.evaluate(() => window.customerTelemetry.forget());
    assert.deepEqual(await onDevice(page), NOTHING);
    const later = await open();
    assert.notEqual(later.visitor, visitor);
    await flush(later.page);
    assert.notEqual(server.requests.at(-1).batch.visitor_id, visitor);
  });
});

describe('a database that fails', () => {
  test('deleted by the page while batches wait: nothing is lost', async () => {
    server.answer = down;
    const { page, tab } = await open();
    await track(page, 'waiting');
    page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('stored', async () => (await onDevice(page)).batches > 0);
    await page.evaluate(
      () => new Promise((resolve) => Object.assign(indexedDB.deleteDatabase('ct-outbox'), { onsuccess: resolve })),
    );
    await track(page, 'after');
    server.answer = up;
    await flush(page);
    assert.deepEqual(typesOf(tab), ['page_view', 'waiting', 'after']);
    assert.equal((await onDevice(page)).batches, 0);
  });

  test('cleared by the browser while batches wait: nothing is lost', async () => {
    server.answer = down;
    const { page, tab } = await open();
    await track(page, 'waiting');
    page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('stored', async () => (await onDevice(page)).batches > 0);
    const session = await context.newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes: 'indexeddb' });
    await track(page, 'after');
    server.answer = up;
    await flush(page);
    assert.deepEqual(typesOf(tab), ['page_view', 'waiting', 'after']);
  });

  for (const [what, prelude] of [
    ['never answers', 'IDBFactory.prototype.open = () => ({});'],
    ['is denied', "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };"],
    ['does not exist', "Object.defineProperty(self, 'indexedDB', { value: undefined });"],
    [
      'fails when it is written',
      "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };",
    ],
    ['is silent when it is written', 'IDBObjectStore.prototype.put = () => ({});'],
    ['is silent when it is read', 'IDBObjectStore.prototype.getAllKeys = () => ({});'],
  ])
    test(`one that ${what}: all goes on in memory`, async () => {
      const body = `${prelude}\n${built('telemetry.worker.js')}`;
      server.files['/telemetry.worker.js'] = { type: 'text/javascript', body };
      const { page, tab } = await open();
      await track(page, 'bought');
      await flush(page);
      assert.deepEqual(typesOf(tab), ['page_view', 'bought']);
    });

  test('one that another page blocks: all goes on in memory, and moves when it is free', async () => {
    server.answer = down;
    const { page, tab } = await open();
    // An open connection that does not let go, and a deletion that waits for it: every later open waits too.
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          const request = indexedDB.open('ct-outbox');
          request.onsuccess = () => {
            window.held = request.result;
            const deletion = indexedDB.deleteDatabase('ct-outbox');
            deletion.onblocked = resolve;
          };
        }),
    );
    await track(page, 'waiting');
    page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('an attempt', () => server.requests.some(({ batch }) => batch?.tab_id === tab));
    await page.evaluate(() => window.held.close());
    await track(page, 'after');
    page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('stored', async () => (await onDevice(page)).batches > 0);
    server.answer = up;
    await flush(page);
    assert.deepEqual(typesOf(tab), ['page_view', 'waiting', 'after']);
  });
});

test('of many tabs one delivers what a closed one left', async () => {
  server.answer = down;
  const { page, tab } = await open();
  await track(page, 'waiting');
  page.evaluate(() => window.telemetry.flush()).catch(() => {});
  await eventually('stored', async () => (await onDevice(page)).batches > 0);
  await page.close();
  server.answer = up;
  const tabs = await Promise.all(Array.from({ length: 4 }, () => open()));
  await Promise.all(tabs.map(({ page }) => flush(page)));
  await eventually('the batches', () => typesOf(tab).includes('waiting'));
  const numbers = server.taken(tab).map(({ batch }) => batch.batch_seq);
  assert.equal(new Set(numbers).size, numbers.length, `${numbers}`);
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
