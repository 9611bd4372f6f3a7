// Recordings in a real browser: what is recorded arrives whole, and what cannot arrive is told.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { eventually } from './eventually.mjs';
import { chunksIn } from './frames.mjs';
import { listen } from './listen.mjs';
import { context, degradedOf, down, flush, killed, onDevice, open, server, up } from './tried_site.mjs';

const PAGE = '<h1>Boxes</h1><p id="text">none</p><button>Buy</button><input value="Zanzibar">';
/** How long the collector is away; whoever waits does so for longer each time. */
const AWAY_SECONDS = Number(process.env.AWAY_SECONDS ?? 1);
const BACK_WITHIN_MS = 20_000 + 2_000 * AWAY_SECONDS;
const FULL_SNAPSHOT = 2;
const META = 4;

/** Frames that were answered 200. */
const taken = () => server.posts.flatMap(({ frames, status }) => (status === 200 ? frames : []));
const pageViewsOf = (tab) => server.taken(tab).map(({ batch }) => batch.page_view_id);
const pageViewOf = (tab) => pageViewsOf(tab)[0];
const leaveOf = (tab) => server.events(tab).find(({ type }) => type === 'page_leave');

async function recorded(attributes = {}, path) {
  server.page ||= PAGE;
  Object.assign(server.attributes, { 'data-ct-replay': 'always', ...attributes });
  const opened = await open(path);
  return opened;
}

/** The page is recorded: its snapshot is on its way, or kept. */
const begun = (page) =>
  eventually('a recorder', () =>
    page.evaluate(() =>
      performance.getEntriesByType('resource').some(({ name }) => /telemetry\.replay\.js/.test(name)),
    ),
  );

