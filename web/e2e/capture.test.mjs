// What the page did is told as it was, and the page did it as it would have without the SDK.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { launch } from './browser.mjs';
import { startSite } from './capture_site.mjs';
import { eventually } from './eventually.mjs';
import { lateIsThere } from './late.mjs';

let browser;
let context;
let site;

before(async () => {
  [browser, site] = await Promise.all([launch(), startSite()]);
  context = await browser.newContext();
});

after(async () => {
  await browser.close();
  await site.close();
});

let pageCount = 0;

/** Opens a document with the SDK; `errors` are those that the page's console tells. */
async function open(t, document = {}, { path = `/p${++pageCount}`, init } = {}) {
  site.pages[path.replace(/[?#].*/, '')] = site.html(document);
  const page = await context.newPage();
  t.after(() => page.close());
  if (init) await page.addInitScript(init);
  await page.goto(site.ownUrl + path);
  const { tab_id: tab } = await page.evaluate(() => window.telemetry.stats());
  const told = async (type) => {
    await page.evaluate(() => window.telemetry.flush());
    return site.events(tab).filter((event) => !type || event.type === type);
  };
  return { page, tab, told };
}

/** As `open`, when the late part has begun: it has told the first vital then. */
async function openLate(t, document) {
  const opened = await open(t, document);
  const begun = () => opened.page.evaluate(async () => (await window.telemetry.stats()).captured.web_vital);
  await eventually('the late part', begun);
  return opened;
}

/** When the page has changed so many times by itself. */
const changed = (page, times) =>
  page.evaluate(
    (times) =>
      new Promise((resolve) => {
        const observer = new MutationObserver((records) => {
          times -= records.length;
          if (times <= 0) resolve();
        });
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      }),
    times,
  );

/** A browser that nobody steers: with developer tools on it, pages are not drawn ahead. */
async function withBareBrowser(t, url) {
  const profile = await mkdtemp(`${tmpdir()}/chromium-`);
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0'];
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = spawn(path, [...flags, `--user-data-dir=${profile}`, url], { stdio: 'ignore' });
  t.after(async () => {
    const ended = new Promise((resolve) => browser.once('exit', resolve));
    browser.kill();
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
}

const short = ({ request: { method, url, status, initiator } }) => [method, url, status, initiator].join(' ');
/** The requests that the page made by itself, when there are `count`. */
const requests = (told, count) =>
  eventually(`${count} requests`, async () => {
    const found = (await told('request')).filter(({ request }) => /^(fetch|xhr)$/.test(request.initiator));
    return found.length >= count && found;
  });

/** Counts the page's unhandled rejections, from before the SDK on. */
const REJECTIONS = `<script>
  window.rejected = [];
  addEventListener('unhandledrejection', ({ reason }) => rejected.push(String(reason?.message ?? reason)));
  window.failed = [];
  addEventListener('error', ({ message }) => failed.push(message));
</script>`;
/** After the tasks in which the browser tells of rejections. */
const rested = () => new Promise((resolve) => setTimeout(() => setTimeout(resolve, 50), 0));

describe("the page's own fetch", () => {
  const mocks = {
    'answers a plain object': 'async () => ({ ok: true })',
    'answers no promise': '() => 17',
    'answers nothing': '() => {}',
    'answers a thenable': '() => ({ then(ok) { ok(17); } })',
    'answers a promise that is a class of its own':
      '() => Object.assign(new (class extends Promise {})((ok) => ok(17)), {})',
    'answers a promise that carries more': '() => Object.assign(Promise.resolve(17), { abort() {} })',
    'answers the same promise always': '() => (window.kept ??= Promise.reject(17))',
    throws: "() => { throw new TypeError('no') }",
  };
  for (const [what, mock] of Object.entries(mocks))
    test(what, async (t) => {
      const head = `${REJECTIONS}<script>window.calls = 0; const mock = ${mock}; window.fetch = (...all) => { calls++; return mock(...all) }</script>`;
      const run = async (page) => {
        const seen = await page.evaluate(async () => {
          const seen = [];
          for (const given of [['/x'], ['/x', { method: 1 }], ['/x', { method: Symbol('a') }], [{}], [null, null], []])
            try {
              const answer = fetch(...given);
              seen.push(typeof answer, Object.prototype.toString.call(answer), Object.keys(answer ?? {}).join());
              seen.push(
                answer instanceof Promise && answer.constructor === Promise,
                JSON.stringify(await answer) ?? '',
              );
            } catch (error) {
              seen.push(String(error));
            }
          const twice = [fetch, fetch].map((call) => window.kept && call('/x'));
          seen.push(twice[0] === twice[1]);
          return seen;
        });
        await page.evaluate(rested);
        return [seen, await page.evaluate(() => [window.calls, window.rejected, window.failed])];
      };
      const { page, told } = await open(t, { before: head });
      const bare = await context.newPage();
      t.after(() => bare.close());
      site.pages['/bare'] = `<!doctype html>${head}`;
      await bare.goto(`${site.ownUrl}/bare`);
      assert.deepEqual(await run(page), await run(bare));
      assert.deepEqual(await told('capture_degraded'), []);
    });

  test('has the name, length, text and properties that it had, and can be put back', async (t) => {
    const head = '<script>fetch.mine = 1; window.native = fetch; window.open1 = XMLHttpRequest.prototype.open</script>';
    const { page, told } = await open(t, { before: head });
    const seen = await page.evaluate(() => {
      const { open, send } = XMLHttpRequest.prototype;
      const facts = [fetch, open, send, alert].map((of) => [
        of.name,
        of.length,
        /\[native code\]/.test(of),
        'prototype' in of,
      ]);
      const descriptor = Object.getOwnPropertyDescriptor(window, 'fetch');
      const own = Object.keys(fetch).concat(
        Object.keys(XMLHttpRequest.prototype).filter((key) => /^(open|send)$/.test(key)),
      );
      window.fetch = window.native;
      return [
        facts,
        [descriptor.writable, descriptor.enumerable, descriptor.configurable],
        own,
        fetch === window.native,
      ];
    });
    assert.deepEqual(seen, [
      [
        ['fetch', 1, true, false],
        ['open', 2, true, false],
        ['send', 0, true, false],
        ['alert', 0, true, false],
      ],
      [true, true, true],
      ['mine', 'open', 'send'],
      true,
    ]);
    await page.evaluate(() => fetch('/api/200'));
    await page.evaluate(() => {
      const xhr = new XMLHttpRequest();
      xhr.open('GET', '/api/201');
      xhr.send();
      return new Promise((resolve) => xhr.addEventListener('loadend', resolve));
    });
    assert.deepEqual((await requests(told, 1)).map(short), ['GET /api/201 201 xhr']);
  });

  test('that a library puts around ours is told of once', async (t) => {
    const { page, told } = await open(t);
    await page.evaluate(async () => {
      const inner = window.fetch;
      window.fetch = async (...given) => (await inner.apply(window, given)).clone();
      await (await fetch('/api/200')).text();
    });
    assert.deepEqual((await requests(told, 1)).map(short), ['GET /api/200 200 fetch']);
  });

  test('keeps an error that nobody awaits, once, and makes none of one that is handled', async (t) => {
    const { page, told } = await open(t, { before: REJECTIONS });
    await page.evaluate(() => {
      fetch('/api/reset');
      fetch('/api/reset').catch(() => {});
      fetch('http://[');
      fetch('/api/reset').then(
        () => {},
        () => {},
      );
    });
    await eventually('two rejections', async () => (await page.evaluate(() => window.rejected.length)) >= 2);
    await page.evaluate(rested);
    assert.equal((await page.evaluate(() => window.rejected)).length, 2);
    assert.equal((await told('error')).length, 2);
    assert.deepEqual((await requests(told, 3)).map(short), Array(3).fill('GET /api/reset 0 fetch'));
    assert.deepEqual(await told('capture_degraded'), []);
  });

  test('keeps the reason as it is', async (t) => {
    const { page } = await open(t, {
      before: `<script>window.reason = { a: 1 }; window.fetch = () => Promise.reject(window.reason)</script>`,
    });
    assert.ok(await page.evaluate(() => fetch('/x').catch((reason) => reason === window.reason)));
  });

  for (const where of ['before', 'after'])
    test(`keeps to zone.js, loaded ${where} the SDK`, async (t) => {
      const script = await readFile(new URL('../node_modules/zone.js/bundles/zone.umd.min.js', import.meta.url));
      site.pages['/zone.js'] = (_, response) =>
        response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
      // As libraries do it, so that the zone's promises are what is answered.
      const zone = `<script src="/zone.js"></script><script>const inner = fetch;
        window.fetch = (...given) => new Promise((...settle) => inner(...given).then(...settle))</script>`;
      const run = async (page) => {
        const told = [];
        page.on('console', (message) => told.push(message.text().split('\n')[0]));
        page.on('pageerror', ({ message }) => told.push(message));
        const seen = await page.evaluate(async () => {
          const answer = fetch('/api/200');
          const seen = [answer instanceof Promise, answer.constructor === Promise, Object.keys(answer).sort().join()];
          seen.push((await answer).status);
          await fetch('/api/reset').catch(({ name }) => seen.push(name));
          const zone = window.Zone.current.fork({ name: 'page' });
          await zone.run(() => fetch('/api/201').then(() => seen.push(window.Zone.current.name)));
          fetch('http://[');
          return seen;
        });
        await page.evaluate(rested);
        return [seen, told.filter((text) => !/net::/.test(text))];
      };
      const { page, told } = await open(t, where === 'before' ? { before: zone } : { body: zone });
      const bare = await context.newPage();
      t.after(() => bare.close());
      site.pages['/bare'] = `<!doctype html>${zone}`;
      await bare.goto(`${site.ownUrl}/bare`);
      assert.deepEqual(await run(page), await run(bare));
      assert.deepEqual((await requests(told, 3)).map(short).sort(), [
        'GET /api/200 200 fetch',
        'GET /api/201 201 fetch',
        'GET /api/reset 0 fetch',
      ]);
    });

  test('reads what it is given once', async (t) => {
    const { page } = await open(t);
    const reads = await page.evaluate(async () => {
      let reads = 0;
      const address = { toString: () => `/api/${200 + reads++}` };
      await fetch(address);
      const xhr = new XMLHttpRequest();
      xhr.open('GET', address);
      return reads;
    });
    assert.equal(reads, 2);
  });
});

describe('requests', () => {
  test('of a streamed body last until it has ended, and have its size', async (t) => {
    const { page, told } = await open(t);
    await page.evaluate(async () => {
      await (await fetch('/api/stream')).text();
      fetch('/api/stream?unread=1');
    });
    for (const { request } of await requests(told, 2)) {
      assert.ok(request.duration_ms > 380 && request.duration_ms < 5000, String(request.duration_ms));
      assert.equal(request.bytes, 5000);
    }
  });

  test('that are broken off, or never end, tell how long they took, and no size', async (t) => {
    site.pages['/endless'] = (_, response) => response.writeHead(200).write('x');
    const { page, tab, told } = await open(t);
    const lasted = await page.evaluate(async () => {
      const stop = new AbortController();
      const { body } = await fetch('/api/stream', { signal: stop.signal });
      await body.getReader().read();
      stop.abort();
      const began = performance.now();
      await fetch('/endless');
      await (await fetch('/api/stream?n=2')).text();
      return performance.now() - began;
    });
    await requests(told, 2);
    await page.goto('about:blank');
    const calls = () =>
      site
        .events(tab)
        .filter(({ type }) => type === 'request')
        .map(({ request }) => request);
    const endless = await eventually('the endless one', () => calls().find(({ url }) => url === '/endless'));
    assert.ok(endless.duration_ms >= lasted, `${endless.duration_ms} ${lasted}`);
    assert.equal(endless.bytes, null);
    const [broken] = calls().filter(({ initiator }) => initiator === 'fetch');
    assert.deepEqual([broken.status, broken.bytes], [200, null]);
  });

  test('to the same address at the same time each have their own time', async (t) => {
    const { page, told } = await open(t);
    await page.evaluate(async () => {
      const calls = [fetch('/api/stream?a=1#x')];
      await new Promise((resolve) => setTimeout(resolve, 250));
      calls.push(fetch('/api/stream?a=1'));
      for (const answer of await Promise.all(calls)) await answer.text();
    });
    const timings = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => /stream/.test(name))
        .map(({ duration }) => duration),
    );
    const found = (await requests(told, 2)).map(({ request }) => request.duration_ms);
    assert.equal(found.length, 2);
    found.forEach((duration, n) => {
      // From the call on, so a little longer.
      assert.ok(duration >= timings[n] && duration < timings[n] + 100, `${found} ${timings}`);
    });
  });

  test('that ask for the head, for nothing, or another origin tell no size that they do not know', async (t) => {
    const { page, told } = await open(t);
    await page.evaluate(async (other) => {
      for (const [address, init] of [
        ['/api/200', { method: 'HEAD' }],
        ['/api/204', { method: 'post' }],
        [`${other}/api/200`, { mode: 'no-cors' }],
        [`${other}/open/200`],
        ['data:text/plain,abc'],
      ])
        await (await fetch(address, init)).text();
    }, site.otherUrl);
    const bytes = (await requests(told, 5)).map((event) => [short(event), event.request.bytes]);
    assert.deepEqual(bytes, [
      ['HEAD /api/200 200 fetch', 0],
      ['POST /api/204 204 fetch', 0],
      [`GET ${site.otherUrl}/api/200 0 fetch`, null],
      [`GET ${site.otherUrl}/open/200 200 fetch`, null],
      ['GET data: 200 fetch', null],
    ]);
  });

  test('by one XMLHttpRequest that is used again are told once each, also where it is opened under way', async (t) => {
    const { page, told } = await open(t);
    await page.evaluate(async () => {
      const xhr = new XMLHttpRequest();
      const ended = () => new Promise((resolve) => xhr.addEventListener('loadend', resolve, { once: true }));
      const send = (path, method = 'GET') => {
        xhr.open(method, path);
        xhr.send();
      };
      send('/api/200');
      await ended();
      send('/api/404', 'post');
      await ended();
      send('/api/stream');
      send('/api/201');
      await ended();
      send('/api/stream?aborted=1');
      xhr.abort();
      send('/api/reset');
      await ended();
      xhr.open('GET', '/api/never-sent');
    });
    assert.deepEqual((await requests(told, 6)).map(short).sort(), [
      'GET /api/200 200 xhr',
      'GET /api/201 201 xhr',
      'GET /api/reset 0 xhr',
      'GET /api/stream 0 xhr',
      'GET /api/stream?aborted= 0 xhr',
      'POST /api/404 404 xhr',
    ]);
  });

  test('by XMLHttpRequest that a handler sends again before it has ended are told', async (t) => {
    const { page, told } = await open(t);
    await page.evaluate(async () => {
      const xhr = new XMLHttpRequest();
      let next = 201;
      xhr.onreadystatechange = () => {
        if (xhr.readyState !== 4 || next > 203) return;
        xhr.open('GET', `/api/${next++}`);
        xhr.send();
      };
      xhr.open('GET', '/api/200');
      xhr.send();
      while (xhr.readyState !== 4 || next <= 203) await new Promise((resolve) => setTimeout(resolve, 10));
    });
    assert.deepEqual(
      (await requests(told, 4)).map(short),
      [200, 201, 202, 203].map((status) => `GET /api/${status} ${status} xhr`),
    );
  });

  test('that fail synchronously are told, and those that were wrong are not', async (t) => {
    const { page, told } = await open(t);
    const thrown = await page.evaluate(() => {
      const names = [];
      const attempt = (run) => {
        try {
          run();
        } catch (error) {
          names.push(error.name);
        }
      };
      const xhr = new XMLHttpRequest();
      attempt(() => xhr.send());
      attempt(() => xhr.open('GET'));
      attempt(() => xhr.open('GET', 'http://['));
      attempt(() => xhr.open('NO SUCH', '/x'));
      for (const path of ['/api/reset', '/api/200'])
        attempt(() => {
          xhr.open('GET', path, false);
          xhr.send();
        });
      attempt(() => xhr.send());
      attempt(() => XMLHttpRequest.prototype.open.call({}, 'GET', '/x'));
      return names;
    });
    assert.deepEqual(thrown, [
      'InvalidStateError',
      'TypeError',
      'SyntaxError',
      'SyntaxError',
      'NetworkError',
      'InvalidStateError',
      'TypeError',
    ]);
    assert.deepEqual((await requests(told, 2)).map(short), ['GET /api/reset 0 xhr', 'GET /api/200 200 xhr']);
    assert.deepEqual(await told('capture_degraded'), []);
  });

  test('to an endpoint of the site itself are not told, all others of the site are', async (t) => {
    for (const worker of ['', 'data-ct-worker="/none.js"']) {
      const { page, tab } = await open(t, { endpoint: site.ownUrl, attributes: worker });
      await lateIsThere(page);
      await page.evaluate(async () => {
        window.telemetry.flush();
        await fetch('/v1/events/7');
        await fetch('/v1/events?key=1', { method: 'POST', body: '{"tab_id":"x","events":[]}' });
        await fetch('/api/200');
      });
      await page.close();
      const urls = () => site.events(tab).filter(({ type }) => type === 'request');
      await eventually('the requests', () => urls().length >= 2);
      const calls = urls().filter(({ request }) => request.initiator === 'fetch');
      assert.deepEqual(
        calls.map(({ request }) => request.url),
        ['/v1/events/7', '/api/200'],
      );
    }
  });

  test('are told when the page lets its own buffer of timings run full, which it hears of as before', async (t) => {
    const { page, told } = await openLate(t);
    // With the worker, all files of the SDK are in the buffer.
    await told();
    const run = async () => {
      let full = 0;
      performance.setResourceTimingBufferSize(performance.getEntriesByType('resource').length + 2);
      performance.onresourcetimingbufferfull = () => full++;
      for (let n = 0; n < 6; n++) await (await fetch(`/api/stream?n=${n}`)).text();
      return full;
    };
    const bare = await context.newPage();
    t.after(() => bare.close());
    site.pages['/bare'] = '<!doctype html>';
    await bare.goto(`${site.ownUrl}/bare`);
    assert.equal(await page.evaluate(run), await bare.evaluate(run));
    const found = await requests(told, 6);
    assert.deepEqual(
      found.map(({ request }) => request.bytes),
      Array(6).fill(5000),
    );
  });

  test('that a service worker answers are told', async (t) => {
    site.pages['/worker.js'] = (_, response) => {
      const script = `oninstall = () => skipWaiting(); onactivate = (event) => event.waitUntil(clients.claim());
        onfetch = (event) => { if (/made/.test(event.request.url)) event.respondWith(new Response('made')); };`;
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
    };
    const { page, told } = await open(t);
    await page.evaluate(async () => {
      const claimed = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
      await navigator.serviceWorker.register('/worker.js', { scope: '/' });
      await claimed;
      await (await fetch('/api/made')).text();
      await (await fetch('/api/200')).text();
      await (await navigator.serviceWorker.getRegistration()).unregister();
    });
    assert.deepEqual((await requests(told, 2)).map(short), ['GET /api/made 200 fetch', 'GET /api/200 200 fetch']);
  });
});

describe('errors', () => {
  test('of what is evaluated under a name with a query keep its frames, without the values', async (t) => {
    const body = `<script>setTimeout(() => (0, eval)("throw new Error('named') //# sourceURL=app.js?token=kanarie"))</script>`;
    const { told } = await open(t, { body });
    const { error } = await eventually('the error', async () => (await told()).find(({ type }) => type === 'error'));
    assert.match(error.stack, /app\.js\?:1:7/);
    assert.ok(!JSON.stringify(error).includes('kanarie'));
  });

  test('in a flood are sent in few batches, and what is not told is said once', async (t) => {
    const { page, tab, told } = await open(t);
    await page.evaluate(async () => {
      for (let n = 0; n < 300; n++)
        setTimeout(() =>
          n % 2
            ? Promise.reject(new Error(`flood ${n}`))
            : (() => {
                throw new Error(`flood ${n}`);
              })(),
        );
      await new Promise((resolve) => setTimeout(resolve, 300));
    });
    const events = await told();
    assert.equal(events.filter(({ type }) => type === 'error').length, 100);
    assert.deepEqual(
      events.filter(({ type }) => type === 'capture_degraded').map(({ degraded }) => degraded.what),
      ['errors'],
    );
    const batches = site.batches.filter(({ tab_id }) => tab_id === tab).length;
    assert.ok(batches <= 5, `${batches} batches`);
  });
});

describe('page views', () => {
  const states = (events) => events.filter(({ type }) => type === 'page_view').map(({ state }) => state);

  for (const [what, init] of [
    ['the Navigation API', ''],
    [
      'the history alone',
      'delete window.navigation; Object.defineProperty(window, "navigation", { value: undefined })',
    ],
  ])
    test(`begin with the path or a hash that is a route, not with each letter of a search, by ${what}`, async (t) => {
      const { page, told } = await open(t, {}, { init });
      await lateIsThere(page);
      await page.evaluate(async () => {
        const task = () => new Promise((resolve) => setTimeout(resolve, 60));
        for (const letter of ['a', 'ab', 'abc']) history.replaceState(null, '', `?q=${letter}`);
        history.pushState({ n: 1 }, '', '/list');
        for (const letter of ['a', 'ab']) history.replaceState({ n: 1 }, '', `/list?q=${letter}#!/search?q=${letter}`);
        location.hash = '#!/search?q=abc';
        location.hash = '#anchor';
        await task();
        history.pushState({ n: 1 }, '', '/list');
        history.pushState({ n: 2 }, '', '/box');
        history.back();
        await task();
      });
      const events = await told();
      assert.deepEqual(states(events), ['navigate', 'route', 'route', 'route', 'route', 'back_forward']);
      const ids = events.filter(({ type }) => type === 'page_view').map(({ page_view_id }) => page_view_id);
      assert.equal(new Set(ids).size, ids.length);
    });

  test('of a page that was drawn ahead begin when it is shown, and nothing is sent before', async (t) => {
    const notes = [];
    site.pages['/note'] = (request, response) => {
      const { searchParams } = new URL(request.url, 'http://own');
      notes.push({ ...Object.fromEntries(searchParams), tabs: site.batches.map(({ tab_id }) => tab_id) });
      response.writeHead(204).end();
    };
    // The opener goes there when it is told that the page is drawn.
    site.pages['/drawn'] = async (_, response) => {
      await eventually('the page drawn ahead', () => notes.length).catch(() => {});
      response.writeHead(204).end();
    };
    const script = `telemetry.track('early');
      const note = (facts) => fetch('/note?' + new URLSearchParams(facts));
      setTimeout(() => note({ prerendering: document.prerendering }), 300);
      document.addEventListener('prerenderingchange', async () => {
        await telemetry.flush();
        const [{ activationStart }] = performance.getEntriesByType('navigation');
        note({ tab: (await telemetry.stats()).tab_id, shown: performance.timeOrigin + activationStart });
      });`;
    site.pages['/ahead'] = site.html({ body: `<h1>Ahead</h1><script>${script}</script>` });
    site.pages['/opener'] = `<!doctype html><script type="speculationrules">
      {"prerender":[{"source":"list","urls":["/ahead"]}]}</script>
      <script>fetch('/drawn').then(() => { location.href = '/ahead' })</script>`;
    await withBareBrowser(t, `${site.ownUrl}/opener`);
    const { tab, shown } = await eventually('the page shown', () => notes.find((note) => note.tab));
    assert.equal(notes[0].prerendering, 'true');
    assert.ok(!notes[0].tabs.includes(tab));
    const events = site.events(tab);
    const [view] = events.filter(({ type }) => type === 'page_view');
    assert.equal(view.state, 'prerender');
    assert.ok(Math.abs(view.at - Number(shown)) < 1, `${view.at} ${shown}`);
    assert.equal(new Set(events.map(({ page_view_id }) => page_view_id)).size, 1);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, n) => n),
    );
  });
});

