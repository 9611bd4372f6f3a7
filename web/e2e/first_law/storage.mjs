// Storage and cookies that are denied, missing, or full: capture goes on in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../eventually.mjs';
import { open, stub } from '../laboratory.mjs';
import { LATE_IS_THERE } from '../late.mjs';

const BODY = '<button id="buy">Buy</button>';

/** Opens a page that frames another with the SDK. `frame` makes the element from the inner address and document. */
async function openFramed(t, frame) {
  const inner = await open(t, { body: BODY });
  const document = stub.html(stub.pages.get(`/${inner.key}`), stub.origin);
  await inner.page.close();
  const outer = await open(t, { sdk: false, body: frame(`/${inner.key}`, document.replaceAll('"', '&quot;')) });
  outer.key = inner.key;
  stub.batches = stub.batches.filter(({ key }) => key !== inner.key);
  return outer;
}

async function framedClickArrives(outer) {
  const [, frame] = outer.page.frames();
  await frame.waitForLoadState();
  assert.equal(await frame.evaluate('typeof window.telemetry?.track'), 'function', 'the API is there');
  await outer.page.frameLocator('iframe').locator('#buy').click();
  await frame.evaluate("window.telemetry.track('delivered'); void window.telemetry.flush()");
  await eventually('the events of the frame', () => outer.custom('delivered'));
  assert.equal(outer.events('click')[0]?.element.id, 'buy');
  assert.deepEqual(outer.errors, []);
}

test('a frame in a sandbox without an origin', async (t) => {
  await framedClickArrives(await openFramed(t, (path) => `<iframe sandbox="allow-scripts" src="${path}"></iframe>`));
});

test('a document of a sandbox, given as text', async (t) => {
  await framedClickArrives(
    await openFramed(t, (_, html) => `<iframe sandbox="allow-scripts" srcdoc="${html}"></iframe>`),
  );
});

test('a document given as text, of the same origin', async (t) => {
  await framedClickArrives(await openFramed(t, (_, html) => `<iframe srcdoc="${html}"></iframe>`));
});

test('a data: document', async (t) => {
  await framedClickArrives(
    await openFramed(
      t,
      (_, html) => `<iframe src="data:text/html,${encodeURIComponent(html.replaceAll('&quot;', '"'))}"></iframe>`,
    ),
  );
});

test('an insecure origin: no random ids, locks or digests of the browser', async (t) => {
  const trial = await open(t, { body: BODY, from: 'insecure' });
  assert.equal(await trial.run('return isSecureContext || typeof crypto.randomUUID'), 'undefined');
  await trial.page.click('#buy');
  await trial.delivered();
  await trial.unharmed();
});

/** Run before the page; each takes something away. Without workers too, so that the page's thread meets it. */
const DENIALS = {
  'all storage throws': () => {
    const deny = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches', 'cookieStore'])
      Object.defineProperty(window, name, { configurable: true, get: deny });
    Object.defineProperty(Document.prototype, 'cookie', { configurable: true, get: deny, set: deny });
  },
  'storage is full': () => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  },
  'no IndexedDB': () => {
    Object.defineProperty(window, 'indexedDB', { configurable: true, value: undefined });
  },
  'IndexedDB is null': () => {
    Object.defineProperty(window, 'indexedDB', { configurable: true, value: null });
  },
  'IndexedDB throws when opened': () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
  },
  'IndexedDB never answers': () => {
    IDBFactory.prototype.open = () => new EventTarget();
  },
  'locks are denied': () => {
    LockManager.prototype.request = () => Promise.reject(new DOMException('denied', 'SecurityError'));
  },
  'no locks, beacons, streams or ids': () => {
    for (const [object, name] of [
      [Navigator.prototype, 'locks'],
      [Navigator.prototype, 'sendBeacon'],
      [Navigator.prototype, 'userAgentData'],
      [window, 'CompressionStream'],
      [Crypto.prototype, 'randomUUID'],
    ])
      Object.defineProperty(object, name, { configurable: true, value: undefined });
  },
  'beacons throw': () => {
    Navigator.prototype.sendBeacon = () => {
      throw new TypeError('refused');
    };
  },
};

for (const [name, deny] of Object.entries(DENIALS))
  test(`${name}: with a worker and without`, async (t) => {
    for (const more of [[], [() => delete window.Worker]]) {
      const trial = await open(t, { body: BODY, before: [deny, ...more] });
      await trial.unharmed();
      await trial.page.click('#buy');
      await trial.delivered();
      assert.equal(trial.events('click')[0]?.element.id, 'buy');
      await trial.unharmed();
    }
  });

test('a page that ends while storage is denied still beacons its tail', async (t) => {
  const trial = await open(t, { body: BODY, before: [DENIALS['all storage throws']] });
  await trial.page.click('#buy');
  await trial.page.close();
  await eventually('the tail', () => trial.events('page_leave').length);
  assert.deepEqual(trial.errors, []);
});

test('what a tab leaves as it ends is no storage event of the page’s in another tab', async (t) => {
  const trial = await open(t, { body: BODY });
  await trial.run(`return ${LATE_IS_THERE}`);
  await trial.run(`
    window.told = [];
    addEventListener('storage', ({ key }) => told.push(key));
    window.onstorage = ({ key }) => told.push(key);`);
  const other = await trial.context.newPage();
  await other.goto(trial.page.url());
  await other.evaluate(LATE_IS_THERE);
  const left = () => trial.run("return Object.keys(localStorage).filter((name) => name.startsWith('ct-tail:')).length");
  await other.click('#buy');
  await other.goto('about:blank');
  assert.ok(await left(), 'the other tab left something');
  await other.goto(trial.page.url());
  await other.evaluate("localStorage.setItem('own', '1')");
  await eventually('the page’s own', () => trial.run('return told.length > 1'));
  await other.evaluate('window.telemetry.flush()');
  await eventually('that it is taken', async () => !(await left()));
  await other.evaluate("localStorage.setItem('last', '1')");
  await eventually('the last one', () => trial.run("return told.includes('last')"));
  assert.deepEqual(await trial.run('return told'), ['own', 'own', 'last', 'last']);
  await trial.unharmed();
});
