// Recordings in a real browser: what is recorded arrives whole, and what cannot arrive is told.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { eventually } from './eventually.mjs';
import { chunksIn } from './frames.mjs';
import { context, degradedOf, down, flush, onDevice, open, server, up } from './tried_site.mjs';

const PAGE = '<h1>Boxes</h1><p id="text">none</p><button>Buy</button><input value="Zanzibar">';
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

  test('503 for a while: the same frames again, and none is missing', async () => {
    server.answerFrames = down;
    const { page, tab } = await recorded();
    await eventually('a refusal', () => server.posts.length > 1);
    await change(page, 'two');
    server.answerFrames = up;
    await route(page, '/other');
    const { replay } = await eventually('page_leave', () => leaveOf(tab));
    const chunks = await eventually('all chunks', () => chunksOf(tab).length >= replay.chunks && chunksOf(tab));
    assert.equal(chunks.length, replay.chunks);
    whole(chunks);
    const all = server.posts.flatMap(({ frames }) => frames);
    assert.ok(all.length > taken().length, 'some were refused');
    // What the clock is off by is told anew with each try.
    const tried = chunksIn(all, pageViewOf(tab)).map(({ text }) => text);
    assert.deepEqual(
      tried,
      chunks.map(({ text }) => text),
    );
  });

  test('offline for a while, then online: at once, and whole', async () => {
    const { page, tab } = await recorded();
    await flush(page);
    await snapshotOf(tab);
    await context.setOffline(true);
    await change(page, 'offline');
    await hide(page);
    await context.setOffline(false);
    const chunks = await eventually('what happened offline', () =>
      chunksOf(tab).some(({ text }) => text.includes('offline')) ? chunksOf(tab) : null,
    );
    whole(chunks);
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

test('a strict policy with Trusted Types, and styles that are animated: recorded without a violation', async () => {
  server.headers['Content-Security-Policy'] =
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; " +
    "require-trusted-types-for 'script'; trusted-types customer-telemetry";
  server.page = `${PAGE}<script src="/animate.js"></script>`;
  server.files['/animate.js'] = {
    type: 'text/javascript',
    body: `window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));
      let n = 0;
      setInterval(() => { document.querySelector('h1').style.cssText = 'opacity: ' + (n++ % 10) / 10; }, 10);`,
  };
  const complaints = [];
  context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  const { page, tab, errors } = await recorded({ 'data-ct-endpoint': server.url });
  await flush(page);
  await eventually('changes', () => chunksOf(tab).length > 1);
  whole(chunksOf(tab));
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  assert.deepEqual([complaints, errors], [[], []]);
});

describe('what a page looks by', () => {
  const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

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