describe('the effect of a click', () => {
  /** The effects so far, as the ids of what was clicked and what followed. */
  const effects = async (told) => {
    const events = await told();
    return events
      .filter(({ type }) => type === 'effect')
      .map(({ effect }) => {
        const { element, type } = events.find(({ seq }) => seq === effect.of_seq);
        return { of: element?.id ?? '', type, kind: effect.kind, after: effect.after_ms };
      });
  };
  const effectOf = (told, id, type = 'click') =>
    eventually(`the effect of ${id}`, async () => (await effects(told)).find((of) => of.of === id && of.type === type));

  const LIVE = `
    <button id="sync" onclick="out.textContent = 'x'">a</button>
    <button id="attribute" onclick="out.className = 'x'">a</button>
    <button id="later" onclick="setTimeout(() => out.append('y'), 200)">a</button>
    <button id="route" onclick="history.pushState(null, '', '/there')">a</button>
    <a id="anchor" href="#far">a</a>
    <button id="noted" onclick="history.replaceState({ n: 1 }, ''); out.append('z')">a</button>
    <button id="scroll" onclick="window.scrollTo(0, 500)">a</button>
    <button id="focus" onclick="field.focus()">a</button>
    <input id="field">
    <label id="label" for="check">a</label><input id="check" type="checkbox">
    <button id="select" onclick="getSelection().selectAllChildren(out)">a</button>
    <button id="modal" onclick="dialog.showModal(); dialog.close()">a</button><dialog id="dialog">d</dialog>
    <button id="pop" popovertarget="popover">a</button><div id="popover" popover>p</div>
    <details><summary id="summary">a</summary>more</details>
    <button id="alert" onclick="alert(1)">a</button>
    <button id="call" onclick="fetch('/api/200')">a</button>
    <button id="xhr" onclick="const x = new XMLHttpRequest(); x.open('GET', '/api/200'); x.send()">a</button>
    <button id="open" onclick="window.open('about:blank').close()">a</button>
    <a id="mail" href="mailto:a@b.example">a</a>
    <a id="aside" href="/api/200">a</a>
    <a id="blank" href="/api/200" target="_blank">a</a>
    <a id="download" href="/api/200" download>a</a>
    <button id="menu" onpointerdown="out.append('m')">a</button>
    <button id="ripple" onpointerdown="this.append('r')" onclick="setTimeout(() => out.append('s'), 200)">a</button>
    <svg width="40" height="20"><a href="mailto:a@b.example"><rect id="drawn" width="40" height="20"/></a></svg>
    <div id="host"></div>
    <p id="out">text</p><p style="height: 3000px"></p><p id="far">far</p>
    <script>
      const root = host.attachShadow({ mode: 'open' });
      root.innerHTML = '<button id="inside">a</button><p></p>';
      root.querySelector('button').onclick = () => root.querySelector('p').append('x');
    </script>`;
  const EXPECTED = {
    sync: 'dom',
    attribute: 'dom',
    later: 'dom',
    noted: 'dom',
    scroll: 'scroll',
    focus: 'focus',
    field: 'focus',
    check: 'selection',
    select: 'selection',
    modal: 'dialog',
    pop: 'dialog',
    summary: 'dialog',
    alert: 'dialog',
    call: 'request',
    xhr: 'request',
    open: 'new_tab',
    aside: 'new_tab',
    blank: 'new_tab',
    mail: 'navigation',
    download: 'navigation',
    drawn: 'navigation',
    inside: 'dom',
    menu: 'dom',
    ripple: 'dom',
    route: 'navigation',
    anchor: 'navigation',
  };

  test('is what came first, whatever kind it is, and how long it took', async (t) => {
    const { page, told } = await openLate(t, { body: LIVE });
    page.on('dialog', (dialog) => dialog.accept());
    for (const [id, kind] of Object.entries(EXPECTED)) {
      await page.bringToFront();
      await page.click(id === 'check' ? '#label' : `#${id}`, { modifiers: id === 'aside' ? ['ControlOrMeta'] : [] });
      const { kind: seen, after } = await effectOf(told, id);
      assert.equal(`${id} ${seen}`, `${id} ${kind}`);
      if (/later|ripple/.test(id)) assert.ok(after >= 199, String(after));
      else assert.ok(after >= 0 && after < 2000, `${id} ${after}`);
      if (id === 'pop') await page.keyboard.press('Escape');
    }
  });

  test('is that of Enter and Space as well', async (t) => {
    const { page, told } = await openLate(t, {
      body: `${LIVE}<div id="keys" tabindex="0" onkeydown="out.append(event.key)">k</div><textarea id="area"></textarea>`,
    });
    await page.focus('#sync');
    await page.keyboard.press('Enter');
    assert.equal((await effectOf(told, 'sync')).kind, 'dom');
    await page.focus('#attribute');
    await page.keyboard.press(' ');
    assert.equal((await effectOf(told, 'attribute')).kind, 'dom');
    await page.focus('#keys');
    await page.keyboard.press(' ');
    assert.equal((await effectOf(told, 'keys', 'key')).kind, 'dom');
    await page.focus('#area');
    await page.keyboard.press('Enter');
    assert.equal((await effectOf(told, 'area', 'key')).kind, 'dom');
  });

  test('is none after 7 s, whatever the page does by itself or the person does next', async (t) => {
    const DEAD = '<button id="dead">a</button>';
    /** What the page has beside a dead button, what to wait for before the click, and what the person does after it. */
    const cases = {
      'a dead button': {},
      'a button that shows that it is pressed': {
        body: '<script>dead.onpointerdown = () => dead.append(1); dead.onpointerup = () => { dead.className = 2 }</script>',
      },
      'a clock': {
        body: '<p id="clock"></p><script>setInterval(() => { clock.textContent = performance.now() }, 100)</script>',
        before: (page) => changed(page, 3),
      },
      'an animation': {
        body: `<p id="box"></p><script>const step = () => { box.style.left = performance.now() + 'px'; requestAnimationFrame(step) };
          step()</script>`,
        before: (page) => changed(page, 3),
      },
      'a page that changes all the time': {
        body: `<table id="table"></table><script>table.innerHTML = '<tr><td>0'.repeat(2000); let n = 0;
          const change = () => { table.rows[(n += 7) % 2000].cells[0].firstChild.data = n };
          setInterval(() => { for (let i = 0; i < 20; i++) change() }, 50)</script>`,
        before: (page) => changed(page, 200),
      },
      'an icon that names its picture': {
        body: `<svg width="0" height="0"><rect id="icon" width="20" height="20"/></svg>
          <script>dead.outerHTML = '<button><svg width="20" height="20"><use id="dead" href="#icon"/></svg></button>'</script>`,
      },
      'a page that pretends to be used': {
        body: `<script>setInterval(() => { for (const type of ['scroll', 'change', 'pointerdown', 'focusin']) dead.dispatchEvent(new Event(type,
          { bubbles: true })) }, 100)</script>`,
      },
      'a page that asks its server all the time': {
        body: '<script>setInterval(() => fetch("/api/200?n=" + Math.random()), 150)</script>',
        before: async (page) => {
          const asked = () => page.evaluate(() => performance.getEntriesByType('resource').length);
          const before = await asked();
          await eventually('three more requests', async () => (await asked()) > before + 3);
        },
      },
      'a person who scrolls on': {
        body: '<p style="height: 5000px">',
        next: (page) => page.mouse.wheel(0, 300),
      },
      'a person who goes on to a field': {
        body: '<input id="next">',
        next: (page) => page.keyboard.press('Tab'),
      },
    };
    await Promise.all(
      Object.entries(cases).map(async ([what, { body = '', before, next }]) => {
        const { page, told } = await openLate(t, { body: DEAD + body });
        await before?.(page);
        await page.click('#dead');
        await next?.(page);
        const { kind, after } = await effectOf(told, 'dead');
        assert.deepEqual([what, kind, after], [what, 'none', null]);
      }),
    );
  });

  test('of a link that goes nowhere is none', async (t) => {
    const links = { script: 'javascript:void(0)', empty: 'javascript:;', hash: '#' };
    const body = Object.entries(links).map(([id, href]) => `<a id="${id}" href="${href}">${id}</a>`);
    await Promise.all(
      Object.keys(links).map(async (id) => {
        const { page, told } = await openLate(t, { body: body.join(' ') });
        if (id === 'hash') await page.evaluate(() => history.replaceState(null, '', '#'));
        await page.click(`#${id}`);
        assert.equal((await effectOf(told, id)).kind, 'none', id);
      }),
    );
  });

  test('on a page that changes by itself is that of the click', async (t) => {
    const { page, told } = await openLate(t, {
      body: `<p id="clock"></p><p id="out"></p><button id="sync" onclick="clock.textContent = 'x'">a</button>
        <button id="later" onclick="setTimeout(() => { out.textContent = 'y' }, 700)">a</button>
        <script>setInterval(() => { clock.textContent = performance.now() }, 50)</script>`,
    });
    await changed(page, 5);
    await page.click('#sync');
    assert.ok((await effectOf(told, 'sync')).after < 500);
    await page.click('#later');
    const { kind, after } = await effectOf(told, 'later');
    assert.equal(kind, 'dom');
    assert.ok(after >= 699, String(after));
  });

  test('on a page that changes all the time is that of a click whose listeners are in a shadow tree', async (t) => {
    const { page, told } = await openLate(t, {
      body: `<x-menu><template shadowrootmode="open"><button id="inside">a</button><slot></slot><p></p></template>
        <button id="slotted">b</button></x-menu><p id="clock"></p><script>
        const root = document.querySelector('x-menu').shadowRoot;
        for (const part of root.querySelectorAll('button, slot')) part.onclick = () => root.querySelector('p').append('x');
        setInterval(() => { for (let n = 0; n < 20; n++) clock.textContent = performance.now() }, 50)</script>`,
    });
    await changed(page, 200);
    for (const id of ['inside', 'slotted']) {
      await page.click(`#${id}`);
      assert.equal((await effectOf(told, id)).kind, 'dom', id);
    }
  });

  test('on a page that changes all the time is the line that Enter adds to a field, and none of a player', async (t) => {
    const { page, told } = await openLate(t, {
      body: `<textarea id="field"></textarea><button id="dead">a</button><audio id="player"></audio><p id="clock"></p><script>
        setInterval(() => { for (let n = 0; n < 20; n++) clock.textContent = performance.now() }, 50)</script>`,
    });
    await changed(page, 200);
    await page.focus('#field');
    await page.keyboard.press('Enter');
    assert.equal((await effectOf(told, 'field', 'key')).kind, 'dom');
    await page.click('#dead');
    // It has nothing to play, so what it promises stays open.
    await page.evaluate(() => {
      document.querySelector('#player').play();
    });
    assert.equal((await effectOf(told, 'dead')).kind, 'none');
  });

  test('is navigation where the page ends before', async (t) => {
    const { page, tab } = await openLate(t, { body: '<button id="dead">a</button>' });
    await page.click('#dead');
    await page.goto('about:blank');
    const effect = await eventually('the effect', () => site.events(tab).find(({ type }) => type === 'effect'));
    assert.equal(effect.effect.kind, 'navigation');
  });

  test('of which only the newest waits', async (t) => {
    const { page, told } = await openLate(t, {
      body: '<button id="dead">a</button><button id="live" onclick="this.append(1)">a</button><div data-ct-block><button id="blocked" onclick="live.append(2)">a</button></div>',
    });
    await page.click('#dead');
    await page.click('#live');
    await effectOf(told, 'live');
    await page.click('#dead');
    await page.click('#blocked');
    assert.deepEqual(
      (await effects(told)).map(({ of }) => of),
      ['live'],
    );
  });
});