/** Ends what is open, as when somebody looks at another tab. */
async function hide(page) {
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
    Object.defineProperty(Document.prototype, 'visibilityState', { configurable: true, get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

const change = (page, text) =>
  page.evaluate(async (text) => {
    document.querySelector('#text').textContent = text;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }, text);

/** Changes the page in each frame for so long. How often, and the last text, in which letters count: long numbers are masked. */
const changing = (page, seconds) =>
  page.evaluate(async (seconds) => {
    const [text, until] = [document.querySelector('#text'), performance.now() + seconds * 1000];
    let count = 0;
    do {
      text.textContent = `change ${[...String(++count)].map((digit) => 'abcdefghij'[digit]).join('')}`;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    } while (performance.now() < until);
    return { count, last: text.textContent };
  }, seconds);

/** Ways in which the collector is away, and comes back. */
const OUTAGES = {
  'refusals (503)': {
    leave: () => Object.assign(server, { answer: down, answerFrames: down }),
    come: () => Object.assign(server, { answer: up, answerFrames: up }),
  },
  'a collector that is killed': {
    leave: () => Object.assign(server, { answer: killed, answerFrames: killed }),
    come: () => Object.assign(server, { answer: up, answerFrames: up }),
  },
  'no network': { leave: () => context.setOffline(true), come: () => context.setOffline(false) },
};

/** The page view ends, and another one begins. */
const route = (page, path) => page.evaluate((path) => history.pushState(null, '', path), path);

const chunksOf = (tab) => (pageViewOf(tab) ? chunksIn(taken(), pageViewOf(tab)) : []);
const snapshotOf = (tab) => eventually('a snapshot', () => chunksOf(tab)[0]);

/** Numbers from 0 without a gap, a snapshot first, `q` and time ascending, as many events as the headers say. */
function whole(chunks) {
  assert.deepEqual(
    chunks.map(({ header }) => header.chunk_seq),
    [...chunks.keys()],
  );
  assert.deepEqual(
    chunks[0]?.events.slice(0, 2).map(({ type }) => type),
    [META, FULL_SNAPSHOT],
  );
  let last = { last_q: 0, last_at: 0 };
  for (const { header, events } of chunks) {
    assert.equal(events.length, header.events);
    assert.ok(header.first_q >= last.last_q && header.last_q >= header.first_q, `q of chunk ${header.chunk_seq}`);
    assert.ok(header.first_at >= last.last_at && header.last_at >= header.first_at, `at of chunk ${header.chunk_seq}`);
    last = header;
  }
}

describe('what is recorded arrives', () => {
  test('whole and in order, and the end of the page view says how many chunks there are', async () => {
    const { page, tab, visitor, errors } = await recorded();
    await flush(page);
    await snapshotOf(tab);
    await change(page, 'two');
    await eventually('a chunk of changes', () => chunksOf(tab).length > 1);
    await page.click('button');
    await change(page, 'three');
    // The worker outlives the page view, as it need not outlive a page.
    await route(page, '/other');
    const { replay } = await eventually('page_leave', () => leaveOf(tab));
    const chunks = await eventually('all chunks', () => chunksOf(tab).length >= replay.chunks && chunksOf(tab));
    assert.equal(chunks.length, replay.chunks);
    whole(chunks);
    const [{ header }] = chunks;
    assert.deepEqual([header.visitor_id, header.tab_id, header.kind], [visitor, tab, 'snapshot']);
    assert.deepEqual(header.viewport, [1280, 720]);
    assert.ok(header.nodes > 5 && header.page_cost_ms > 0, JSON.stringify(header));
    assert.deepEqual(
      chunks.map(({ header }) => header.final),
      chunks.map((_, n) => n === chunks.length - 1),
    );
    const text = chunks.map(({ text }) => text).join('');
    assert.ok(text.includes('two') && text.includes('three'));
    assert.ok(!text.includes('Zanzibar'), 'what was typed is not told');
    // A change that a click made comes after the click's number.
    const click = server.events(tab).find(({ type }) => type === 'click');
    const three = chunks.find(({ text }) => text.includes('three')).header;
    assert.ok(three.last_q >= click.seq);
    assert.deepEqual(degradedOf(tab), []);
    assert.deepEqual(errors, []);
  });

  // With it no element's attributes can be copied as a whole.
  test('from a page that gave all objects a `get` too', async () => {
    server.page = `<script>Object.prototype.get = undefined;</script>${PAGE}`;
    const { page, tab, errors } = await recorded();
    await flush(page);
    await snapshotOf(tab);
    assert.deepEqual([degradedOf(tab), errors], [[], []]);
  });

  for (const [what, { leave, come }] of Object.entries(OUTAGES))
    test(`${what} for a while: all of it comes later, and none is missing`, async (t) => {
      const { page, tab } = await recorded();
      await flush(page);
      await snapshotOf(tab);
      const before = server.posts.length;
      await leave();
      const { count, last } = await changing(page, AWAY_SECONDS);
      await route(page, '/other');
      // Without a network nobody hears of them.
      const refused = () => server.posts.slice(before).some(({ status, gone }) => status === 503 || gone);
      if (what !== 'no network') await eventually('a refusal', refused);
      await come();
      const { replay } = await eventually('page_leave', () => leaveOf(tab), BACK_WITHIN_MS);
      const all = () => chunksOf(tab).length >= replay.chunks && chunksOf(tab);
      const chunks = await eventually('all chunks', all, BACK_WITHIN_MS);
      assert.equal(chunks.length, replay.chunks);
      whole(chunks);
      const tried = server.posts.flatMap(({ frames }) => frames);
      assert.equal(chunksIn(tried, pageViewOf(tab)).length, replay.chunks, 'what was refused came again as it was');
      assert.ok(
        chunks.some(({ text }) => text.includes(`"${last}"`)),
        'the last change is there',
      );
      assert.deepEqual(degradedOf(tab), []);
      t.diagnostic(`${chunks.length} chunks, ${count} changes while it was away`);
    });

  test('another route is another page view, from a snapshot on', async () => {
    const { page, tab } = await recorded();
    await flush(page);
    await snapshotOf(tab);
    await change(page, 'two');
    await route(page, '/other');
    await change(page, 'three');
    await route(page, '/third');
    const leaves = await eventually('two ends', () => {
      const found = server.events(tab).filter(({ type }) => type === 'page_leave');
      return found.length === 2 && found;
    });
    const [first, second] = [...new Set(pageViewsOf(tab))];
    for (const [n, pageView] of [first, second].entries()) {
      const told = leaves[n].replay.chunks;
      const chunks = await eventually('all chunks', () => {
        const found = chunksIn(taken(), pageView);
        return found.length >= told && found;
      });
      assert.equal(chunks.length, told, `page view ${n}`);
      whole(chunks);
    }
  });
});

describe('what is lost is told', () => {
  test('a tab that is closed in the middle: page_leave counts the tail, whether or not it still came', async () => {
    const { page, tab } = await recorded();
    await flush(page);
    await snapshotOf(tab);
    await change(page, 'last words');
    await page.close({ runBeforeUnload: true });
    const { replay } = await eventually('page_leave', () => leaveOf(tab));
    assert.ok(replay.chunks > 1, 'the snapshot, and the tail');
    await eventually('all but the tail', () => chunksOf(tab).length >= replay.chunks - 1);
    assert.ok(chunksOf(tab).length <= replay.chunks);
    whole(chunksOf(tab));
  });

  test('a renderer that is killed in the middle of a chunk: what was stored comes from the next page, without a gap', async () => {
    server.answerFrames = () => new Promise(() => {});
    const { page, tab } = await recorded();
    await flush(page);
    await eventually(
      'a snapshot on its way, and stored',
      async () => server.posts.length && (await onDevice(page)).frames,
    );
    await hide(page);
    await change(page, 'gone');
    const session = await context.newCDPSession(page);
    session.send('Page.crash').catch(() => {});
    await new Promise((crashed) => page.once('crash', crashed));
    server.answerFrames = up;
    await open();
    const chunks = await eventually('what was stored', () => chunksOf(tab).length && chunksOf(tab));
    whole(chunks);
    assert.equal(leaveOf(tab), undefined);
    assert.ok(!chunks.some(({ header }) => header.final));
  });
});

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('what a page looks by', () => {
  test('an image of the site is taken from the cache, named by the recording, and sent once', async () => {
    const asked = {};
    const image = (cache) => (request, response) => {
      asked[request.url] = (asked[request.url] ?? 0) + 1;
      response
        .writeHead(200, { 'Content-Type': 'image/png', 'Cache-Control': cache })
        .end(Buffer.from(PIXEL, 'base64'));
    };
    Object.assign(server.files, { '/box.png': image('max-age=600'), '/me.png': image('private, max-age=600') });
    server.page = `${PAGE}<img src="/box.png?size=12" alt=""><img src="/me.png" alt="">`;
    const { page, tab } = await recorded();
    await flush(page);
    const named = await eventually('the names of assets', () => {
      const events = chunksOf(tab).flatMap(({ header, events }) => events.map((event) => ({ ...event, header })));
      return events.find(({ type, data }) => type === 5 && data.tag === 'assets');
    });
    const sha256 = createHash('sha256').update(Buffer.from(PIXEL, 'base64')).digest('hex');
    assert.deepEqual(named.data.payload, { [`${server.url}/box.png?size=`]: sha256 });
    assert.deepEqual(named.header.assets, [sha256]);
    const sent = taken().filter(({ header }) => header.kind === 'asset');
    assert.deepEqual(
      sent.map(({ header, payload }) => [header.sha256, header.content_type, header.encoding, String(payload)]),
      [[sha256, 'image/png', 'identity', String(Buffer.from(PIXEL, 'base64'))]],
    );
    assert.deepEqual(asked, { '/box.png?size=12': 1, '/me.png': 1 });
    whole(chunksOf(tab));

    // Another page: the collector has it by now.
    server.missing = () => [];
    server.posts.length = 0;
    const { page: next, tab: other } = await recorded();
    await flush(next);
    await eventually('the names again', () => chunksOf(other).some(({ text }) => text.includes(sha256)));
    assert.ok(!taken().some(({ header }) => header.kind === 'asset'));
  });
});

describe('style sheets', () => {
  const sheet =
    (body, cache, asked, more = {}) =>
    (request, response) => {
      asked[request.url] = (asked[request.url] ?? 0) + 1;
      response.writeHead(200, { 'Content-Type': 'text/css', 'Cache-Control': cache, ...more }).end(body);
    };
  const cssOf = (tab) =>
    [...JSON.stringify(chunksOf(tab).map(({ text }) => text)).matchAll(/_cssText\\":\\"(.*?)\\"/g)].map(
      ([, css]) => css,
    );

  test('linked ones are taken from the cache: nobody is asked again', async () => {
    const asked = {};
    server.files['/a.css'] = sheet('@import "/b.css";h1{color:rgb(1,2,3)}', 'max-age=600', asked);
    server.files['/b.css'] = sheet('p{color:rgb(4,5,6)}', 'private, max-age=600', asked);
    server.page = `<link rel="stylesheet" href="/a.css">${PAGE}`;
    const { page, tab } = await recorded();
    await flush(page);
    await snapshotOf(tab);
    assert.deepEqual(cssOf(tab), ['@media all{p{color:rgb(4,5,6)}}\\\\nh1{color:rgb(1,2,3)}']);
    assert.deepEqual(asked, { '/a.css': 1, '/b.css': 1 });
  });

  test('what the cache does not have is read on the page, and no server is asked for it', async () => {
    const asked = {};
    server.files['/a.css'] = sheet('h1{color:rgb(1,2,3)}', 'no-store', asked);
    server.page = `<link rel="stylesheet" href="/a.css">${PAGE}`;
    const { page, tab } = await recorded();
    await flush(page);
    await eventually('its rules', () => cssOf(tab).length > 0);
    assert.deepEqual([cssOf(tab), asked], [['h1 { color: rgb(1, 2, 3); }'], { '/a.css': 1 }]);
  });

  test('of another origin what the page may read is there, and nothing is asked for', async (t) => {
    const asked = {};
    const files = {
      '/open.css': sheet('h1{color:rgb(1,2,3)}', 'max-age=600', asked, { 'Access-Control-Allow-Origin': '*' }),
      '/own.css': sheet('h1{color:rgb(4,5,6)}', 'max-age=600', asked),
    };
    const [host, url] = await listen(async (request, response) => files[request.url](request, response));
    t.after(() => {
      host.closeAllConnections();
      host.close();
    });
    // Its policy would tell of whatever else is asked for.
    server.headers = { 'Content-Security-Policy': `connect-src 'self' ${server.collectorUrl}; report-uri /reports` };
    const reports = [];
    server.files['/reports'] = (request, response) => {
      reports.push(request.url);
      response.writeHead(204).end();
    };
    server.page = `<link rel="stylesheet" href="${url}/open.css" crossorigin><link rel="stylesheet" href="${url}/own.css">
<img src="${url}/other.png" alt=""><img src="/last.png" alt="">${PAGE}`;
    const png = (_, response) =>
      response
        .writeHead(200, { 'Content-Type': 'image/png', 'Cache-Control': 'max-age=600' })
        .end(Buffer.from(PIXEL, 'base64'));
    files['/other.png'] = server.files['/last.png'] = png;
    const { page, tab, errors } = await recorded();
    await flush(page);
    await snapshotOf(tab);
    await eventually('the last of all files', () => chunksOf(tab).some(({ text }) => text.includes('last.png":"')));
    assert.deepEqual([cssOf(tab), errors], [['h1 { color: rgb(1, 2, 3); }'], []]);
    assert.deepEqual([asked, reports], [{ '/open.css': 1, '/own.css': 1 }, []]);
  });

  test('a policy under which the worker may ask for nothing, and the site’s own choice: rules, read on the page', async () => {
    const asked = {};
    server.files['/a.css'] = sheet('h1{color:rgb(1,2,3)}', 'max-age=600', asked);
    for (const [attributes, headers] of [
      [{ 'data-ct-replay-css': 'rules' }, {}],
      [{}, { 'Content-Security-Policy': `connect-src ${server.collectorUrl}` }],
    ]) {
      server.headers = headers;
      server.page = `<script>window.violated = []; addEventListener('securitypolicyviolation', (event) => violated.push(event.blockedURI))</script>
<link rel="stylesheet" href="/a.css">${PAGE}`;
      const { page, tab } = await recorded(attributes);
      await flush(page);
      await eventually('its rules', () => cssOf(tab).length > 0);
      assert.deepEqual(cssOf(tab), ['h1 { color: rgb(1, 2, 3); }']);
      assert.deepEqual(await page.evaluate(() => violated), []);
      await page.close();
      delete server.attributes['data-ct-replay-css'];
    }
  });

  test('rules that a script put in before are there, and its edits of any sheet have their places', async () => {
    const asked = {};
    server.files['/a.css'] = sheet('h1{color:rgb(1,2,3)}p{color:rgb(4,5,6)}', 'max-age=600', asked);
    server.page = `<link rel="stylesheet" href="/a.css"><style id="own">b{}</style><svg><link></link><style>g{}</style></svg><math><style></style></math>${PAGE}
<script>document.getElementById('own').sheet.insertRule('i{color:rgb(7,8,9)}')</script>`;
    const { page, tab } = await recorded();
    await flush(page);
    await eventually('both sheets', () => cssOf(tab).some((css) => /i \{ color: rgb\(7/.test(css)));
    await page.evaluate(() => document.styleSheets[0].insertRule('u{color:red}', 1));
    const edit = await eventually(
      'the edit',
      () => chunksOf(tab).flatMap(({ events }) => events.filter(({ data }) => data.source === 8))[0],
    );
    assert.deepEqual(edit.data.adds, [{ rule: 'u { color: red; }', index: 1 }]);
  });
});

describe('who is not recorded', () => {
  const CASES = {
    'who did not ask': [{ 'data-ct-replay': 'off' }, []],
    'who is not in the sample': [{ 'data-ct-replay-sample': '0' }, ['replay:sampled_out']],
  };
  for (const [who, [attributes, told]] of Object.entries(CASES))
    test(`${who}: nothing is sent, and why is told`, async () => {
      const { page, tab } = await recorded(attributes);
      if (told.length) await begun(page);
      await eventually('the reason', async () => {
        await flush(page);
        return degradedOf(tab).length === told.length;
      });
      assert.deepEqual(degradedOf(tab), told);
      await page.goto(`${server.url}/plain`);
      const leave = await eventually('page_leave', () => leaveOf(tab));
      assert.equal(leave.replay, undefined);
      assert.deepEqual(server.posts, []);
    });

  test('nothing before there is consent, and all of it from then on', async () => {
    const { page, tab } = await recorded({ 'data-ct-consent': 'pending' });
    await begun(page);
    await change(page, 'before');
    assert.deepEqual(server.posts, []);
    await page.evaluate(() => window.telemetry.consent('granted'));
    await flush(page);
    await snapshotOf(tab);
  });

  test('consent taken back: nothing more is sent, and nothing stays on the device', async () => {
    server.answerFrames = down;
    const { page } = await recorded();
    await eventually('a refusal', () => server.posts.length);
    await eventually('a stored chunk', async () => (await onDevice(page)).frames);
    await page.evaluate(() => window.telemetry.forget());
    const { length } = server.posts;
    await change(page, 'after');
    await hide(page);
    assert.equal((await onDevice(page)).frames, 0);
    await page.goto(`${server.url}/plain`);
    assert.equal(server.posts.length, length);
  });

  test('a page that is denied from its start deletes what an earlier one left', async () => {
    server.answerFrames = down;
    const { page } = await recorded();
    await eventually('a stored chunk', async () => (await onDevice(page)).frames);
    await page.close();
    const { page: denied } = await recorded({ 'data-ct-consent': 'denied' });
    await eventually('nothing', async () => (await onDevice(denied)).frames === 0);
  });
});

describe('friction', () => {
  for (const [what, act] of Object.entries({
    'an error': () =>
      setTimeout(() => {
        throw new Error('mine');
      }),
    'a call of keepReplay()': () => window.telemetry.keepReplay(),
  }))
    test(`${what} has what was kept sent, and what follows; before, nothing leaves`, async () => {
      const { page, tab } = await recorded({ 'data-ct-replay': 'friction' });
      await begun(page);
      await change(page, 'before');
      await hide(page);
      await flush(page);
      assert.deepEqual(server.posts, []);
      await page.evaluate(act);
      await flush(page);
      await eventually('what was kept', () => chunksOf(tab).some(({ text }) => text.includes('before')));
      whole(chunksOf(tab));
    });
});
