// What stays on a device: unsent batches, through databases that fail, until consent is taken back.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from './eventually.mjs';
import { lateIsThere } from './late.mjs';
import { built } from './site.mjs';
import { complete, context, down, flush, NOTHING, onDevice, open, server, track, typesOf, up } from './tried_site.mjs';

describe('consent taken back', () => {
  /** A page that has stored what it could not send, and is gone. */
  async function leftBehind() {
    server.answer = down;
    const { page, tab } = await open();
    await track(page, 'private');
    page.evaluate(() => window.telemetry.flush()).catch(() => {});
    await eventually('a first attempt', () => server.requests.some(({ batch }) => batch?.tab_id === tab));
    await eventually('stored', async () => (await onDevice(page)).batches > 0);
    await lateIsThere(page);
    await page.goto(`${server.url}/plain`);
    // They left the device while there was consent.
    await eventually('its last words', () =>
      server.requests.some(({ batch }) => batch?.tab_id === tab && batch.events.at(-1).type === 'page_leave'),
    );
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

test('of many tabs one delivers what a closed one stored, and one what it left in localStorage', async () => {
  server.answer = down;
  const { page, tab } = await open();
  await track(page, 'waiting');
  page.evaluate(() => window.telemetry.flush()).catch(() => {});
  await eventually('stored', async () => (await onDevice(page)).batches > 0);
  await page.close();
  // Refused as well: answered, it would be a second delivery.
  const left = ({ batch }) => batch?.tab_id === tab && batch.events.some(({ type }) => type === 'page_leave');
  await eventually('its beacon', () => server.requests.some(left));
  server.answer = up;
  const tabs = await Promise.all(Array.from({ length: 4 }, () => open()));
  await Promise.all(tabs.map(({ page }) => flush(page)));
  await eventually('the batches', () => typesOf(tab).includes('waiting'));
  // The last batch may be in both places: then it comes twice, which the pipeline knows by its events, and never once a tab.
  const numbers = server.taken(tab).map(({ batch }) => batch.batch_seq);
  for (const number of new Set(numbers)) assert.ok(numbers.filter((of) => of === number).length <= 2, `${numbers}`);
});