describe('what the late part tells', () => {
  const of = (found, count, what) => eventually(what, async () => ((await found()).length >= count ? found() : null));

  test('media, also inside of shadow trees', async (t) => {
    const { page, told } = await openLate(t, {
      body: `<button id="b">a</button><audio id="light"></audio><div id="host"></div><script>
        const root = host.attachShadow({ mode: 'open' });
        root.innerHTML = '<audio id="deep"></audio><button id="in">a</button>';
        const rate = 8000, sound = new Uint8Array(44 + rate);
        new TextEncoder().encodeInto('RIFF', sound);
        const view = new DataView(sound.buffer);
        [[4, 36 + rate], [16, 16], [24, rate], [28, rate], [40, rate]].forEach(([at, value]) => view.setUint32(at, value, true));
        [[8, 'WAVE'], [12, 'fmt '], [36, 'data']].forEach(([at, text]) => sound.set(new TextEncoder().encode(text), at));
        [[20, 1], [22, 1], [32, 1], [34, 8]].forEach(([at, value]) => view.setUint16(at, value, true));
        sound.fill(128, 44);
        window.players = [light, root.querySelector('audio')];
        for (const player of players) player.src = URL.createObjectURL(new Blob([sound], { type: 'audio/wav' }));
      </script>`,
    });
    await page.click('#in');
    await page.evaluate(async () => {
      for (const player of window.players) {
        const once = (type) => new Promise((resolve) => player.addEventListener(type, resolve, { once: true }));
        player.muted = true;
        await player.play();
        const paused = once('pause');
        player.pause();
        await paused;
        const sought = once('seeked');
        player.currentTime = 0.9;
        await sought;
        const ended = once('ended');
        await player.play();
        await ended;
      }
    });
    const media = await of(() => told('media'), 10, 'the media events');
    for (const id of ['light', 'deep']) {
      const states = media.filter(({ element }) => element.id === id);
      assert.deepEqual(
        states.map(({ state }) => state),
        ['play', 'pause', 'seeked', 'play', 'pause', 'ended'],
      );
      const { position_s } = states[2].media;
      assert.ok(Math.abs(position_s - 0.9) < 0.05, String(position_s));
    }
  });

  test('what opens and closes, also inside of shadow trees', async (t) => {
    const { page, told } = await openLate(t, {
      body: `<details id="details"><summary id="summary">a</summary>b</details>
        <button id="show" onclick="dialog.showModal()">a</button><dialog id="dialog"><button id="close" onclick="dialog.close()">c</button></dialog>
        <button id="pop" popovertarget="popover">a</button><div id="popover" popover>p</div><div id="host"></div>
        <script>host.attachShadow({ mode: 'open' }).innerHTML = '<details id="deep"><summary id="within">a</summary>b</details>'</script>`,
    });
    for (const id of ['summary', 'show', 'close', 'pop', 'pop', 'within']) await page.click(`#${id}`);
    const toggles = await of(() => told('toggle'), 6, 'the toggles');
    assert.deepEqual(
      toggles.map(({ element, state }) => `${element.id} ${state}`),
      ['details open', 'dialog open', 'dialog closed', 'popover open', 'popover closed', 'deep open'],
    );
  });

  test('dragging, without the flood of it', async (t) => {
    const { page, told } = await openLate(t, {
      body: `<p id="thing" draggable="true">thing</p><p id="place" ondragover="event.preventDefault()" style="padding: 40px">place</p>`,
    });
    await page.dragAndDrop('#thing', '#place');
    const drags = await of(() => told('drag'), 3, 'the drag');
    assert.deepEqual(
      drags.map(({ state, element }) => `${state} ${element.id}`),
      ['start thing', 'drop place', 'end thing'],
    );
  });

  test('printing, compositions and touches that the browser takes over', async (t) => {
    const { page, told } = await openLate(t, {
      body: '<input id="field"><div data-ct-ignore><input id="ignored"></div><p style="height: 4000px">long</p>',
    });
    const devtools = await page.context().newCDPSession(page);
    for (const id of ['field', 'ignored']) {
      await page.focus(`#${id}`);
      await devtools.send('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 });
      await devtools.send('Input.insertText', { text: '日本' });
    }
    await page.pdf();
    const touch = (type, y) =>
      devtools.send('Input.dispatchTouchEvent', { type, touchPoints: y ? [{ x: 100, y }] : [] });
    await devtools.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    await touch('touchStart', 400);
    for (let y = 390; y > 200; y -= 20) await touch('touchMove', y);
    await touch('touchEnd');
    await of(() => told('pointer_cancel'), 1, 'the touch');
    const events = await told();
    const compositions = events.filter(({ type }) => type === 'composition');
    assert.deepEqual(
      compositions.map(({ state, input, element }) => [element.id, state, input.length]),
      [
        ['field', 'start', 0],
        ['field', 'end', 2],
      ],
    );
    assert.doesNotMatch(JSON.stringify(events), /日本|に/);
    assert.equal(events.filter(({ type }) => type === 'print').length, 1);
    const [{ pointer_type: kind }] = events.filter(({ type }) => type === 'pointer_cancel');
    assert.equal(kind, 'touch');
  });

  test('frames that were long, and the script that made them so', async (t) => {
    site.pages['/slow.js'] = (_, response) => {
      const script = `addEventListener('load', function slow() { const end = performance.now() + 200; while (performance.now() < end); });
        function busy() { const end = performance.now() + 150; while (performance.now() < end); }`;
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
    };
    const { page, told } = await openLate(t, {
      body: '<button id="slow">a</button><script src="/slow.js?token=secret"></script><script>slow.onclick = busy</script>',
    });
    await page.click('#slow');
    const frames = await eventually('the frame of the click', async () => {
      const frames = await told('long_frame');
      return frames.some(({ frame }) => /onclick/.test(frame.invoker)) && frames;
    });
    assert.ok(
      frames.some(({ frame }) => /load|slow/.test(frame.invoker) || frame.script),
      JSON.stringify(frames),
    );
    const { frame, duration_ms, at } = frames.find(({ frame }) => /onclick/.test(frame.invoker));
    assert.match(frame.script, /\/slow\.js\?token=$/);
    assert.doesNotMatch(JSON.stringify(frames), /secret/);
    assert.ok(duration_ms >= 150 && frame.blocking_ms >= 50);
    const click = (await told('click'))[0];
    assert.ok(at <= click.at + 200 && at + duration_ms > click.at);
  });

  for (const [which, expected] of Object.entries({ '': ['own', 'beacon'], all: ['own', 'beacon', 'other'], none: [] }))
    test(`images, scripts and beacons of ${which || 'the site'}`, async (t) => {
      site.pages['/own.svg'] = (_, response) =>
        response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end('<svg xmlns="http://www.w3.org/2000/svg"/>');
      const { page, told } = await openLate(t, {
        body: `<img src="/own.svg?token=secret" alt=""><img src="${site.otherUrl.replace('127.0.0.1', 'localhost')}/api/200" alt="">`,
        attributes: which && `data-ct-resources="${which}"`,
      });
      await page.evaluate(() => navigator.sendBeacon('/api/204', 'x'));
      const found = async () =>
        (await told('request')).map(({ request }) => request).filter(({ initiator }) => !/fetch|xhr/.test(initiator));
      const requests = await of(found, expected.length, 'the requests');
      const names = requests.map(({ url, initiator }) =>
        initiator === 'beacon' ? initiator : url.startsWith('/own') ? 'own' : 'other',
      );
      assert.deepEqual(names.sort(), expected.sort());
      for (const { method, status, bytes } of requests) assert.deepEqual([method, status, bytes], [null, null, null]);
      assert.doesNotMatch(JSON.stringify(requests), /secret|telemetry/);
    });

  test('the vitals of before', async (t) => {
    const { page, tab } = await openLate(t, { body: '<h1>Large</h1><button id="b">a</button>' });
    await page.click('#b');
    await page.evaluate(
      () => new Promise((resolve) => new PerformanceObserver(resolve).observe({ type: 'first-input', buffered: true })),
    );
    await page.goto('about:blank');
    const vitals = () => site.events(tab).filter(({ type }) => type === 'web_vital');
    await eventually('the vitals', () => site.events(tab).some(({ type }) => type === 'page_leave'));
    const names = new Set(vitals().map(({ vital }) => vital.name));
    for (const name of ['TTFB', 'FCP', 'LCP', 'CLS', 'INP']) assert.ok(names.has(name), `${name} in ${[...names]}`);
    assert.equal(site.events(tab).at(-1).type, 'page_leave');
  });

  test('is missed once where it cannot be loaded, and nobody else hears of it', async (t) => {
    const { page, told } = await open(t, { before: REJECTIONS, attributes: 'data-ct-late="/nowhere.js"' });
    const degraded = await of(() => told('capture_degraded'), 1, 'the missing part');
    assert.deepEqual(
      degraded.map(({ degraded }) => degraded.what),
      ['late'],
    );
    assert.deepEqual(await page.evaluate(() => [window.rejected, window.failed]), [[], []]);
  });
});

describe('how a page is used', () => {
  test('by a finger and by a pen', async (t) => {
    const { page, told } = await openLate(t, { body: '<button id="b" onclick="this.append(1)">a</button>' });
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    const { x, y, width, height } = await page.locator('#b').boundingBox();
    const at = { x: x + width / 2, y: y + height / 2 };
    await devtools.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] });
    await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await eventually('the tap', async () => (await told('effect')).length);
    await devtools.send('Emulation.setTouchEmulationEnabled', { enabled: false });
    for (const type of ['mousePressed', 'mouseReleased'])
      await devtools.send('Input.dispatchMouseEvent', {
        type,
        ...at,
        button: 'left',
        clickCount: 1,
        pointerType: 'pen',
      });
    await eventually('the pen', async () => (await told('effect')).length === 2);
    const clicks = await told('click');
    assert.deepEqual(
      clicks.map(({ pointer_type }) => pointer_type),
      ['touch', 'pen'],
    );
    const effects = (await told('effect')).map(({ effect }) => [effect.of_seq, effect.kind]);
    assert.deepEqual(
      effects,
      clicks.map(({ seq }) => [seq, 'dom']),
    );
  });

  test('by who chooses, opens and submits what is shown in a slot: each is told once', async (t) => {
    const { page, told } = await openLate(t, {
      body: `<x-card><template shadowrootmode="open"><p id="head">Head</p><slot></slot></template>
        <form onsubmit="event.preventDefault()"><input type="checkbox" id="c"><select id="s"><option>a<option>b</select>
        <details id="d"><summary>x</summary>y</details><button>go</button></form></x-card>`,
    });
    await page.click('#head');
    await page.check('#c');
    await page.focus('#s');
    await page.keyboard.press('ArrowDown');
    await page.click('summary');
    await page.click('button');
    await eventually('what opened', async () => (await told('toggle')).length);
    const of = async (type) => (await told(type)).map(({ element }) => element.id ?? element.tag);
    assert.deepEqual([await of('change'), await of('toggle'), await of('submit')], [['c', 's'], ['d'], ['form']]);
  });

  test('by a browser that fills in a field', async (t) => {
    const { page, told } = await open(t, { body: '<input id="name">', attributes: 'data-ct-test' });
    await page.evaluate(() => {
      const field = document.querySelector('input');
      field.value = 'Jo';
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    assert.deepEqual(
      (await told('input')).map(({ input }) => input),
      [{ kind: 'insertReplacementText', length: 2 }],
    );
  });

  test('by who copies from it, and goes back and forward', async (t) => {
    const { page, told } = await openLate(t, { body: '<p id="text">some text</p>' });
    await page.evaluate(() => getSelection().selectAllChildren(document.querySelector('#text')));
    await page.keyboard.press('ControlOrMeta+c');
    assert.deepEqual(
      (await told('clipboard')).map(({ clipboard }) => clipboard),
      [{ kind: 'copy', length: 9 }],
    );
    await page.goto('about:blank');
    await page.goBack();
    const { tab_id } = await page.evaluate(async () => {
      await window.telemetry.flush();
      return window.telemetry.stats();
    });
    const views = site.events(tab_id).filter(({ type }) => type === 'page_view');
    assert.match(views.at(-1).state, /^(back_forward|restored)$/);
  });
});

describe('the viewport', () => {
  test('scrolled inside of a shadow tree, and the page with its height and how much was seen', async (t) => {
    const { page, told } = await open(t, {
      body: `<div id="host"></div><p style="height: 5000px">long</p><script>host.attachShadow({ mode: 'open' }).innerHTML =
        '<div id="box" style="height: 100px; overflow: auto"><p style="height: 1000px">deep</p></div>'</script>`,
    });
    await page.hover('#box');
    await page.mouse.wheel(0, 200);
    const found = async (id) => (await told('scroll')).filter(({ element }) => (element?.id ?? '') === id);
    const [box] = await eventually('the box', async () => ((await found('box')).length ? found('box') : null));
    assert.ok(box.y > 0 && box.scroll === undefined);
    await page.evaluate(() => window.scrollTo(0, 1000));
    const page_ = await eventually('the page', async () => (await found('')).at(-1));
    const { height, seen } = await page.evaluate(() => {
      const height = document.documentElement.scrollHeight;
      return { height, seen: (1000 + innerHeight) / height };
    });
    assert.equal(page_.y, 1000);
    assert.equal(page_.scroll.page_height, height);
    assert.ok(Math.abs(page_.scroll.depth - seen) < 0.001);
  });

  test('made smaller by a pinch', async (t) => {
    const { page, told } = await open(t, { body: '<p style="height: 5000px">long</p>' });
    await lateIsThere(page);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setPageScaleFactor', { pageScaleFactor: 2 });
    const [{ viewport }] = await eventually('the resize', async () => {
      const resizes = await told('resize');
      return resizes.length && resizes;
    });
    const size = await page.evaluate(() => [visualViewport.width, visualViewport.height]);
    assert.deepEqual(viewport.map(Math.round), size.map(Math.round));
  });

  test('frozen and resumed', async (t) => {
    const { page, told } = await openLate(t, { attributes: 'data-ct-test' });
    await page.evaluate(() => {
      // The headless browser freezes no page that it shows.
      for (const type of ['freeze', 'resume']) document.dispatchEvent(new Event(type));
    });
    const states = async () => (await told('visibility')).map(({ state }) => state).join();
    await eventually('both', async () => (await states()) === 'frozen,resumed');
  });
});
